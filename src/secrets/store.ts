import { type Problem, UserError } from '../errors.ts';
import type { Secret, SecretFile } from '../stack/model.ts';
import { encodeEnvValue } from './env-encode.ts';
import { encodeForFiles } from './env-encoded.ts';
import type { EnvFile } from './env-parse.ts';
import { checkSecretFormat, checkSetting, generateSecret, type RandomSource } from './kinds.ts';
import { checkKnownKey } from './known-keys.ts';
import { isRevision, secretRevisions } from './revisions.ts';
import { SecretValues } from './values.ts';

export interface ResolveInput {
  secrets: readonly Secret[];
  secretFiles: readonly SecretFile[];
  /** The present `.env`, if there is one. */
  existing: EnvFile | undefined;
  /** Present content of the secret files by name. */
  existingFiles: ReadonlyMap<string, string>;
  /** Values the user has just entered, by id. */
  supplied: Readonly<Record<string, string>>;
  /** Absent: nothing is made, and a value that is not there stays blank. */
  random?: RandomSource;
  /** In a rotation: the values being replaced that must still work. */
  previous?: SecretValues;
  /** In a rotation: the counters stand in `existing` as they shall be; otherwise they follow from what changed. */
  keepRevisions?: true;
}

/** Every secret of a stack with its value. Can be logged: values do not show. */
export interface SecretState {
  /** In the order of the stack's secrets; blank where there is no value yet. */
  values: SecretValues;
  /** Content of each secret file that can be written. */
  files: SecretValues;
  /** Counters by variable, see `secretsRevisionVariable`. */
  revisions: ReadonlyMap<string, number>;
  /** Variables of the present `.env` that nothing consumes any more. */
  retiredValues: SecretValues;
  /** The user's comments by variable, as in `EnvFile`. */
  notes: SecretValues;
  /** Ids of the values made in this run. */
  generated: readonly string[];
  /** Ids of the values supplied in this run, less those that were not taken. */
  entered: readonly string[];
  /** Ids of the values only the user can give, and has not. */
  missing: readonly string[];
  /** Names of `retiredValues`. */
  retired: readonly string[];
  /** Ids of the supplied values that were not taken, because there is another one already or the value is computed. */
  ignored: readonly string[];
  /** Ids of the computed values that stood differently in `.env`: an input changed, or they were edited by hand. */
  recomputed: readonly string[];
  /** Values whose format is wrong; they are kept all the same. */
  problems: readonly Problem[];
}

/**
 * Decides the value of every secret. A value that is in `.env` always stays, because databases and stored data depend on
 * it and only a rotation changes it on both sides. After it comes what the user has just supplied, then a generated value.
 * The placeholder of `.env.example` counts as blank: copying that file must not make it the password.
 *
 * The same input, with the result as the existing files, gives the same result.
 * @throws {UserError} naming each variable whose value cannot be written to `.env`, and supplied names that do not exist
 */
export function resolveSecrets(input: ResolveInput): SecretState {
  const { secrets, existing, supplied } = input;
  const before = existing?.values;
  const byId = new Map(secrets.map((secret) => [secret.id, secret]));
  if (byId.size !== secrets.length) throw new Error('two secrets have the same id');
  refuseUnknown(Object.keys(supplied), byId);

  const values = new Map<string, string>();
  const generated: string[] = [];
  const taken: string[] = [];
  const ignored: string[] = [];
  for (const secret of secrets) {
    if (secret.kind === 'derived') {
      if (supplied[secret.id]) ignored.push(secret.id);
      continue;
    }
    const kept = withoutPlaceholder(secret, before?.get(secret.id));
    const entered = withoutPlaceholder(secret, supplied[secret.id]);
    if (kept && entered && kept !== entered) ignored.push(secret.id);
    if (!kept && entered) taken.push(secret.id);
    let value = kept || entered;
    if (!value && secret.kind === 'setting') value = secret.placeholder;
    if (!value && input.random && isMade(secret)) {
      value = generateSecret(secret.kind, input.random);
      generated.push(secret.id);
    }
    values.set(secret.id, value);
  }
  for (const secret of secrets) derive(secret, byId, values, new Set());

  const after = new SecretValues(secrets.map(({ id }) => [id, values.get(id) ?? '']));
  refuseUnwritable(secrets, after);
  const files = fileContents(input.secretFiles, after, input.previous ?? new SecretValues());
  const revisions = secretRevisions({
    secrets,
    secretFiles: input.secretFiles,
    before,
    filesBefore: input.existingFiles,
    after,
    filesAfter: files,
    ...(input.keepRevisions ? { keep: true } : {}),
  });
  for (const variable of revisions.keys()) {
    if (byId.has(variable))
      throw new UserError(`${variable} is a name kept for a counter; call the secret otherwise`);
  }
  // The counter of a workload that is gone counts nothing, and protects nothing.
  const retired = (before?.names() ?? []).filter(
    (name) => !byId.has(name) && !revisions.has(name) && !isRevision(name, before?.get(name) ?? ''),
  );
  return {
    values: after,
    files,
    revisions,
    retiredValues: new SecretValues(retired.map((name) => [name, before?.get(name) ?? ''])),
    notes: existing?.notes ?? new SecretValues(),
    generated,
    entered: taken,
    missing: secrets.filter(({ id, kind }) => kind === 'external' && !after.get(id)).map(({ id }) => id),
    retired,
    ignored,
    recomputed: secrets
      .filter(({ id, kind }) => kind === 'derived' && before?.get(id) && before.get(id) !== after.get(id))
      .map(({ id }) => id),
    problems: formatProblems(secrets, after, new Set(generated), existing),
  };
}

