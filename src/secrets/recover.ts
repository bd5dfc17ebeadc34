import { EXIT, type Problem, UserError } from '../errors.ts';
import type { Secret, SecretFile } from '../stack/model.ts';
import type { EnvFile } from './env-parse.ts';
import { unwritable } from './store.ts';
import { SecretValues } from './values.ts';

export interface RecoverInput {
  secrets: readonly Secret[];
  secretFiles: readonly SecretFile[];
  /** The env file; absent when it is not there. */
  env: EnvFile | undefined;
  /** As the user knows it. */
  envFile: string;
  /** Folder of the secret files, as the user knows it. */
  directory: string;
  /** Content of the secret files by name. */
  files: ReadonlyMap<string, string>;
  /** Ids of the secrets and settings that had a value at the last run; undefined when that is not known. */
  known: ReadonlySet<string> | undefined;
  /** The stack has had secrets on this machine. */
  hadSecrets: boolean;
  /** Values the user has just entered, by id. */
  supplied: Readonly<Record<string, string>>;
}

export interface Recovered {
  /** The env file with what was found; undefined when there is none and nothing was found. */
  env: EnvFile | undefined;
  /** Ids of the values that came from secret files. */
  recovered: readonly string[];
}

/**
 * Completes an env file that is gone or has lost variables. A value comes back from a secret file that holds it and
 * nothing else; one that is only part of a URL or a hash does not. What the user can enter again may stay blank.
 * @throws {UserError} exit 3 when a value that the data or other programs depend on is nowhere else: a new one would
 * replace the last trace of it and lock the user out
 */
export function recoverEnv(input: RecoverInput): Recovered {
  const { secrets, env, envFile, supplied } = input;
  const open = secrets.filter((secret) => secret.kind !== 'derived' && isOpen(secret, env));
  if (open.length === 0 || (env === undefined && !input.hadSecrets)) return { env, recovered: [] };
  const found = new Map(
    open.flatMap((secret) => {
      const value = isNew(secret, input) ? undefined : valueInFiles(secret, input);
      return value === undefined ? [] : [[secret.id, value] as const];
    }),
  );
  const lost = open.filter(
    (secret) => !found.has(secret.id) && !supplied[secret.id] && wasThere(secret, input),
  );
  if (lost.length > 0)
    throw refusal(input, `${lost.map(({ id }) => id).join(', ')} can be found nowhere else`);
  refuseContradiction(input, found, new Set(open.map(({ id }) => id)));
  if (found.size === 0) return { env, recovered: [] };
  const complete = env ?? { file: envFile, lines: new Map(), notes: new SecretValues() };
  const values = new SecretValues([
    ...(env?.values.names() ?? []).map((name) => [name, env!.values.get(name)] as const),
    ...found,
  ]);
  return { env: { ...complete, values }, recovered: [...found.keys()] };
}

/** Without a value. Ones that may be blank count only where the whole line or file is gone. */
function isOpen({ id, kind, placeholder }: Secret, env: EnvFile | undefined): boolean {
  if (env === undefined || !env.values.has(id)) return true;
  const value = env.values.get(id);
  if (value === placeholder && value !== '' && kind !== 'setting') return true;
  return value === '' && kind !== 'external' && kind !== 'previous';
}

/** The content of a file that is the value and nothing else. */
function valueInFiles(secret: Secret, { secretFiles, files }: RecoverInput): string | undefined {
  const holder = secretFiles.find((file) => isPlain(file, secret.id) && files.has(file.name));
  const value = holder && files.get(holder.name);
  return value !== undefined && value !== '' && unwritable(secret, value) === undefined ? value : undefined;
}

const PROBE = 'probe';

function isPlain({ from, content }: SecretFile, id: string): boolean {
  if (from.length !== 1 || from[0] !== id) return false;
  return (
    content(
      () => PROBE,
      () => '',
    ) === PROBE
  );
}

/** An answer has added it since the last run: files that hold its like by now are those of what it takes the place of. */
function isNew({ id }: Secret, { known }: RecoverInput): boolean {
  return known !== undefined && !known.has(id);
}

function wasThere({ id, kind }: Secret, { env, secretFiles, files, known }: RecoverInput): boolean {
  // The user has it from somebody else and can enter it again; a setting has a default, which the files must agree with.
  if (kind === 'external' || kind === 'setting') return false;
  if (known !== undefined) return known.has(id);
  if (kind === 'previous') return false;
  if (env === undefined) return true;
  // A file of several values may be there for the others; one that may be blank says nothing.
  return secretFiles.some(
    ({ name, from, optional }) => files.has(name) && !optional && from.includes(id) && from.length === 1,
  );
}

/** What is written must say the same as the files that survived, or something about them is not understood. */
function refuseContradiction(
  input: RecoverInput,
  found: ReadonlyMap<string, string>,
  open: ReadonlySet<string>,
): void {
  const { secrets, secretFiles, files, env, supplied } = input;
  const value = (id: string): string =>
    found.get(id) ||
    (open.has(id) ? supplied[id] : env?.values.get(id)) ||
    (secrets.find((one) => one.id === id && one.kind === 'setting')?.placeholder ?? '');
  const added = new Set(secrets.filter((one) => open.has(one.id) && isNew(one, input)).map(({ id }) => id));
  const other = secretFiles.filter(
    ({ name, from, content }) =>
      files.has(name) &&
      !from.some((id) => added.has(id)) &&
      (env === undefined || from.some((id) => open.has(id))) &&
      from.every((id) => value(id) !== '') &&
      content(value, () => '') !== files.get(name),
  );
  if (other.length > 0) {
    const names = other.map(({ name }) => `${input.directory}/${name}`).join(', ');
    throw refusal(input, `${names} and what the other secret files hold do not go together`);
  }
}

function refusal({ env, envFile, directory }: RecoverInput, what: string): UserError {
  const problem: Problem = {
    file: envFile,
    message: `${env === undefined ? 'is missing' : 'has lost variables'}, and ${what}; new values would lock you out of the data`,
    hint: `restore it from a backup, or give values with --secret-file NAME=FILE; to start afresh without the data, remove the stack's containers and volumes, ${envFile} and ${directory}/`,
  };
  return new UserError(problem, EXIT.refused);
}
