/**
 * A rotation on a disk that gets full or read-only, and with a database, a network or a Docker Engine that goes away, at
 * each call of the system or of docker: what is on disk always holds a password that works, the message is one line, and
 * the way on and the way back lead to the end once the trouble is over. Everything of the program runs but docker itself.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { Disk } from './rotation/disk.ts';
import { type Machine, TROUBLES } from './rotation/machine.ts';
import { type Ended, simulated } from './rotation/simulated.ts';
import { canMount } from './workspace-machine.ts';

/** `jobs` is called over the network, so a new one starts beside the old one; `vars` is restarted in place. */
const ANSWERS = `
version: 1
name: shop
environment: development
domains: [localhost]
tls: { mode: dev-ca }
services:
  postgres: {}
  redis: {}
apps:
  jobs:
    image: acme/jobs:1
    routes: [{ path: / }]
    needs: [postgres, redis]
    secrets:
      TOKEN_KEY: { kind: hmac }
  vars:
    image: acme/vars:1
    delivery: variable
    needs: [postgres, redis]
`;
/** Who logs in with it; a signing key nobody. */
const USERS = {
  REDIS_APP_PASSWORD: 'redis app',
  REDIS_ADMIN_PASSWORD: 'redis admin',
  POSTGRES_APP_PASSWORD: 'app',
  JOBS_TOKEN_KEY: undefined,
};
const ALL = Object.keys(USERS);

/** Every call would take minutes: `ROTATION_EVERY=1`. */
const EVERY = Number(process.env['ROTATION_EVERY'] ?? 5);
if (EVERY === 1) vi.setConfig({ testTimeout: 900_000 });
type Way = 'resume' | 'rollback';
const waysAt = (at: number): Way[] =>
  EVERY === 1 ? ['resume', 'rollback'] : [at % 2 === 0 ? 'resume' : 'rollback'];

const { base, folder, journal, rotate, ...stack } = simulated(ANSWERS);
const disk = new Disk(folder);
afterEach(() => disk.restore());

function fresh(): ReturnType<typeof stack.fresh> {
  disk.restore();
  const made = stack.fresh();
  // A rotation neither reads nor writes them.
  for (const name of ['nginx', 'firewall', '.secure-stack/base'])
    rmSync(join(folder, name), { recursive: true });
  return made;
}

/** One line says what is wrong, without a trace; and what to do, when a rotation is open. */
function expectOneLine({ code, stderr }: Pick<Ended, 'code' | 'stderr'>): void {
  const lines = stderr.trimEnd().split('\n');
  const first = lines.findIndex((line) => line.startsWith('error: '));
  expect(lines.slice(first)).toEqual([expect.stringMatching(/^error: .+/)]);
  expect(stderr).not.toMatch(/^ +at .*:|This is a bug|ENOSPC|EROFS/m);
  expect([lines.at(-1), code, lines.at(-1)!.includes('rotate --resume')]).toEqual([
    lines.at(-1),
    EXIT.failed,
    existsSync(journal),
  ]);
}

