/**
 * Kills and cripples a run at every system call that changes the disk. Whatever happens, the folder ends up exactly
 * as it was or exactly as it shall be, and no secret lies about.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileTree } from '../../src/fileset.ts';
import { recover, withLock } from '../../src/workspace/index.ts';
import {
  buildChild,
  contentsOf,
  forEachOf,
  isAvailable,
  type Moment,
  momentsIn,
  temporaryFolder,
  trace,
} from './workspace-machine.ts';

const hasStrace = isAvailable('strace', 'strace', '-qq', '-o', '/dev/null', 'true');

const LINES = Array.from({ length: 20 }, (_, number) => `line ${number}\n`).join('');
const CANARY = /canary-\d/;
const scratch = temporaryFolder();
afterAll(() => scratch.dispose());

/** Every kind of step: create, update, merge, conflict, remove, new mode, secrets inside and outside. */
function treeAt(base: string, version: 1 | 2): FileTree {
  const generated = (path: string, content: string, mode = 0o644) => ({
    path,
    content,
    mode,
    class: 'generated' as const,
  });
  const secret = (path: string, mode: number) => ({
    path,
    content: `canary-${version}`,
    mode,
    class: 'secret' as const,
  });
  const files = [
    generated('update.conf', LINES + version),
    generated('conf/merge.conf', `${version}\n${LINES}`),
    generated('conflict.conf', `line ${version}\n`),
    generated(version === 1 ? 'old/gone.conf' : 'new/deep/made.conf', LINES),
    generated('run.sh', LINES, version === 1 ? 0o644 : 0o755),
    secret('.env', 0o600),
    secret('secrets/key', 0o444),
    secret(join(base, 'etc/production.env'), 0o600),
  ];
  const outside = { path: join(base, 'etc'), mode: 0o700 };
  return { files, directories: [{ path: 'secrets', mode: 0o700 }, outside] };
}

const WORKERS = [0, 1, 2];
type Start = 'absent' | 'existing';

