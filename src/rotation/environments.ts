import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { parseEnvFile } from '../secrets/env-parse.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import { tolerate } from '../workspace/failure.ts';
import { readOptional } from '../workspace/read.ts';
import type { StackFolder } from './folder.ts';
import type { ValueSet } from './shared.ts';

/**
 * The env files of other environments: the neighbours in the folder of an env file outside, the stacks beside this one, of
 * which one may be a copy of the other, and those that are named.
 */
export function otherEnvironments(
  { root, stack }: Pick<StackFolder, 'root' | 'stack'>,
  files: readonly string[],
): ValueSet[] {
  const { envFile } = stack.secretStore;
  const neighbours = isAbsolute(envFile) ? neighboursOf(envFile) : [];
  const siblings = isAbsolute(envFile) ? [] : siblingsOf(root, envFile);
  const known = [...new Set([...neighbours, ...files.map((file) => resolve(file))])]
    .filter((path) => path !== resolve(root, envFile))
    .map((path) => {
      const text = readOptional(path);
      if (text === undefined) throw new UserError({ file: path, message: 'there is no such file' });
      return { name: path, values: parseEnvFile(text, path).values };
    });
  return [...known, ...siblings.filter(({ name }) => !known.some((one) => one.name === name))];
}

function siblingsOf(root: string, envFile: string): ValueSet[] {
  const own = realpathSync(root);
  const parent = dirname(own);
  return (tolerate(['EACCES', 'EPERM'], () => readdirSync(parent, { withFileTypes: true })) ?? [])
    .filter((entry) => entry.isDirectory() && entry.name !== basename(own))
    .flatMap((entry) => {
      const name = join(parent, entry.name, envFile);
      try {
        const text = readOptional(join(parent, entry.name, STACK_FILE)) && readOptional(name);
        return text ? [{ name, values: parseEnvFile(text, name).values }] : [];
      } catch (error) {
        // What is wrong with another stack is that one's business.
        if (error instanceof UserError) return [];
        throw error;
      }
    });
}

function neighboursOf(envFile: string): string[] {
  const folder = dirname(envFile);
  return (tolerate(['ENOENT', 'EACCES', 'EPERM'], () => readdirSync(folder)) ?? [])
    .filter((name) => name.endsWith('.env') && name !== basename(envFile))
    .map((name) => join(folder, name));
}
