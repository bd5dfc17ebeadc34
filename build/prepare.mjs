// Makes a fresh clone ready: installs what the lock file says and builds, each only when needed. Plain JavaScript,
// because nothing is installed yet when it runs.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program in the project's folder; its output goes to standard error, so that results stay clean. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) {
    process.stderr.write(`error: "${command} ${args.join(' ')}" failed with exit code ${status}\n`);
    process.exit(1);
  }
}

export function ensureInstalled() {
  const installed = newest(join(root, 'node_modules/.package-lock.json'));
  if (installed > 0 && installed >= newest(join(root, 'package-lock.json'))) return;
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

export function ensureBuilt() {
  const sources = ['src', 'templates', 'build', 'package.json', 'tsdown.config.ts'].map((name) =>
    newest(join(root, name)),
  );
  if (newest(join(root, 'dist/cli.mjs')) >= Math.max(...sources)) return;
  run('npx', ['tsdown', '--log-level', 'warn']);
}

/** Time of the latest change at or below a path, 0 where there is none. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
