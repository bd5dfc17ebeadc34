/** A full disk, a read-only one, another user's, an odd umask, and several runs at once: with real ones of each. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { inCi } from '../in-ci.ts';
import {
  buildChild,
  canMount,
  contentsOf,
  type Ended,
  isAvailable,
  run,
  temporaryFolder,
  trace,
} from './workspace-machine.ts';

const scratch = temporaryFolder();
const base = join(scratch.path, 'base');
const root = join(base, 'shop');
const answers = join(scratch.path, 'tree.json');
let child: string;

beforeAll(async () => {
  child = await buildChild(scratch.path);
  chmodSync(scratch.path, 0o755);
});
beforeEach(() => {
  rmSync(base, { recursive: true, force: true });
  mkdirSync(base);
});
afterAll(() => scratch.dispose());

function treeOf(text: string): object {
  const files = [
    { path: 'conf/app.conf', content: text.repeat(5000), mode: 0o644, class: 'generated' },
    { path: 'run.sh', content: text.repeat(100), mode: 0o755, class: 'generated' },
    { path: '.env', content: `A=${text}`, mode: 0o600, class: 'secret' },
    { path: 'secrets/key', content: text, mode: 0o444, class: 'secret' },
  ];
  return { files, directories: [{ path: 'secrets', mode: 0o700 }] };
}

function apply(text: string, options: { uid?: number; gid?: number; umask?: string } = {}): Promise<Ended> {
  writeFileSync(answers, JSON.stringify(treeOf(text)));
  const { umask = '022', ...user } = options;
  const script = `umask ${umask}; exec "$0" "$@"`;
  return run('sh', ['-c', script, process.execPath, child, 'apply', root, answers], user);
}

const hasStrace = isAvailable('strace', 'strace', '-qq', '-o', '/dev/null', 'true');
describe.skipIf(!canMount())('a disk', () => {
  function withDisk(options: string, action: () => Promise<void>): Promise<void> {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', base]);
    return action().finally(() => execFileSync('umount', [base]));
  }

  test('that gets full at any point leaves the old state', async () => {
    await withDisk('size=512k', async () => {
      expect(await apply('one ')).toMatchObject({ code: 0, stderr: '' });
      const filler = join(base, 'filler');
      const outcomes: string[] = [];
      for (let pages = 0; outcomes.at(-1) !== 'done'; pages++) {
        expect(pages).toBeLessThan(100);
        const free = Number(execFileSync('stat', ['-f', '-c', '%a', base], { encoding: 'utf8' }));
        writeFileSync(filler, Buffer.alloc((free - pages) * 4096));
        const before = contentsOf(base);
        const { code, stderr } = await apply('two ');
        if (code === 0) {
          outcomes.push('done');
        } else {
          expect({ code, stderr }).toEqual({
            code: EXIT.failed,
            stderr: expect.stringMatching(/^no space left (writing|locking) .+; no file was changed\n$/),
          });
          expect(contentsOf(base)).toEqual(before);
          outcomes.push(stderr);
        }
        rmSync(filler);
      }
      expect(new Set(outcomes).size).toBeGreaterThan(4);
      expect(readFileSync(join(root, '.env'), 'utf8')).toBe('A=two ');
    });
  });

  test('that is read-only is left alone, and said so', async () => {
    await withDisk('size=512k', async () => {
      await apply('one ');
      const before = contentsOf(base);
      execFileSync('mount', ['-o', 'remount,ro', base]);
      const { code, stderr } = await apply('two ');
      expect([code, stderr]).toEqual([
        EXIT.failed,
        expect.stringMatching(/read-only.*; no file was changed/),
      ]);
      expect(contentsOf(base)).toEqual(before);
      expect(await apply('one ')).toMatchObject({ code: EXIT.failed });
    });
  });
});

describe.skipIf(process.geteuid?.() !== 0 && !inCi())('the folder of another user', () => {
  const nobody = { uid: 65534, gid: 65534 };

  test('is left alone, and said so', async () => {
    await apply('one ');
    const before = contentsOf(base);
    const { code, stderr } = await apply('two ', nobody);
    expect([code, stderr]).toEqual([
      EXIT.failed,
      expect.stringMatching(/no permission.*; no file was changed/),
    ]);
    expect(contentsOf(base)).toEqual(before);
  });

  test('gets no secrets, even where it may be written to', async () => {
    mkdirSync(root);
    execFileSync('chown', ['65533', root]);
    const { code, stderr } = await apply('one ');
    expect([code, stderr]).toEqual([EXIT.refused, expect.stringMatching(/belongs to another user/)]);
    expect(Object.keys(contentsOf(root))).toEqual([]);
  });
});

test.each(['000', '022', '077', '0777'])('umask %s changes no permissions', async (umask) => {
  expect(await apply('one ', { umask })).toMatchObject({ code: 0, stderr: '' });
  expect(await apply('two ', { umask })).toMatchObject({ code: 0, stderr: '' });
  const modes = Object.entries(contentsOf(root)).map(([path, text]) => `${path} ${text.split(' ')[0]}`);
  expect(modes).toEqual([
    '.env 600',
    '.secure-stack 755',
    '.secure-stack/base 755',
    '.secure-stack/base/conf 755',
    '.secure-stack/base/conf/app.conf 644',
    '.secure-stack/base/run.sh 644',
    '.secure-stack/manifest.json 644',
    'conf 755',
    'conf/app.conf 644',
    'run.sh 755',
    'secrets 700',
    'secrets/key 444',
  ]);
});

test.skipIf(!hasStrace)('every file is private, new and no link from its first system call on', async () => {
  const log = join(scratch.path, 'trace');
  writeFileSync(answers, JSON.stringify(treeOf('one ')));
  await trace([process.execPath, child, 'apply', root, answers], { log });
  const opened = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(base) && line.includes('O_CREAT'));
  expect(opened.length).toBeGreaterThan(8);
  for (const line of opened) expect(line).toMatch(/O_WRONLY\|O_CREAT\|O_EXCL\|O_NOFOLLOW\|O_CLOEXEC, 0600\)/);
});

describe('several runs at once', () => {
  const deadLock = () => {
    mkdirSync(join(root, '.secure-stack'), { recursive: true });
    const holder = {
      pid: 2 ** 22 + 1,
      host: hostname(),
      token: 'a'.repeat(24),
      since: '2026-01-02T03:04:05Z',
    };
    writeFileSync(join(root, '.secure-stack/lock'), JSON.stringify(holder));
  };

  test.each([
    ['a free folder', () => {}],
    ['a folder whose lock is dead', deadLock],
  ])('for %s: one works, the others are told who', async (_, prepare) => {
    prepare();
    const end = join(base, 'end');
    let refused = 0;
    const runs = Array.from({ length: 5 }, async () => {
      const ended = await run(process.execPath, [child, 'hold', root, end]);
      if (ended.code !== 0 && ++refused === 4) writeFileSync(end, '');
      return ended;
    });
    const ended = await Promise.all(runs);
    const losers = ended.filter(({ code }) => code !== 0);
    expect(losers).toHaveLength(4);
    for (const { code, stderr } of losers) {
      expect([code, stderr]).toEqual([EXIT.refused, expect.stringMatching(/process \d+, since 20/)]);
    }
    expect(Object.keys(contentsOf(base)).filter((path) => path.includes('lock'))).toEqual([]);
  });

  test.skipIf(!hasStrace)(
    'never two inside, though every holder dies without giving the lock back',
    async () => {
      const inside = join(base, 'inside');
      // Slow steps of different length hold the windows between checking the lock and changing it open.
      const runs = Array.from({ length: 12 }, (_, index) =>
        trace([process.execPath, child, 'die', root, inside], {
          inject: `?link,?linkat,?unlink,?unlinkat,?rename,?renameat:delay_enter=${(index % 4) * 7}ms`,
        }),
      );
      for (const ended of await Promise.all(runs)) {
        expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' });
      }
    },
  );
});
