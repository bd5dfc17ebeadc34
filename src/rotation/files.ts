import { type CertificatePlace, certificateFile } from '../certs/places.ts';
import { EXIT, UserError } from '../errors.ts';
import type { GeneratedFile } from '../fileset.ts';
import type { EnvFile } from '../secrets/env-parse.ts';
import { renderSecretFiles } from '../secrets/secret-files.ts';
import { resolveSecrets, type SecretState, unmade } from '../secrets/store.ts';
import { SecretValues } from '../secrets/values.ts';
import type { Stack } from '../stack/model.ts';
import type { Journal } from './journal.ts';
import type { FileState, Side } from './machine.ts';

type SecretParts = Pick<Stack, 'secrets' | 'secretFiles' | 'secretStore'>;

/** The values of one side: those of `.env`, with the ones that the rotation changes. */
export function sideValues(
  env: SecretValues,
  { changes }: Pick<Journal, 'changes'>,
  side: Side,
): SecretValues {
  const changed = new Map(changes.map((change) => [change.id, change[side]]));
  return new SecretValues([
    ...env.names().map((name) => [name, changed.get(name) ?? env.get(name)] as const),
    ...[...changed].filter(([name]) => !env.has(name)),
  ]);
}

/**
 * The secrets in one state of a rotation. What is not part of it, the user's comments included, is as `env` has it, so
 * that the way back gives the same bytes as before.
 */
export function secretStateOf(
  stack: SecretParts,
  env: EnvFile,
  journal: Pick<Journal, 'changes'>,
  { side, overlap }: FileState,
): SecretState {
  const other = side === 'before' ? 'after' : 'before';
  return resolveSecrets({
    secrets: stack.secrets,
    secretFiles: stack.secretFiles,
    existing: { ...env, values: sideValues(env.values, journal, side) },
    existingFiles: new Map(),
    supplied: {},
    keepRevisions: true,
    ...(overlap
      ? { previous: new SecretValues(journal.changes.map((change) => [change.id, change[other]])) }
      : {}),
  });
}

/**
 * `.env`, the secret files and the certificates in one state of a rotation.
 * @throws {UserError} exit 3 when a value is missing, which only a run would make
 */
export function rotationFiles(
  stack: SecretParts,
  env: EnvFile,
  journal: Pick<Journal, 'changes' | 'certificate'>,
  state: FileState,
): GeneratedFile[] {
  const secrets = secretStateOf(stack, env, journal, state);
  const missing = unmade(stack.secrets, secrets.values);
  if (missing.length > 0)
    throw new UserError(
      {
        file: stack.secretStore.envFile,
        message: `has no value of ${missing.join(', ')}`,
        hint: 'run create-secure-stack on the folder and docker compose up -d --wait first',
      },
      EXIT.refused,
    );
  const tree = renderSecretFiles(secrets, stack);
  const certificate = Object.entries(journal.certificate?.[state.side] ?? {});
  return [
    ...tree.files.filter(({ class: kind }) => kind === 'secret'),
    ...certificate.map(([path, content]) => certificateFile(path as CertificatePlace, content)),
  ];
}

/**
 * Workloads whose containers see other values on the two sides, in the stack's order. A file that a service reads when it
 * sets up its data does not count.
 */
export function dependentsOf(stack: Stack, env: EnvFile, journal: Pick<Journal, 'changes'>): string[] {
  const [before, after] = (['before', 'after'] as const).map((side) =>
    secretStateOf(stack, env, journal, { side, overlap: false }),
  ) as [SecretState, SecretState];
  const readOnce = new Set(stack.secretFiles.filter((file) => file.readOnce).map(({ name }) => name));
  return stack.workloads
    .filter(
      ({ secretMounts, secretVariables }) =>
        secretMounts.some(
          ({ name }) => !readOnce.has(name) && before.files.get(name) !== after.files.get(name),
        ) || secretVariables.some(({ secret }) => before.values.get(secret) !== after.values.get(secret)),
    )
    .map(({ name }) => name);
}