describe.skipIf(!hasStrace)('a run interrupted at any system call', () => {
  let child: string;
  const world = (worker: number) => join(scratch.path, `world-${worker}`);
  const template = (worker: number) => join(scratch.path, `template-${worker}`);

  beforeAll(async () => {
    child = await buildChild(scratch.path);
    await forEachOf(WORKERS, (worker) => prepareTemplate(worker));
  });

  function argsFor(worker: number, version: 1 | 2): string[] {
    const tree = join(scratch.path, `tree-${worker}.json`);
    writeFileSync(tree, JSON.stringify(treeAt(world(worker), version)));
    return [process.execPath, child, 'apply', join(world(worker), 'shop'), tree];
  }

  /** The first version, with edits of the user's. */
  async function prepareTemplate(worker: number): Promise<void> {
    const base = world(worker);
    mkdirSync(base);
    expect(await trace(argsFor(worker, 1), {})).toMatchObject({ code: 0, stderr: '' });
    writeFileSync(join(base, 'shop/conf/merge.conf'), `1\n${LINES}mine\n`);
    writeFileSync(join(base, 'shop/conflict.conf'), 'line of mine\n');
    cpSync(base, template(worker), { recursive: true });
  }

  function resetWorld(worker: number, start: Start): string {
    const base = world(worker);
    rmSync(base, { recursive: true, force: true });
    if (start === 'existing') cpSync(template(worker), base, { recursive: true });
    else mkdirSync(base);
    return base;
  }

  /** The same for every worker: the manifest names the world it is in. */
  function stateOf(base: string): Record<string, string> {
    return JSON.parse(JSON.stringify(contentsOf(base)).replaceAll(basename(base), 'world'));
  }

  async function measure(start: Start) {
    const base = resetWorld(0, start);
    const before = stateOf(base);
    const log = join(scratch.path, 'trace');
    expect(await trace(argsFor(0, 2), { log })).toMatchObject({ code: 0, stderr: '' });
    return { before, after: stateOf(base), moments: momentsIn(log, base) };
  }

  /** What an interrupted run leaves must be as well guarded as the secrets themselves. */
  function expectSecretsGuarded(base: string): void {
    for (const [path, text] of Object.entries(contentsOf(base))) {
      if (CANARY.test(text)) expect(text.startsWith('600 ') || path.includes('secrets/'), path).toBe(true);
    }
  }

  const show = ({ call, nth, line }: Moment) => `${call} #${nth}: ${line}`;

  test.each<Start>(['absent', 'existing'])('is whole after kill -9 (folder %s)', async (start) => {
    const { before, after, moments } = await measure(start);
    expect(moments.length).toBeGreaterThan(80);
    const seen = { old: 0, new: 0 };
    await forEachOf(moments, async (moment, worker) => {
      const base = resetWorld(worker, start);
      const inject = `${moment.call}:signal=SIGKILL:when=${moment.nth}`;
      expect((await trace(argsFor(worker, 2), { inject })).signal, show(moment)).toBe('SIGKILL');
      expectSecretsGuarded(base);
      await withLock(join(base, 'shop'), () => recover(join(base, 'shop')));
      const state = stateOf(base);
      const isNew = JSON.stringify(state) === JSON.stringify(after);
      // The folder itself is left, empty, by a run that died before it could note what it makes.
      if (!isNew && start === 'absent') delete state['shop'];
      if (!isNew) expect(state, show(moment)).toEqual(before);
      seen[isNew ? 'new' : 'old']++;
    });
    expect(Math.min(seen.old, seen.new)).toBeGreaterThan(10);
  });

  test('is whole after its recovery was killed too', async () => {
    const { after, moments } = await measure('existing');
    const commit = moments.findIndex(
      ({ call, line }) => call.startsWith('rename') && line.includes('production.env'),
    );
    const crash = moments[commit]!;
    const interrupt = async (worker: number) => {
      resetWorld(worker, 'existing');
      await trace(argsFor(worker, 2), { inject: `${crash.call}:signal=SIGKILL:when=${crash.nth}` });
      return world(worker);
    };
    const log = join(scratch.path, 'trace');
    const base = await interrupt(0);
    expect(await trace(argsFor(0, 2), { log })).toMatchObject({ code: 0, stderr: '' });
    expect(stateOf(base)).toEqual(after);
    await forEachOf(momentsIn(log, base), async (moment, worker) => {
      await interrupt(worker);
      const inject = `${moment.call}:signal=SIGKILL:when=${moment.nth}`;
      expect((await trace(argsFor(worker, 2), { inject })).signal, show(moment)).toBe('SIGKILL');
      const root = join(world(worker), 'shop');
      await withLock(root, () => recover(root));
      expect(stateOf(world(worker)), show(moment)).toEqual(after);
    });
  });

  test('says truly what happened when a system call fails', async () => {
    const errors: Record<string, string> = {
      write: 'ENOSPC',
      openat: 'EACCES',
      mkdir: 'EROFS',
      link: 'EACCES',
    };
    const { before, after, moments } = await measure('existing');
    const seen = { unchanged: 0, half: 0, done: 0 };
    await forEachOf(moments, async (moment, worker) => {
      const base = resetWorld(worker, 'existing');
      const root = join(base, 'shop');
      const inject = `${moment.call}:error=${errors[moment.call] ?? 'EIO'}:when=${moment.nth}`;
      const { code, stderr } = await trace(argsFor(worker, 2), { inject });
      if (code === 0) {
        // Only tidying up afterwards may fail without a word.
        expect(stderr, show(moment)).toBe('');
        await withLock(root, () => recover(root));
        expect(stateOf(base), show(moment)).toEqual(after);
        seen.done++;
      } else if (stderr.includes('half done')) {
        await withLock(root, () => recover(root));
        expect(stateOf(base), show(moment)).toEqual(after);
        seen.half++;
      } else {
        expect({ code, stderr }, show(moment)).toEqual({
          code: 1,
          stderr: expect.stringMatching(/; no file was changed\n$/),
        });
        if (errors[moment.call] === 'ENOSPC') expect(stderr).toMatch(/^no space left (writing|locking) /);
        // A lock that could not be removed belongs to a process that is gone.
        await withLock(root, async () => {});
        expect(stateOf(base), show(moment)).toEqual(before);
        seen.unchanged++;
      }
    });
    expect(seen.unchanged).toBeGreaterThan(50);
    expect(seen.half).toBeGreaterThan(10);
    expect(seen.done).toBeLessThan(10);
  });
});
