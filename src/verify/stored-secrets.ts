import { isAbsolute, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import type { FileTree } from '../fileset.ts';
import { type EnvFile, parseEnvFile } from '../secrets/env-parse.ts';
import { renderSecretFiles } from '../secrets/secret-files.ts';
import { resolveSecrets, type SecretState } from '../secrets/store.ts';
import type { Stack } from '../stack/model.ts';
import { readOptional } from '../workspace/read.ts';
import { type Finding, findingsOf } from './finding.ts';

/** The stack's secrets as they are on disk. Can be logged: values do not show. */
export type StoredSecrets =
  | { state: 'absent' | 'unreadable' | 'unusable'; findings: Finding[] }
  | {
      state: 'read';
      findings: Finding[];
      env: EnvFile;
      files: ReadonlyMap<string, string>;
      given: SecretState;
    };

/** Reads `.env` and the files made from it; makes no secret. */
export function readStoredSecrets(root: string, stack: Stack): StoredSecrets {
  const { envFile, directory } = stack.secretStore;
  const outside = isAbsolute(envFile);
  try {
    const text = readOptional(resolve(root, envFile));
    const files = new Map(
      stack.secretFiles.flatMap(({ name }) => {
        const content = readOptional(resolve(root, directory, name));
        return content === undefined ? [] : [[name, content] as const];
      }),
    );
    if (text === undefined)
      return files.size === 0
        ? { state: 'absent', findings: [] }
        : { state: 'unusable', findings: [lost(stack)] };
    const env = parsed(text, envFile);
    if (Array.isArray(env)) return { state: 'unusable', findings: env };
    return { state: 'read', findings: [], env, files, given: givenBy(stack, env, files) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // A checkout's user has no business with the secrets of a server; in the folder itself it is a mistake.
    const severity = outside ? 'note' : 'warning';
    return {
      state: outside ? 'unreadable' : 'unusable',
      findings: findingsOf(error, { rule: 'secrets.unreadable', severity, file: envFile }),
    };
  }
}

function parsed(text: string, file: string): EnvFile | Finding[] {
  try {
    return parseEnvFile(text, file);
  } catch (error) {
    if (error instanceof UserError) return findingsOf(error, { rule: 'env.syntax', file });
    throw error;
  }
}

function lost({ secretStore }: Stack): Finding {
  return {
    rule: 'env.missing',
    severity: 'error',
    file: secretStore.envFile,
    message: `is missing, while ${secretStore.directory} holds values made from it`,
    hint: 'restore it from a backup; a new one would lock the stack out of its data',
  };
}

/** What the values of `.env` give, and nothing beyond: a value that is not there stays blank. */
function givenBy(stack: Stack, env: EnvFile | undefined, files: ReadonlyMap<string, string>): SecretState {
  return resolveSecrets({
    secrets: stack.secrets,
    secretFiles: stack.secretFiles,
    existing: env,
    existingFiles: files,
    supplied: {},
  });
}

/** `.env`, the secret files and `.env.example` as planned; only the last one's content counts where there is no `.env`. */
export function plannedSecretTree(stack: Stack, stored: StoredSecrets): FileTree {
  return renderSecretFiles(
    stored.state === 'read' ? stored.given : givenBy(stack, undefined, new Map()),
    stack,
  );
}
