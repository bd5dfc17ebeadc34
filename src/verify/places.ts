import { isAbsolute } from 'node:path';
import { CERTIFICATES, certificatePlaces, NEXT_AUTHORITY } from '../certs/places.ts';
import type { FileTree, GeneratedFile } from '../fileset.ts';
import { agesPath } from '../rotation/ages.ts';
import type { Stack } from '../stack/model.ts';
import type { StackSpec } from '../stack/schema.ts';
import type { PlannedMode } from './modes.ts';

/** Every file of secrets and certificates a run may write, whether it exists or not: a blank secret has none yet. */
export function secretPlaces(stack: Stack): string[] {
  return [...storePaths(stack), ...certificatePlaces.map(({ path }) => path)];
}

/** Places below the folder that git must never see. */
export function pathsKeptFromGit({ tls }: StackSpec, stack: Stack): string[] {
  const keys = {
    'dev-ca': [CERTIFICATES.authorityKey, NEXT_AUTHORITY.key, CERTIFICATES.leafKey],
    files: [CERTIFICATES.leafKey, ...(tls.key === undefined ? [] : [tls.key])],
    acme: [CERTIFICATES.leafKey],
  }[tls.mode];
  return [...storePaths(stack), ...keys]
    .map((path) => path.replace(/^\.\//, ''))
    .filter((path) => !isAbsolute(path) && !path.startsWith('..'));
}

/**
 * The permissions of everything that is ours; the user's own files keep what he gave them.
 * @param generated files without secrets
 * @param trees with the folders of the stack and the files of its secrets
 */
export function plannedModes(
  generated: readonly GeneratedFile[],
  trees: readonly FileTree[],
  { secretStore }: Stack,
): PlannedMode[] {
  const files =
    (secret: boolean) =>
    ({ path, mode }: { path: string; mode: number }) => ({ path, mode, secret });
  return [
    ...generated.filter(({ class: kind }) => kind !== 'seed').map(files(false)),
    ...trees.flatMap((tree) => tree.files.filter(({ class: kind }) => kind === 'secret')).map(files(true)),
    ...trees
      .flatMap(({ directories }) => directories)
      .map(({ path, mode }) => ({ path, mode, secret: (mode & 0o077) === 0 })),
    { path: agesPath(secretStore), mode: 0o600, secret: true },
    ...certificatePlaces,
  ];
}

function storePaths({ secretStore, secretFiles }: Stack): string[] {
  const { envFile, directory } = secretStore;
  return [envFile, ...secretFiles.map(({ name }) => `${directory}/${name}`), agesPath(secretStore)];
}
