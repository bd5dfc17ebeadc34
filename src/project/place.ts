import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { agesPath } from '../rotation/ages.ts';
import { parseEnvFile } from '../secrets/env-parse.ts';
import type { Stack } from '../stack/model.ts';
import { environmentOf, type Place, placeOfEnvFile } from '../stack/secret-store.ts';
import type { Manifest } from '../workspace/manifest.ts';
import { readOptional } from '../workspace/read.ts';

/** The place of the last run that wrote the folder, as its records tell. */
export function placeBefore({ files }: Manifest): Place | undefined {
  for (const [path, { class: kind, left }] of files) {
    if (kind !== 'secret' || left) continue;
    const place = placeOfEnvFile(path);
    if (place) return place;
  }
  return undefined;
}

/**
 * The place to take the secrets from: that of the answers, or, when nothing is there yet, the one of the last run, so that
 * the values move along when an answer changes the place.
 * @throws {UserError} exit 3 when the values of another environment would have to be taken, and when both places hold
 * secrets that differ
 */
export function placeToRead(root: string, stack: Stack, manifest: Manifest | undefined): Place {
  const { envFile, directory } = stack.secretStore;
  const now: Place = { envFile, directory };
  const before = manifest && placeBefore(manifest);
  if (before === undefined || before.envFile === envFile || !isUsed(root, before, stack)) return now;
  const otherEnvironment = environmentOf(before.envFile);
  const isOther =
    isAbsolute(envFile) && otherEnvironment !== undefined && otherEnvironment !== stack.environment;
  if (isUsed(root, now, stack)) {
    if (!isOther) refuseDifference(root, before, now, stack);
    return now;
  }
  if (!isOther) return before;
  throw new UserError(
    {
      path: 'environment',
      message: `this folder's data was made with the secrets of ${otherEnvironment} (${before.envFile}), and two environments must not share any`,
      hint: `make the ${stack.environment} stack in a folder and with a name of its own; or, to turn this one into it, first move ${before.envFile} to ${envFile} and ${before.directory} to ${directory}`,
    },
    EXIT.refused,
  );
}

/**
 * Secrets outside of the stack's folder are outside of it for real: what lies in it may be committed, sent to a build or
 * served. Symbolic links are followed.
 * @throws {UserError} for a place inside
 */
export function refusePlaceInside(root: string, { envFile }: Place): void {
  if (!isAbsolute(envFile)) return;
  const own = realPath(resolve(root));
  const folder = realPath(dirname(envFile));
  if (folder !== own && !folder.startsWith(`${own}${sep}`)) return;
  throw new UserError({
    path: 'secrets.location',
    message: `${dirname(envFile)} lies inside the stack's own folder`,
    hint: 'set "project", or a folder outside of it such as /etc/shop',
  });
}

/** With links followed, as far as the path exists. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPath(parent), basename(path));
}

function isUsed(root: string, place: Place, { secretFiles }: Stack): boolean {
  return [
    place.envFile,
    agesPath(place),
    ...secretFiles.map(({ name }) => `${place.directory}/${name}`),
  ].some((path) => existsSync(resolve(root, path)));
}

function refuseDifference(root: string, before: Place, now: Place, { secrets }: Stack): void {
  const [old, next] = [before, now].map(({ envFile }) => {
    const text = readOptional(resolve(root, envFile));
    return text === undefined ? undefined : parseEnvFile(text, envFile).values;
  });
  if (old === undefined || next === undefined) return;
  const different = secrets.filter(
    ({ id, kind }) => kind !== 'derived' && old.get(id) !== '' && old.get(id) !== next.get(id),
  );
  if (different.length === 0) return;
  throw new UserError(
    {
      file: now.envFile,
      message: `holds other values than ${before.envFile}, which the stack has used until now: ${different.map(({ id }) => id).join(', ')}`,
      hint: `move the one that is out of date away, and ${now.directory} with it if it is this one`,
    },
    EXIT.refused,
  );
}
