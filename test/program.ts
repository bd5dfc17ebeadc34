import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** The program as users start it; `npm test` builds it beforehand. */
export const PROGRAM =
  process.env['CSS_BIN'] ?? new URL('../bin/create-secure-stack.js', import.meta.url).pathname;

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the program without a terminal. */
export function program(
  args: readonly string[],
  {
    cwd = tmpdir(),
    input = '',
    env = {},
  }: { cwd?: string; input?: string; env?: Record<string, string> } = {},
): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd,
    input,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  });
  return { code: status, stdout, stderr };
}

/**
 * Runs Node.js with a standard output whose reader has gone before the first word, and with `both` the same on standard
 * error.
 */
export async function unread(
  args: readonly string[],
  { both = false, ...options }: Pick<SpawnOptions, 'cwd' | 'env'> & { both?: boolean } = {},
): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.stdout.destroy();
  let stderr = '';
  if (both) child.stderr.destroy();
  else child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}

/** A folder of the test's own, removed at its end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'create-secure-stack-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below a folder with its mode, time of change and content: equal before and after means nothing was written. */
export function fingerprint(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    entries.map((name) => {
      const stat = statSync(join(folder, name));
      const mode = (stat.mode & 0o7777).toString(8);
      return [
        name,
        stat.isDirectory() ? mode : `${mode} ${stat.mtimeMs} ${readFileSync(join(folder, name), 'utf8')}`,
      ];
    }),
  );
}