/** Who has the folder gets in everywhere. */
function expectAWayIn(machine: Machine): void {
  const texts = [join(folder, '.env'), journal].map((path) =>
    existsSync(path) ? readFileSync(path, 'utf8') : '',
  );
  const words = texts
    .join('\n')
    .split(/[\s=",]+/)
    .filter((word) => /^\w{43}$/.test(word));
  for (const user of Object.values(USERS))
    expect([user, user === undefined || words.some((word) => machine.accepts(user, word))]).toEqual([
      user,
      true,
    ]);
}

/** A rotation that failed: told in one line, and nobody is locked out; nor by another try while the trouble goes on. */
async function expectSafe(machine: Machine, ended: Ended, way: Way): Promise<void> {
  expectAWayIn(machine);
  expectOneLine(ended);
  disk.again();
  const again = await rotate(`--${way}`);
  if (again.code !== EXIT.ok && again.code !== EXIT.refused && !again.stderr.includes('locking'))
    expectOneLine(again);
  expectAWayIn(machine);
}

/** The trouble is over: the way on or back comes to its end, and every service has one password, which everybody has. */
async function expectSettled(machine: Machine, before: Record<string, string>, way: Way): Promise<void> {
  disk.restore();
  machine.mend();
  const wasOpen = existsSync(journal);
  let ended = await rotate(`--${way}`);
  const noWayBack = ended.code === EXIT.refused && ended.stderr.includes('no way back');
  if (noWayBack) ended = await rotate('--resume');
  expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
  const after = machine.env();
  for (const [id, user] of Object.entries(USERS)) {
    if (user !== undefined) {
      expect([id, machine.accepts(user, after[id]!)]).toEqual([id, true]);
      if (after[id] !== before[id]) expect([id, machine.accepts(user, before[id]!)]).toEqual([id, false]);
    }
    if (wasOpen) expect([id, after[id] === before[id]]).toEqual([id, way === 'rollback' && !noWayBack]);
  }
  for (const app of ['jobs', 'vars'] as const) {
    const containers = machine.seen(app);
    expect([app, containers.length]).toEqual([app, 1]);
    expect(after).toMatchObject(containers[0]!);
  }
  expect(readdirSync(join(folder, 'secrets')).filter((name) => /rotation|tmp$/.test(name))).toEqual([]);
  expect(readdirSync(join(folder, '.secure-stack'))).toEqual(['manifest.json']);
}

test.each(['ENOSPC', 'EROFS'] as const)('the disk answers %s from some call on', async (code) => {
  const told = new Set<string>();
  let at = code === 'ENOSPC' ? 1 : 2;
  for (let isOver = false; !isOver; at += EVERY) {
    for (const way of waysAt(at)) {
      const { machine, before } = fresh();
      disk.fail(code, at);
      const ended = await rotate(...ALL);
      isOver = ended.code === EXIT.ok;
      if (isOver) continue;
      // No rotation is open: then none has begun, and that is told.
      if (!existsSync(journal)) {
        expect(ended.stderr).toMatch(/; (nothing|no file) was changed/);
        expect(machine.env()).toEqual(before);
      }
      told.add(/(?:writing|removing|locking|taking back).*?;[^;(]+/.exec(ended.stderr)?.[0] ?? ended.stderr);
      await expectSafe(machine, ended, way);
      await expectSettled(machine, before, way);
    }
  }
  expect(at).toBeGreaterThan(100);
  expect([...told].filter((one) => !/^(writing|removing|locking|taking back) /.test(one))).toEqual([]);
  expect(told.size).toBeGreaterThan(5);
});

test.each(TROUBLES)('%s', async (what) => {
  const codes = new Set<number>();
  const first = 1 + (TROUBLES.indexOf(what) % EVERY);
  for (let at = first, isOver = false; !isOver; at += EVERY) {
    for (const way of waysAt(at)) {
      const { machine, before } = fresh();
      machine.trouble = { at, what };
      const ended = await rotate(...ALL);
      isOver = machine.calls < at;
      if (isOver) continue;
      codes.add(ended.code);
      // A service that is seen to be down beforehand: nothing begins.
      if (ended.code === EXIT.refused) expect(ended.stderr).toMatch(/Nothing was changed/);
      if (ended.code === EXIT.failed) await expectSafe(machine, ended, way);
      await expectSettled(machine, before, ended.code === EXIT.ok ? 'resume' : way);
    }
  }
  codes.delete(EXIT.refused);
  // What restarts by itself is waited for.
  expect(codes.has(EXIT.failed)).toBe(!what.endsWith('restarts'));
});

test('a journal that cannot be read afterwards does not hide what went wrong', async () => {
  const { machine } = fresh();
  machine.trouble = { at: 12, what: 'postgres is paused' };
  machine.atCall = (call) => {
    if (call >= 12) writeFileSync(journal, 'damaged');
  };
  const ended = await rotate('POSTGRES_APP_PASSWORD', 'REDIS_APP_PASSWORD');
  expect([ended.code, ended.stderr]).toEqual([
    EXIT.failed,
    expect.stringMatching(/^error: .*is paused \(.*run rotate again to see where it stands\)$/m),
  ]);
});

describe.skipIf(!canMount())('a real disk', () => {
  test.each([6, 20, 40])('that somebody else fills at the %dth call of docker', async (at) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', base]);
    try {
      const { machine, before } = fresh();
      const filler = join(base, 'filler');
      machine.atCall = (call) => {
        if (call === at) spawnFiller(filler);
      };
      const ended = await rotate(...ALL);
      expect(ended.stderr).toContain('no space left');
      const way = at === 20 ? 'rollback' : 'resume';
      await expectSafe(machine, ended, way);
      rmSync(filler);
      await expectSettled(machine, before, way);
    } finally {
      execFileSync('umount', [base]);
    }
  });
});

function spawnFiller(path: string): void {
  execFileSync('sh', ['-c', 'cat /dev/zero > "$0" 2>/dev/null || true', path]);
}
