import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../errors.ts';
import type { GeneratedFile } from '../fileset.ts';
import { LOCK_FILE, readDigests } from '../project/inputs.ts';
import { renderFiles } from '../render/stack.ts';
import { parseEnvFile } from '../secrets/env-parse.ts';
import { secretsRevisionVariable } from '../secrets/revisions.ts';
import { SecretValues } from '../secrets/values.ts';
import { buildStack } from '../stack/build.ts';
import { readSpec, type StackDocument } from '../stack/load.ts';
import type { Stack } from '../stack/model.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import { readOptional } from '../workspace/read.ts';
import { answerFindings } from './answers.ts';
import { type CertificateCheck, checkCertificates } from './certificates.ts';
import { composeFindings } from './compose-invariants.ts';
import { driftFindings } from './drift.ts';
import { envFindings } from './env.ts';
import { type Finding, findingsOf, sortFindings } from './finding.ts';
import { gitFindings } from './git.ts';
import { modeFindings } from './modes.ts';
import { pathsKeptFromGit, plannedModes, secretPlaces } from './places.ts';
import { rotationFindings } from './rotation.ts';
import { plannedSecretTree, readStoredSecrets, type StoredSecrets } from './stored-secrets.ts';

const ENV_EXAMPLE = '.env.example';
const COMPOSE_FILE = 'docker-compose.yml';
/** What Compose merges over it, by any of the names it looks for. */
const OVERRIDES = ['compose.override', 'docker-compose.override'].flatMap((name) => [
  `${name}.yml`,
  `${name}.yaml`,
]);
/** Names that Compose prefers to ours. */
const PREFERRED = ['compose.yaml', 'compose.yml'];

export interface CheckInput {
  /** Folder of the stack. */
  root: string;
  /** Its stack.yaml. */
  source: StackDocument;
  now: Date;
  /** Env files of other environments, which must share no value. */
  against?: readonly string[];
}

/**
 * Everything that is wrong with a stack's files on disk. Reads only; starts nothing but git.
 * @throws {UserError} when stack.yaml is not valid
 */
export async function checkStack({
  root: folder,
  source,
  now,
  against = [],
}: CheckInput): Promise<Finding[]> {
  const root = resolve(folder);
  const spec = readSpec(source);
  const stack = buildStack(spec);
  const stored = readStoredSecrets(root, stack);
  const certificates = checkCertificates(root, spec, stack, now);
  const isElsewhere = stored.state === 'absent' || stored.state === 'unreadable';
  const isCheckout = isElsewhere && certificates.absent;
  const secretTree = plannedSecretTree(stack, stored);
  const example = secretTree.files.find(({ path }) => path === ENV_EXAMPLE)!;
  const digests = digestsOrFindings(root);
  const plain = renderFiles(stack, { digests: Array.isArray(digests) ? {} : digests });
  const generated = [...plain.files, example, ...ownFiles(root, source)];
  return sortFindings([
    // Every image would seem to have lost its digest.
    ...(Array.isArray(digests)
      ? digests
      : await driftFindings(root, { files: generated, leftOut: secretPlaces(stack), answers: source.text })),
    ...modeFindings(root, plannedModes(generated, [plain, secretTree], stack), secretFilesOf(stored, stack)),
    ...stored.findings,
    ...(stored.state === 'read'
      ? envFindings(stack, stored, parseEnvFile(example.content, ENV_EXAMPLE))
      : []),
    ...(isCheckout
      ? notHere(stored, certificates)
      : [...certificates.findings, ...missingEnv(stored, stack)]),
    ...gitFindings({ root, secretPaths: pathsKeptFromGit(spec, stack), values: valuesOf(stored, stack) }),
    // Nor the journal beside them.
    ...(stored.state === 'unreadable' ? [] : rotationFindings(root, stack, valuesOf(stored, stack), against)),
    ...composeFileFindings(root, stack),
    ...answerFindings(root, spec, source, Array.isArray(digests) ? {} : digests),
  ]);
}

function composeFileFindings(root: string, stack: Stack): Finding[] {
  const shadows = PREFERRED.filter((file) => existsSync(resolve(root, file)));
  return [
    ...shadows.map(
      (file): Finding => ({
        rule: 'compose.shadowed',
        severity: 'error',
        file,
        message: `Compose reads this file in place of ${COMPOSE_FILE}`,
        hint: 'move what is in it to docker-compose.override.yml',
      }),
    ),
    ...[COMPOSE_FILE, ...OVERRIDES].flatMap((file) => {
      const text = readOptional(resolve(root, file));
      return text === undefined
        ? []
        : composeFindings(text, { file, stack, isOverride: file !== COMPOSE_FILE });
    }),
  ];
}

function digestsOrFindings(root: string): Record<string, string> | Finding[] {
  try {
    return readDigests(root);
  } catch (error) {
    if (error instanceof UserError) return findingsOf(error, { rule: 'drift.lock', file: LOCK_FILE });
    throw error;
  }
}

/** What a run takes as it is: the answers and the digests. Listed so that nothing counts as superfluous. */
function ownFiles(root: string, source: StackDocument): GeneratedFile[] {
  const lock = readOptional(resolve(root, LOCK_FILE));
  return [
    { path: STACK_FILE, content: source.text, mode: 0o644, class: 'answers' },
    ...(lock === undefined
      ? []
      : [{ path: LOCK_FILE, content: lock, mode: 0o644, class: 'generated' as const }]),
  ];
}

function secretFilesOf(stored: StoredSecrets, { secretStore }: Stack): string[] {
  return stored.state === 'absent' ? [] : [secretStore.envFile];
}

function notHere({ state }: StoredSecrets, { absent }: CertificateCheck): Finding[] {
  const what = [...(state === 'absent' ? ['secrets'] : []), ...(absent ? ['certificates'] : [])].join(
    ' and ',
  );
  if (what === '') return [];
  return [
    {
      rule: 'secrets.absent',
      severity: 'note',
      file: '.',
      message: `${what} were not checked: they are not in this folder, as in a fresh checkout`,
    },
  ];
}

function missingEnv({ state }: StoredSecrets, { secretStore }: Stack): Finding[] {
  if (state !== 'absent') return [];
  return [
    {
      rule: 'env.missing',
      severity: 'error',
      file: secretStore.envFile,
      message: 'is missing',
      hint: 'restore it from a backup, or run create-secure-stack on the folder: it takes what it can from the secret files',
    },
  ];
}

function valuesOf(stored: StoredSecrets, { secrets, secretFiles }: Stack): SecretValues {
  if (stored.state !== 'read') return new SecretValues();
  const { values } = stored.env;
  const plain = new Set([
    ...secretFiles.flatMap(({ consumers }) => consumers).map(secretsRevisionVariable),
    ...secrets.filter(({ kind }) => kind === 'setting').map(({ id }) => id),
  ]);
  const placeholders = new Set(secrets.map(({ placeholder }) => placeholder));
  return new SecretValues(
    values
      .names()
      .filter((name) => !plain.has(name) && !placeholders.has(values.get(name)))
      .map((name) => [name, values.get(name)]),
  );
}
