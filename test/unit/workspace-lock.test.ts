import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT, UserError } from '../../src/errors.ts';
import { withLock } from '../../src/workspace/index.ts';
import { currentProcess, isRunning } from '../../src/workspace/process-identity.ts';
import { Folder } from './workspace-fixture.ts';

const LOCK = '.secure-stack/lock';
const TOKEN = '0123456789abcdef01234567';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

/** A lock file as another process would have left it. */
function plant(holder: object, name = LOCK): void {
  folder.write(
    name,
    JSON.stringify({ ...currentProcess(), token: TOKEN, since: '2026-01-02T03:04:05Z', ...holder }),
  );
}

const nobody = { pid: 2 ** 22 + 1 };

describe('withLock', () => {
  test('gives the result and leaves nothing behind, not even the folder', async () => {
    const before = folder.state();
    expect(await withLock(folder.path('a/b'), async () => folder.has('a/b/.secure-stack/lock'))).toBe(true);
    expect(folder.state()).toEqual(before);
  });

  test('is released when the action throws, and keeps what it wrote', async () => {
    const failing = withLock(folder.root, async () => {
      folder.write('x', '');
      throw new Error('boom');
    });
    await expect(failing).rejects.toThrow('boom');
    expect([folder.has('x'), folder.has('.secure-stack')]).toEqual([true, false]);
  });

  test('refuses a second holder, and names the first', async () => {
    await withLock(folder.root, async () => {
      const second = withLock(folder.root, async () => 'ran');
      await expect(second).rejects.toMatchObject({ exit: EXIT.refused });
      await expect(second).rejects.toThrow(new RegExp(`process ${process.pid}, since \\d{4}-`));
      expect(folder.has(LOCK)).toBe(true);
    });
    expect(await withLock(folder.root, async () => 'ran')).toBe('ran');
  });

  test.each([
    ['a process that is gone', nobody],
    ['a process whose number was given to another', { started: '1' }],
    ['an earlier boot', { boot: 'another' }],
  ])('takes the lock of %s over at once', async (_, holder) => {
    plant(holder);
    expect(await withLock(folder.root, async () => JSON.parse(folder.read(LOCK)).pid)).toBe(process.pid);
    expect(folder.has('.secure-stack')).toBe(false);
  });

  test('finishes for a taker that died while taking over', async () => {
    plant(nobody);
    plant({ ...nobody, token: 'f'.repeat(24) }, `${LOCK}.${TOKEN}`);
    plant({ ...nobody, token: 'e'.repeat(24) }, `.secure-stack/.lock.css-${'e'.repeat(24)}.tmp`);
    await withLock(folder.root, async () => {});
    expect(folder.has('.secure-stack')).toBe(false);
  });

  test('waits for a taker that is alive', async () => {
    plant(nobody);
    plant({}, `${LOCK}.${TOKEN}`);
    await expect(withLock(folder.root, async () => {})).rejects.toMatchObject({ exit: EXIT.refused });
    expect(folder.has(`${LOCK}.${TOKEN}`)).toBe(true);
  });

  test('does not judge a process on another machine', async () => {
    plant({ ...nobody, host: `not-${hostname()}` });
    await expect(withLock(folder.root, async () => {})).rejects.toThrow(/on not-.*delete/);
  });

  test.each(['', '{}', 'null', 'text'])('refuses a lock file that is none: %j', async (text) => {
    folder.write(LOCK, text);
    await expect(withLock(folder.root, async () => {})).rejects.toBeInstanceOf(UserError);
    expect(folder.read(LOCK)).toBe(text);
  });
});

describe('isRunning', () => {
  test('knows this process and its parent', () => {
    expect(isRunning(currentProcess())).toBe(true);
    expect(isRunning({ pid: process.ppid, host: hostname() })).toBe(true);
  });

  test.runIf(process.platform === 'linux')('records when the process started', () => {
    const ticks = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ')[19];
    expect(currentProcess()).toMatchObject({
      pid: process.pid,
      started: ticks,
      boot: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});
