/**
 * What a rotation meets before it begins: passwords that their services refuse, services that are paused, replaced keys
 * that are still accepted. Everything of the program runs but docker itself.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { simulated } from './rotation/simulated.ts';

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
    needs: [postgres, redis]
    secrets:
      TOKEN_KEY: { kind: hmac }
`;
const { journal, fresh, rotate } = simulated(ANSWERS);

describe('a password that its service refuses', () => {
  const REDIS = 'REDIS_APP_PASSWORD';

  test.each([
    [REDIS, 'redis', '--repair restarts redis, which makes it read the file'],
    ['POSTGRES_APP_PASSWORD', 'postgres', '--repair sets a new one from inside the container of postgres'],
  ])('%s: in the plan, with what repairs it; nothing is changed', async (id, service, hint) => {
    const { machine, before } = fresh();
    machine.forget(service);
    for (const more of [['--dry-run'], []]) {
      const { code, stdout, stderr } = await rotate(id, ...more);
      expect([code, (stdout + stderr).replaceAll(/\s+/g, ' ')]).toEqual([3, expect.stringContaining(hint)]);
    }
    expect([existsSync(journal), machine.env()]).toEqual([false, before]);
  });

  test('--repair: the service is restarted first, which the plan says and which is a step', async () => {
    const { machine } = fresh();
    machine.forget('redis');
    const foreseen = await rotate(REDIS, '--repair', '--dry-run');
    expect([foreseen.code, foreseen.stdout]).toEqual([
      0,
      expect.stringContaining('Restarted first, to read the passwords on disk: redis.'),
    ]);
    const { code, stderr } = await rotate(REDIS, '--repair');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^ +1\/\d+ {2}redis: restarted, /m)]);
    expect(machine.accepts('redis app', machine.env()[REDIS]!)).toBe(true);
  });

  test('an app that is unhealthy because of it: healed by --repair, unless it needs what is not', async () => {
    const id = 'POSTGRES_APP_PASSWORD';
    const { machine } = fresh();
    machine.jobsLogIn = true;
    machine.forget('postgres');
    machine.befall('jobs', 'unhealthy');
    const told = await rotate(id);
    expect([told.code, told.stderr]).toEqual([3, expect.stringMatching(/^error: .*does not accept/m)]);
    const repaired = await rotate(id, '--repair');
    expect([repaired.code, repaired.stderr]).toEqual([0, expect.any(String)]);
    expect(machine.running('jobs')).toEqual([expect.objectContaining({ healthy: true })]);
    machine.forget('postgres');
    machine.befall('redis', 'unhealthy');
    const refused = await rotate(id, '--repair');
    expect([refused.code, refused.stderr]).toEqual([
      3,
      expect.stringMatching(/^error: redis is not healthy/),
    ]);
  });

  test.each(['resume', 'rollback'])(
    '--repair that is interrupted before and after the restart: %s',
    async (way) => {
      for (const steps of [0, 1]) {
        const { machine, before } = fresh();
        machine.forget('redis');
        machine.atCall = (call) => {
          if (
            !machine.trouble &&
            existsSync(journal) &&
            JSON.parse(readFileSync(journal, 'utf8')).done >= steps
          )
            machine.trouble = { at: call, what: 'the daemon is gone' };
        };
        expect((await rotate(REDIS, '--repair')).code).toBe(1);
        machine.atCall = undefined;
        machine.mend();
        // It would have read the file again.
        if (steps === 0) machine.forget('redis');
        const { code, stderr } = await rotate(`--${way}`);
        expect([code, stderr]).toEqual([0, expect.any(String)]);
        const now = machine.env()[REDIS]!;
        expect([now === before[REDIS], machine.accepts('redis app', now)]).toEqual([
          way === 'rollback',
          true,
        ]);
      }
    },
  );
});

test('a service that is paused: how it goes on', async () => {
  const { machine } = fresh();
  machine.trouble = { at: 1, what: 'postgres is paused' };
  const { code, stdout } = await rotate('POSTGRES_APP_PASSWORD');
  expect([code, stdout]).toEqual([
    3,
    expect.stringMatching(/postgres is paused \(docker\s+compose unpause postgres\)/),
  ]);
});

describe('a replaced signing key whose time is not over', () => {
  const KEY = 'JOBS_TOKEN_KEY';
  async function rotated(): Promise<ReturnType<typeof fresh>> {
    const made = fresh();
    expect((await rotate(KEY)).code).toBe(0);
    return made;
  }

  test('another rotation ends the sessions that it signed: only when that is agreed, or when it is due', async () => {
    const { machine } = await rotated();
    const [older, key] = [machine.env()[`${KEY}_PREVIOUS`], machine.env()[KEY]];
    const refused = await rotate(KEY);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/sessions signed with JOBS_TOKEN_KEY_PREVIOUS would end.*--accept-logout/),
    ]);
    expect(machine.env()[`${KEY}_PREVIOUS`]).toBe(older);
    expect((await rotate(KEY, '--accept-logout')).code).toBe(0);
    expect(machine.env()[`${KEY}_PREVIOUS`]).toBe(key);
    machine.now += 25 * 3_600_000;
    vi.setSystemTime(machine.now);
    expect((await rotate(KEY)).code).toBe(0);
  });

  test('--retire says when it is due and how it goes now; a class is heeded', async () => {
    const { machine } = await rotated();
    const key = (): string => machine.env()[`${KEY}_PREVIOUS`]!;
    for (const more of [[], ['--class', 'external']]) {
      const { code, stdout } = await rotate('--retire', ...more);
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(/JOBS_TOKEN_KEY_PREVIOUS\s+due in 1 d \(rotate --retire/),
      ]);
      expect(key()).not.toBe('');
    }
    expect((await rotate('--retire', '--class', 'signing')).code).toBe(2);
    expect((await rotate('--retire', '--class', 'signing', '--accept-logout')).code).toBe(0);
    expect(key()).toBe('');
  });
});
