import { readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { parseEnvFile } from '../secrets/env-parse.ts';
import { tolerate } from '../workspace/failure.ts';
import { readOptional } from '../workspace/read.ts';
import type { StackFolder } from './folder.ts';
import type { ValueSet } from './shared.ts';

/** The env files of other environments: the stack's neighbours in its secrets' folder, and those that are named. */
export function otherEnvironments(
  { root, stack }: Pick<StackFolder, 'root' | 'stack'>,
  files: readonly string[],
): ValueSet[] {
  const { envFile } = stack.secretStore;
  const neighbours = isAbsolute(envFile) ? neighboursOf(envFile) : [];
  return [...new Set([...neighbours, ...files.map((file) => resolve(file))])]
    .filter((path) => path !== resolve(root, envFile))
    .map((path) => {
      const text = readOptional(path);
      if (text === undefined) throw new UserError({ file: path, message: 'there is no such file' });
      return { name: path, values: parseEnvFile(text, path).values };
    });
}

function neighboursOf(envFile: string): string[] {
  const folder = dirname(envFile);
  return (tolerate(['ENOENT', 'EACCES', 'EPERM'], () => readdirSync(folder)) ?? [])
    .filter((name) => name.endsWith('.env') && name !== basename(envFile))
    .map((name) => join(folder, name));
}
