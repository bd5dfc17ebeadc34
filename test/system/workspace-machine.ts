import { execFileSync, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsdown';
import { inCi } from '../in-ci.ts';

/** System calls that change something on disk: between any two of them a run may be killed. Each machine has some. */
const CHANGING =
  'openat write fsync fchmod chmod fchmodat fchown mkdir mkdirat rename renameat renameat2 link linkat unlink unlinkat rmdir'
    .split(' ')
    .map((call) => `?${call}`)
    .join(',');

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

/** One moment of a run: the `nth` call of `call` in its main thread. */
export interface Moment {
  call: string;
  nth: number;
  line: string;
}

/** Compiles the child once, as users get it: one file of JavaScript. */
export async function buildChild(folder: string): Promise<string> {
  await build({
    entry: { child: join(import.meta.dirname, 'workspace-child.ts') },
    outDir: folder,
    config: false,
    dts: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    clean: false,
  });
  return join(folder, 'child.mjs');
}

export function run(command: string, args: readonly string[], options: object = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
    let stderr = '';
    child.stderr!.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
}

/** Runs under strace, which either only watches or lets one system call kill the process or fail. */
export function trace(
  args: readonly string[],
  { inject, log }: { inject?: string; log?: string },
): Promise<Ended> {
  const fault = inject === undefined ? [] : ['-e', `inject=${inject}`];
  const calls = inject === undefined ? CHANGING : inject.slice(0, inject.indexOf(':'));
  // Without -f: the steps are synchronous, hence all in the main thread, and their order is always the same.
  return run('strace', [
    '-qq',
    '-s',
    '300',
    '-o',
    log ?? '/dev/null',
    '-e',
    `trace=${calls}`,
    ...fault,
    ...args,
  ]);
}

/** The moments of a traced run that touch `folder`, from the first to the last. */
export function momentsIn(log: string, folder: string): Moment[] {
  const counts = new Map<string, number>();
  const moments = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line): Moment[] => {
      const call = /^(\w+)\(/.exec(line)?.[1];
      if (call === undefined) return [];
      const nth = (counts.get(call) ?? 0) + 1;
      counts.set(call, nth);
      return call === 'openat' && !line.includes('O_CREAT') ? [] : [{ call, nth, line }];
    });
  const touches = moments.map(({ line }) => line.includes(folder));
  return moments.slice(touches.indexOf(true), touches.lastIndexOf(true) + 1);
}

/** Path → permissions and content of everything below `folder`. */
export function contentsOf(folder: string): Record<string, string> {
  const contents: Record<string, string> = {};
  for (const name of (readdirSync(folder, { recursive: true }) as string[]).sort()) {
    const path = join(folder, name);
    const status = lstatSync(path);
    const text = status.isFile() ? readFileSync(path, 'utf8') : '';
    contents[name] = `${(status.mode & 0o7777).toString(8)} ${text}`;
  }
  return contents;
}

/** Whether a tool that a test needs is there. In CI its absence is a failure: a gap must not pass for a success. */
export function isAvailable(what: string, command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (inCi()) throw new Error(`${what}, needed by this test, does not work here`, { cause: error });
    return false;
  }
}

/** Whether a small disk can be had: root may mount one in memory. */
export function canMount(): boolean {
  const script = 'd=$(mktemp -d) && mount -t tmpfs none "$d" && umount "$d" && rmdir "$d"';
  return process.geteuid?.() === 0 && isAvailable('mounting a tmpfs', 'sh', '-c', script);
}

/** Calls `task` for every item, three at a time. */
export async function forEachOf<T>(
  items: readonly T[],
  task: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const work = async (worker: number) => {
    for (const item of queue) await task(item, worker);
  };
  await Promise.all([0, 1, 2].map(work));
}

/** A folder that is gone after the test. */
export function temporaryFolder(): { path: string; dispose: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'css-crash-'));
  return { path, dispose: () => existsSync(path) && rmSync(path, { recursive: true, force: true }) };
}
