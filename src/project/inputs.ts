import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { CERTIFICATES, NEXT_AUTHORITY } from '../certs/places.ts';
import { EXIT, UserError } from '../errors.ts';
import { type Ages, agesPath, parseAges } from '../rotation/ages.ts';
import { readRotation, rotationJournalPath } from '../rotation/journal.ts';
import { openLines } from '../rotation/words.ts';
import { type EnvFile, parseEnvFile } from '../secrets/env-parse.ts';
import type { Stack } from '../stack/model.ts';
import type { StackSpec } from '../stack/schema.ts';
import type { Place } from '../stack/secret-store.ts';
import { readManifest } from '../workspace/manifest.ts';
import { readOptional } from '../workspace/read.ts';
import { placeToRead, refusePlaceInside } from './place.ts';

/** What of a stack lies on disk already and must be kept: secrets, certificates, resolved image digests. */
export interface Inputs {
  env: EnvFile | undefined;
  /** Content of the secret files by name. */
  secretFiles: ReadonlyMap<string, string>;
  /** How old the secrets are; absent in a stack from before that was recorded. */
  ages: Ages | undefined;
  /** Ids of the secrets and settings that had a value at the last run; undefined when that is not known. */
  known: ReadonlySet<string> | undefined;
  /** The place the secrets were read from, where it is not the one they will be written to. */
  movedFrom?: Place;
  /** `here`: the stack has had secrets on this machine; `elsewhere`: as far as the folder's records tell, on another one. */
  hadSecrets: 'here' | 'elsewhere' | 'never';
  certificates: CertificateInputs;
  digests: Readonly<Record<string, string>>;
}

export type CertificateInputs =
  | ({ mode: 'dev-ca'; next?: string; nextKey?: string } & Partial<Record<keyof typeof CERTIFICATES, string>>)
  | { mode: 'files'; certificate: string; key: string; certificateFile: string; keyFile: string }
  | { mode: 'acme'; leaf?: string; leafKey?: string };

export const LOCK_FILE = 'images.lock.json';

/**
 * Reads what is there. A missing file is absent; an unreadable one is an error.
 * @throws {UserError} when a file is not what it should be, with its line where it has one; exit 3 while a rotation is
 * open, whose values must not be taken for the stack's
 */
export function readInputs(root: string, spec: StackSpec, stack: Stack): Inputs {
  refusePlaceInside(root, stack.secretStore);
  const manifest = readManifest(root);
  const place = placeToRead(root, stack, manifest);
  const { envFile, directory } = place;
  refuseOpenRotation(root, place, stack);
  const env = readOptional(resolve(root, envFile));
  const agesFile = agesPath(place);
  const ages = readOptional(resolve(root, agesFile));
  const secretFiles = new Map(
    stack.secretFiles.flatMap(({ name }) => {
      const content = readOptional(resolve(root, directory, name));
      return content === undefined ? [] : [[name, content] as const];
    }),
  );
  const parsedAges = ages === undefined ? undefined : parseAges(ages, agesFile);
  // A setting has no age, but a file of its own that the last run wrote.
  const settings = stack.secrets.filter(({ kind }) => kind === 'setting').map(({ id }) => id);
  const settingsBefore = stack.secretFiles
    .filter(({ name }) => manifest?.files.has(`${directory}/${name}`))
    .flatMap(({ from }) => (from.length === 1 ? from : []))
    .filter((id) => settings.includes(id));
  const isRecorded =
    manifest?.files.get(agesFile)?.left === undefined && manifest?.files.has(agesFile) === true;
  const isHere = env !== undefined || ages !== undefined || secretFiles.size > 0;
  return {
    env: env === undefined ? undefined : parseEnvFile(env, envFile),
    secretFiles,
    ages: parsedAges,
    known: parsedAges && new Set([...Object.keys(parsedAges.secrets), ...settingsBefore]),
    ...(envFile === stack.secretStore.envFile ? {} : { movedFrom: place }),
    // A checkout brings the records along, but never the folder.
    hadSecrets:
      isHere || (isRecorded && existsSync(resolve(root, directory)))
        ? 'here'
        : isRecorded
          ? 'elsewhere'
          : 'never',
    certificates: certificateInputs(root, spec),
    digests: readDigests(root),
  };
}

function refuseOpenRotation(root: string, { directory }: Place, stack: Stack): void {
  const journal = readRotation(rotationJournalPath(resolve(root, directory)));
  if (journal === undefined) return;
  throw new UserError({ message: openLines(journal, stack).join(' ') }, EXIT.refused);
}

function certificateInputs(root: string, { tls }: StackSpec): CertificateInputs {
  switch (tls.mode) {
    case 'acme':
      return { mode: 'acme', ...found(root, { leaf: CERTIFICATES.leaf, leafKey: CERTIFICATES.leafKey }) };
    case 'dev-ca':
      return {
        mode: 'dev-ca',
        ...found(root, {
          ...CERTIFICATES,
          next: NEXT_AUTHORITY.certificate,
          nextKey: NEXT_AUTHORITY.key,
        }),
      };
    case 'files': {
      const certificateFile = tls.certificate!;
      const keyFile = tls.key!;
      return {
        mode: 'files',
        certificateFile,
        keyFile,
        certificate: readGiven(root, certificateFile, 'tls.certificate'),
        key: readGiven(root, keyFile, 'tls.key'),
      };
    }
  }
}

/** The texts of those files that are there. */
function found<Key extends string>(
  root: string,
  paths: Readonly<Record<Key, string>>,
): Partial<Record<Key, string>> {
  const texts = Object.entries<string>(paths).map(([key, path]) => [key, readOptional(resolve(root, path))]);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

/** `images.lock.json`: image as in the catalogue or stack.yaml → digest. */
export function readDigests(root: string): Record<string, string> {
  const text = readOptional(resolve(root, LOCK_FILE));
  if (text === undefined) return {};
  const broken = (message: string) =>
    new UserError({ file: LOCK_FILE, message, hint: 'run "create-secure-stack pin" to write it anew' });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw broken('is not JSON');
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw broken('must hold an object');
  for (const [image, digest] of Object.entries(data)) {
    if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest))
      throw broken(`holds no digest for ${image}`);
  }
  return data as Record<string, string>;
}

function readGiven(root: string, file: string, path: string): string {
  const text = readOptional(resolve(root, file));
  if (text === undefined)
    throw new UserError({
      path,
      message: `there is no file ${file}`,
      ...(isAbsolute(file) ? {} : { hint: 'the path is relative to the folder of stack.yaml' }),
    });
  return text;
}