function isMade({ kind }: Secret): boolean {
  return !['derived', 'previous', 'setting', 'external'].includes(kind);
}

/** Ids of the secrets that a run would make, because there is no value, or only the placeholder of `.env.example`. */
export function unmade(secrets: readonly Secret[], values: SecretValues): string[] {
  return secrets
    .filter((secret) => isMade(secret) && withoutPlaceholder(secret, values.get(secret.id)) === '')
    .map(({ id }) => id);
}

function withoutPlaceholder(secret: Secret, value = ''): string {
  return value === secret.placeholder ? '' : value;
}

/** Computes a derived value after the values it needs; blank when one of them is. */
function derive(
  secret: Secret,
  byId: ReadonlyMap<string, Secret>,
  values: Map<string, string>,
  path: Set<string>,
): string {
  const known = values.get(secret.id);
  if (known !== undefined) return known;
  if (!secret.derive) throw new Error(`${secret.id} is derived, but from nothing`);
  if (path.has(secret.id)) throw new Error(`${secret.id} is derived from itself`);
  path.add(secret.id);
  let complete = true;
  const result = secret.derive((id) => {
    const source = byId.get(id);
    if (!source) throw new Error(`${secret.id} is derived from ${id}, which does not exist`);
    const value = derive(source, byId, values, path);
    if (value === '') complete = false;
    return value;
  });
  path.delete(secret.id);
  values.set(secret.id, complete ? result : '');
  return values.get(secret.id)!;
}

function fileContents(
  secretFiles: readonly SecretFile[],
  values: SecretValues,
  previous: SecretValues,
): SecretValues {
  const contents: [string, string][] = [];
  for (const file of secretFiles) {
    const known = (id: string) => {
      if (!values.has(id)) throw new Error(`secret file ${file.name} needs ${id}, which does not exist`);
      return values.get(id);
    };
    if (file.optional || file.from.every((id) => known(id) !== ''))
      contents.push([file.name, file.content(known, (id) => previous.get(id))]);
  }
  return new SecretValues(contents);
}

function refuseUnknown(names: readonly string[], byId: ReadonlyMap<string, Secret>): void {
  const problems = names
    .filter((name) => !byId.has(name))
    .map((name) => ({ message: `there is no secret called ${name} in this stack` }));
  if (problems.length > 0) throw new UserError(problems);
}

function refuseUnwritable(secrets: readonly Secret[], values: SecretValues): void {
  const problems = secrets.flatMap((secret) => {
    const message = unwritable(secret, values.get(secret.id));
    return message === undefined ? [] : [{ message: `${secret.id} ${message}` }];
  });
  if (problems.length > 0) throw new UserError(problems);
}

/** Why a value cannot be kept in the env file, to stand behind the variable's name; undefined when it can. */
export function unwritable({ byVariable }: Secret, value: string): string | undefined {
  const encoded = (byVariable ? encodeEnvValue : encodeForFiles)(value);
  return encoded.ok ? undefined : encoded.reason;
}

function formatProblems(
  secrets: readonly Secret[],
  values: SecretValues,
  generated: ReadonlySet<string>,
  existing: EnvFile | undefined,
): Problem[] {
  return secrets.flatMap((secret) => {
    const { id, kind } = secret;
    const value = values.get(id);
    if (value === '' || generated.has(id)) return [];
    const message = checkSecretFormat(kind, value) ?? checkKnownKey(id, value);
    const problem = message ? { message: `${id} ${message}` } : checkSetting(secret, value);
    if (!problem) return [];
    const line = existing?.values.get(id) === value ? existing.lines.get(id) : undefined;
    return [{ ...problem, ...(existing && line !== undefined && { file: existing.file, line }) }];
  });
}
