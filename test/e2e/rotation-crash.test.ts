import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRotation } from '../../src/rotation/journal.ts';
import { stepsOf } from '../../src/rotation/machine.ts';
import { stepText } from '../../src/rotation/words.ts';
import { seededRandom } from '../corpus/seeded-random.ts';
import { requireDocker } from './docker.ts';
import { createSecureStack } from './generate.ts';
import {
  expectHardlyAny,
  expectWaysOut,
  Load,
  RotationStack,
  rotateStruck,
  sha256,
} from './rotation/fixture.ts';

/** `jobs` uses the services and is restarted in place; `api` is called over the network, so a new one starts beside it. */
const ANSWERS = `
services:
  postgres: {}
  redis: {}
apps:
  jobs:
    image: css-test/app:1
    user: 10001:10001
    needs: [postgres, redis]
    limits: { cpus: 2 }
    secrets:
      TOKEN_KEY: { kind: hmac }
  api:
    image: css-test/app:1
    user: 10001:10001
    routes: [{ host: localhost, path: / }]
    needs: [postgres]
    limits: { cpus: 2 }
    secrets:
      JWT_SECRET: { kind: hmac }
`;

/** Each kill costs a rotation and a recovery, so that all of them take a quarter of an hour: `ROTATION_EVERY=1`. */
const EVERY = Number(process.env['ROTATION_EVERY'] ?? 5);
/** Random instants beside them. */
const RANDOM_KILLS = Number(process.env['ROTATION_KILLS'] ?? 2);
const ALL = ['REDIS_APP_PASSWORD', 'POSTGRES_PASSWORD', 'JOBS_TOKEN_KEY'];
/** Its key is replaced again and again, long before the one before is due to go. */
const AGREED = ['--yes', '--accept-logout'];

