import { resolve } from 'node:path';
import { CERTIFICATES } from '../certs/places.ts';
import { ComposeProject } from '../engine/project.ts';
import { EXIT, UserError } from '../errors.ts';
import { placeBefore } from '../project/place.ts';
import type { EnvFile } from '../secrets/env-parse.ts';
import { secretsRevisionVariable } from '../secrets/revisions.ts';
import { unmade } from '../secrets/store.ts';
import { buildStack } from '../stack/build.ts';
import { readSpec, type StackDocument } from '../stack/load.ts';
import type { Stack } from '../stack/model.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import { planSecretFiles } from '../workspace/index.ts';
import { readManifest } from '../workspace/manifest.ts';
import { readOptional } from '../workspace/read.ts';
import { type Ages, agesPath, parseAges } from './ages.ts';
import { rotationFiles, sideValues } from './files.ts';
import { type CertificateFiles, type Journal, readRotation, rotationJournalPath } from './journal.ts';
import { CERTIFICATE } from './select.ts';
import { readEnv } from './stack-effects.ts';

/** A stack's folder, as a rotation finds it. */
export interface StackFolder {
  /** Absolute. */
  root: string;
  stack: Stack;
  env: EnvFile;
  ages: Ages | undefined;
  project: ComposeProject;
}

/** @throws {UserError} for answers or files that cannot be read */
export function openFolder(folder: string, source: StackDocument): StackFolder {
  const root = resolve(folder);
  const stack = buildStack(readSpec(source));
  refuseMovedRotation(root, stack);
  const path = agesPath(stack.secretStore);
  const ages = readOptional(resolve(root, path));
  return {
    root,
    stack,
    env: readEnv(root, stack),
    ages: ages === undefined ? undefined : parseAges(ages, path),
    project: new ComposeProject({ root, name: stack.name, envFile: stack.secretStore.envFile }),
  };
}

/** The answers may name another place by now; the rotation and its values are where they were. */
function refuseMovedRotation(root: string, { secretStore: { directory } }: Stack): void {
  const manifest = readManifest(root);
  const before = manifest && placeBefore(manifest);
  if (before === undefined || before.directory === directory) return;
  if (readRotation(rotationJournalPath(resolve(root, before.directory))) === undefined) return;
  throw new UserError(
    {
      path: 'secrets.location',
      message: `has changed since a rotation began; its values are in ${before.directory}`,
      hint: PUT_BACK,
    },
    EXIT.refused,
  );
}

const PUT_BACK =
  'put stack.yaml back as it was, then rotate --resume or --rollback, and change it afterwards';

/**
 * What an open rotation is about has to be what the answers say still.
 * @throws {UserError} exit 3 naming what has come or gone
 */
export function refuseChangedAnswers(journal: Journal, { stack, env, ages }: StackFolder): void {
  const known = new Set([...env.values.names(), ...journal.changes.map(({ id }) => id)]);
  const counters = new Set(stack.workloads.map(({ name }) => secretsRevisionVariable(name)));
  const ids = new Set(stack.secrets.map(({ id }) => id));
  const workloads = new Set(stack.workloads.map(({ name }) => name));
  const missing = stack.secrets.filter(({ id }) => !known.has(id));
  // What has an age was there.
  const lost = [
    ...missing.filter(({ id }) => ages?.secrets[id]).map(({ id }) => id),
    ...unmade(stack.secrets, sideValues(env.values, journal, 'after')).filter((id) => env.values.has(id)),
  ];
  if (lost.length > 0)
    throw new UserError(
      {
        file: stack.secretStore.envFile,
        message: `has lost ${lost.join(', ')} since the rotation began`,
        hint: 'put the lines back from a backup, then rotate --resume or --rollback',
      },
      EXIT.refused,
    );
  const come = missing.map(({ id }) => id);
  const gone = [
    ...journal.changes.map(({ id }) => id).filter((id) => !ids.has(id) && !counters.has(id)),
    ...journal.credentials
      .map(({ secret }) => secret)
      .filter((id) => !stack.credentials.some(({ secret }) => secret === id)),
    ...[...journal.dependents, ...journal.reencrypt, ...(journal.reread ?? [])].filter(
      (name) => !workloads.has(name),
    ),
    ...(journal.certificate && stack.edge.tls.mode !== 'dev-ca' ? [CERTIFICATE] : []),
  ];
  if (come.length === 0 && gone.length === 0) return;
  const list = (what: string, names: readonly string[]) =>
    names.length > 0 ? [`${what}: ${[...new Set(names)].join(', ')}`] : [];
  throw new UserError(
    {
      file: STACK_FILE,
      message: `has changed since the rotation began (${[...list(`new, or lost from ${stack.secretStore.envFile}`, come), ...list('gone', gone)].join('; ')})`,
      hint: PUT_BACK,
    },
    EXIT.refused,
  );
}

/**
 * A rotation starts from files that say the same as stack.yaml: it would otherwise carry changes along that nobody asked
 * for, or hand out values that a container does not have.
 * @throws {UserError} exit 3
 */
export function refuseDrift({ root, stack, env }: StackFolder): void {
  const names = env.values.names();
  const unknown = stack.secrets.filter(({ id }) => !names.includes(id));
  const state = { side: 'before', overlap: false } as const;
  const files = rotationFiles(stack, env, { changes: [] }, state);
  const isCurrent = unknown.length === 0 && !planSecretFiles(root, files).changes;
  if (isCurrent) return;
  throw new UserError(
    {
      message: `${stack.secretStore.envFile} and the secret files are not what stack.yaml and each other say`,
      hint: 'run create-secure-stack on the folder and docker compose up -d --wait first',
    },
    EXIT.refused,
  );
}

/** The development certificate as it is; undefined where there is none. */
export function certificateFiles({ root, stack }: StackFolder): CertificateFiles | undefined {
  if (stack.edge.tls.mode !== 'dev-ca') return undefined;
  const entries = [CERTIFICATES.leaf, CERTIFICATES.leafKey].map(
    (path) => [path, readOptional(resolve(root, path))] as const,
  );
  return entries.every(([, text]) => text !== undefined)
    ? (Object.fromEntries(entries) as CertificateFiles)
    : undefined;
}

/** A new development certificate of the present CA. @throws {UserError} when the CA cannot issue it */
export async function newCertificate({ root, stack }: StackFolder, now: Date): Promise<CertificateFiles> {
  const [{ presentAuthority }, { issueLeaf }] = await Promise.all([
    import('../certs/development.ts'),
    import('../certs/leaf.ts'),
  ]);
  const names = stack.domains;
  const authority = presentAuthority({
    certificatePem: readOptional(resolve(root, CERTIFICATES.authority)),
    keyPem: readOptional(resolve(root, CERTIFICATES.authorityKey)),
    names,
    now,
  });
  const leaf = await issueLeaf({ authority, names, now });
  return { [CERTIFICATES.leaf]: leaf.certificatePem, [CERTIFICATES.leafKey]: leaf.keyPem };
}