describe.runIf(requireDocker())('a rotation that is killed', () => {
  let shop: RotationStack;
  let kills = 0;

  beforeAll(async () => {
    shop = await RotationStack.start('rotkill', ANSWERS, { quick: ['api', 'jobs'] });
  });
  afterAll(async () => {
    process.stdout.write(`kill -9 in the middle of a rotation: ${kills} times\n`);
    await shop?.stack.remove();
  });

  /** What has to hold whenever no rotation is open. */
  async function expectSettled(before: Record<string, string>): Promise<void> {
    expect(shop.isOpen).toBe(false);
    const after = shop.env();
    for (const id of ['REDIS_APP_PASSWORD', 'REDIS_ADMIN_PASSWORD']) {
      const user = id === 'REDIS_APP_PASSWORD' ? 'app' : 'admin';
      expect(await shop.redisAccepts('jobs', user, after[id]!)).toBe(true);
      if (before[id] !== after[id]) expect(await shop.redisAccepts('jobs', user, before[id]!)).toBe(false);
    }
    expect(await shop.postgresAccepts('jobs', 'postgres', after['POSTGRES_PASSWORD']!)).toBe(true);
    const app = (env: Record<string, string>): Promise<boolean> =>
      shop.postgresAccepts('jobs', env['POSTGRES_APP_ROLE']!, env['POSTGRES_APP_PASSWORD']!);
    expect(await app(after)).toBe(true);
    if (before['POSTGRES_APP_PASSWORD'] !== after['POSTGRES_APP_PASSWORD'])
      expect(await app(before)).toBe(false);
    await shop.expectWorking('jobs');
    expect(await shop.seen('jobs', 'TOKEN_KEY')).toBe(sha256(after['JOBS_TOKEN_KEY']!));
    expect(await shop.seen('jobs', 'TOKEN_KEY_PREVIOUS')).toBe(sha256(after['JOBS_TOKEN_KEY_PREVIOUS']!));
    const files = shop.secretFiles();
    expect(files['jobs_token_key']).toBe(after['JOBS_TOKEN_KEY']);
    expect(files['postgres_password']).toBe(after['POSTGRES_PASSWORD']);
  }

  /** In words: which number it has depends on what is rotated. */
  function nextStep(): string {
    const journal = readRotation(join(shop.stack.dir, 'secrets/.rotation.json'));
    const next = journal && stepsOf(journal)[journal.done];
    return next ? stepText(next, 'ahead') : 'the journal';
  }

  /** Finishes or undoes what a kill left, and looks whether everything is well. */
  async function recover(
    way: 'resume' | 'rollback',
    before: Record<string, string>,
    ids: readonly string[] = ALL,
  ): Promise<string> {
    const killed = shop.env();
    const open = shop.isOpen;
    const where = `--${way} of a rotation that was killed at "${nextStep()}"`;
    const done = await shop.rotate(`--${way}`, '--yes');
    // Past the point of no return only the way on is left.
    const refused = way === 'rollback' && done.code === 3 && done.stderr.includes('no way back');
    if (refused) expect((await shop.rotate('--resume', '--yes')).code).toBe(0);
    else expect(`${done.code}\n${done.stderr}`, where).toMatch(/^0\n/);
    await expectSettled(before);
    const after = shop.env();
    if (!open) expect(after, where).toEqual(killed);
    else
      for (const id of ids)
        expect([id, after[id] === before[id]], where).toEqual([id, way === 'rollback' && !refused]);
    return refused ? 'resume' : way;
  }

  test(`at every ${EVERY === 1 ? '' : `${EVERY}th `}record of its journal, before or after it: it is finished or undone, and the app works`, async () => {
    const ways: string[] = [];
    for (let record = 1; ; record += EVERY) {
      const at = `${record}${ways.length % 4 < 2 ? '' : '+'}`;
      const before = shop.env();
      if ((await shop.rotateKilled(at, ...ALL, ...AGREED)) === 'done') break;
      kills += 1;
      if (record > 1) {
        // Nothing else may begin meanwhile, nor be taken for the stack's values.
        const other = await shop.rotate('REDIS_ADMIN_PASSWORD', '--yes');
        expect([other.code, other.stderr]).toEqual([3, expect.stringContaining('was interrupted')]);
      }
      ways.push(await recover(ways.length % 2 === 1 ? 'rollback' : 'resume', before));
    }
    expect(ways.length).toBeGreaterThan(12 / EVERY);
    expect(new Set(ways)).toEqual(new Set(['resume', 'rollback']));
  });

  test(`at ${RANDOM_KILLS} random instants`, async () => {
    const random = seededRandom(process.env['ROTATION_SEED'] ?? 'rotation');
    const started = Date.now();
    expect((await shop.rotate(...ALL, ...AGREED)).code).toBe(0);
    const length = Date.now() - started;
    const killsBefore = kills;
    for (let round = 0; round < RANDOM_KILLS; round++) {
      const before = shop.env();
      // The machine may be faster by then, and a run that has ended cannot be killed.
      const at = Math.floor((Buffer.from(random(4)).readUInt32BE() / 2 ** 32) * 0.7 * length);
      if ((await shop.rotateKilled(at, ...ALL, ...AGREED)) === 'done') continue;
      kills += 1;
      await recover(round % 2 === 0 ? 'resume' : 'rollback', before);
    }
    if (RANDOM_KILLS > 0) expect(kills).toBeGreaterThan(killsBefore);
  });

  test('check and status tell that one is open; the wizard’s own run refuses', async () => {
    expect(await shop.rotateKilled('2+', 'REDIS_APP_PASSWORD', '--yes')).toBe('killed');
    kills += 1;
    expect((await shop.run('check')).stdout).toContain('[rotation.open]');
    const status = await shop.run('status');
    expect([status.code, status.stdout]).toEqual([
      4,
      expect.stringContaining('--rollback brings the old values back'),
    ]);
    const again = await shop.stack.generate([], { allowFailure: true });
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('rotate --resume')]);
    // Asks the services where it stands, and leaves it there.
    const foreseen = await shop.rotate('--rollback', '--dry-run');
    expect([foreseen.code, foreseen.stdout]).toEqual([
      0,
      expect.stringContaining('REDIS_APP_PASSWORD: set the old password in its service'),
    ]);
    expect(shop.isOpen).toBe(true);
    expect((await shop.rotate('--rollback', '--yes')).code).toBe(0);
    expect((await shop.run('check')).stdout).toContain('Nothing wrong found');
  });

  test('a container that restarts in the middle sees the other side’s files; the way back makes it anew', async () => {
    const before = shop.env();
    // Files are written, the app is not restarted yet: it keeps the file it was started with.
    expect(await shop.rotateKilled('2+', 'JOBS_TOKEN_KEY', ...AGREED)).toBe('killed');
    kills += 1;
    const middle = shop.env();
    expect(middle['JOBS_TOKEN_KEY']).not.toBe(before['JOBS_TOKEN_KEY']);
    expect(await shop.seen('jobs', 'TOKEN_KEY')).toBe(sha256(before['JOBS_TOKEN_KEY']!));
    await shop.stack.compose(['restart', 'jobs']);
    await shop.expectWorking('jobs');
    expect(await shop.seen('jobs', 'TOKEN_KEY')).toBe(sha256(middle['JOBS_TOKEN_KEY']!));
    expect((await shop.rotate('--rollback', '--yes')).code).toBe(0);
    expect(await shop.seen('jobs', 'TOKEN_KEY')).toBe(sha256(before['JOBS_TOKEN_KEY']!));
    // What the app has signed with the new key meanwhile is still accepted.
    expect(await shop.seen('jobs', 'TOKEN_KEY_PREVIOUS')).toBe(sha256(middle['JOBS_TOKEN_KEY']!));
    await expectSettled(before);
  });

  test('services and the app that go down in the middle do not matter', async () => {
    const before = shop.env();
    expect(await shop.rotateKilled('4', ...ALL, ...AGREED)).toBe('killed');
    kills += 1;
    await shop.stack.compose(['restart', 'redis', 'postgres', 'jobs']);
    await recover('resume', before);
  });

  test('a database that is paused, and a network that is cut on the way back: told, and undone', async () => {
    const before = shop.env();
    const { postgres, redis } = await shop.stack.ids();
    const network = `${shop.stack.name}_jobs-redis`;
    const stopped = await rotateStruck(
      shop.stack.dir,
      { at: '5', command: `docker pause ${postgres}` },
      ...ALL,
      '--accept-logout',
    );
    expectWaysOut(
      stopped,
      /^error: postgres: is paused \(docker compose unpause postgres; nothing is lost: /,
    );
    await shop.stack.compose(['unpause', 'postgres']);
    const cut = `docker network disconnect ${network} ${redis}; (sleep 4; docker network connect --alias redis ${network} ${redis}) &`;
    const back = await rotateStruck(shop.stack.dir, { at: '1+', command: cut }, '--rollback');
    expect(`${back.code}\n${back.stderr}`).toMatch(/^0\n/);
    await expectSettled(before);
    for (const id of ALL) expect([id, shop.env()[id] === before[id]]).toEqual([id, true]);
  });

  test('services that are stopped between the proof and the restart of the app are started again', async () => {
    const before = shop.env();
    const { postgres, redis } = await shop.stack.ids();
    const command = `docker stop ${postgres} ${redis}`;
    const done = await rotateStruck(shop.stack.dir, { at: '6', command }, ...ALL, '--accept-logout');
    expect(`${done.code}\n${done.stderr}`).toMatch(/^0\n/);
    await expectSettled(before);
    for (const id of ALL) expect([id, shop.env()[id] !== before[id]]).toEqual([id, true]);
  });

  test('one password at a time: requests fail only between its change and the new container', async () => {
    const load = new Load(shop.stack, [{ host: 'localhost', path: '/db' }]);
    await sleep(2000);
    const done = await shop.rotate('POSTGRES_APP_PASSWORD', '--yes');
    const ended = Date.now();
    await sleep(2000);
    await load.stop();
    expect(done.code).toBe(0);
    const others = load.failures.filter(({ what }) => !what.includes('password authentication failed'));
    process.stdout.write(
      `one password at a time: ${load.total()} requests, ${load.failures.length} failed, over ${
        load.failures.length > 0 ? ((load.failures.at(-1)!.at - load.failures[0]!.at) / 1000).toFixed(1) : 0
      } s\n`,
    );
    expectHardlyAny(others);
    expect(load.failures.every(({ at }) => at < ended)).toBe(true);
  });

  test('a clone beside the old volume: no new passwords unasked; the data is told apart, and takes them when asked', async () => {
    const { dir, name } = shop.stack;
    // A login that `.env` would tell of; the apps' new one is another.
    const leftover = "CREATE ROLE app_a LOGIN PASSWORD 'leftover' IN ROLE app";
    await shop.stack.shell('postgres', `psql -X -U postgres -c "${leftover}"`);
    expect(await shop.postgresAccepts('api', 'app_a', 'leftover')).toBe(true);
    for (const lost of ['.env', 'secrets']) await rm(join(dir, lost), { recursive: true });
    const unasked = await createSecureStack([dir, '--yes'], { allowFailure: true });
    expect([unasked.code, unasked.stderr]).toEqual([3, expect.stringContaining(`${name}_postgres-data`)]);
    expect(existsSync(join(dir, '.env'))).toBe(false);

    const forced = await createSecureStack([dir, '--yes', '--force']);
    expect(`${forced.code}\n${forced.stderr}`).toMatch(/^0\n/);
    await shop.stack.compose(['up', '--detach', '--wait']);
    const before = [shop.env(), shop.secretFiles()];
    const words = / rotate (.*) --repair/.exec(forced.stdout)![1]!.split(' ');
    const refused = await shop.rotate(...words, '--yes');
    expect([refused.code, refused.stderr]).toEqual([
      3,
      expect.stringContaining('its data was set up with another one'),
    ]);
    expect([shop.env(), shop.secretFiles()]).toEqual(before);
    const repaired = await shop.rotate(...words, '--yes', '--repair');
    expect(`${repaired.code}\n${repaired.stderr}`).toMatch(/^0\n/);
    expect(await shop.postgresAccepts('api', 'app_a', 'leftover')).toBe(false);
    expect((await shop.stack.app('api', '/db'))['rows']).toEqual(['app|1']);
    expect(readFileSync(join(dir, 'secrets/postgres_app_password'), 'utf8')).toBe(
      shop.env()['POSTGRES_APP_PASSWORD'],
    );
  });

  describe('in another way', () => {
    // The clone's passwords are new to it.
    beforeAll(async () => {
      await shop.stack.compose(['restart', 'redis']);
      await shop.stack.compose(['up', '--detach', '--wait']);
    });
    const forget = async (): Promise<void> => {
      const { stdout } = await shop.stack.compose(['exec', '-T', 'redis', 'redis-cli', '-h', 'redis'], {
        input: `AUTH admin ${shop.env()['REDIS_ADMIN_PASSWORD']}\nACL SETUSER app resetpass #${'0'.repeat(64)}\n`,
      });
      expect(stdout).toMatch(/OK\s+OK/);
    };
    const twoRoles = (): Promise<unknown> =>
      shop.stack.generate(['--set', 'services.postgres.rotation=two-role']);

    test.each<[string, { ready?: () => Promise<unknown>; record: number; ids: string[]; flags?: string[] }]>([
      // The old passwords are ending.
      [
        'an emergency',
        { record: 9, ids: ['REDIS_APP_PASSWORD', 'POSTGRES_PASSWORD'], flags: ['--emergency'] },
      ],
      // Redis has read its file, which is not recorded yet.
      ['a repair', { ready: forget, record: 2, ids: ['REDIS_APP_PASSWORD'], flags: ['--repair'] }],
      // The apps have moved over.
      ['two roles', { ready: twoRoles, record: 7, ids: ['POSTGRES_APP_PASSWORD'] }],
    ])('%s', async (_what, { ready, record, ids, flags = [] }) => {
      const killsBefore = kills;
      for (let at = EVERY === 1 ? 1 : record; ; at++) {
        await ready?.();
        const before = shop.env();
        if ((await shop.rotateKilled(`${at}`, ...ids, ...flags, '--yes')) === 'done') break;
        kills += 1;
        await recover(at % 2 === 1 ? 'rollback' : 'resume', before, ids);
        if (EVERY !== 1) break;
      }
      // A record that is not reached any more would prove nothing.
      expect(kills).toBeGreaterThan(killsBefore);
    });
  });
});
