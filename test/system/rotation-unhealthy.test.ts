/**
 * Containers that stop or are unhealthy before, during or after a rotation: what is said at its end is so, and either way
 * leads to an end. Everything of the program runs but docker itself.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { program } from '../program.ts';
import type { Machine } from './rotation/machine.ts';
import { type Ended, simulated } from './rotation/simulated.ts';

/** A new container of `jobs` starts beside the old one; `vars` is restarted in place. */
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
    routes: [{ path: /, auth: basic }]
    needs: [postgres, redis]
  vars:
    image: acme/vars:1
    delivery: variable
    needs: [redis]
`;
const ID = 'REDIS_APP_PASSWORD';
/** Of a rotation of it alone: files, accept, prove, files, jobs, vars, files, revoke, refuse. */
const STEPS = { jobs: 5, vars: 6, all: 9 };

const { folder, journal, fresh, rotate } = simulated(ANSWERS);

const done = (): number => (existsSync(journal) ? JSON.parse(readFileSync(journal, 'utf8')).done : -1);

/** Something happens once, at the first call of docker after so many steps. */
function onceAfter(steps: number, machine: Machine, happen: () => void): void {
  let isOver = false;
  machine.atCall = () => {
    if (isOver || done() < steps) return;
    isOver = true;
    happen();
  };
}

/** The daemon goes away after so many steps, and comes back. */
async function interrupted(
  steps: number,
  { more = [], made = fresh() }: { more?: string[]; made?: ReturnType<typeof fresh> } = {},
): Promise<ReturnType<typeof fresh>> {
  const { machine } = made;
  onceAfter(steps, machine, () => {
    machine.trouble = { at: machine.calls, what: 'the daemon is gone' };
  });
  expect((await rotate(ID, ...more)).code).toBe(1);
  expect(done()).toBeGreaterThanOrEqual(steps);
  machine.mend();
  return made;
}

/** One value everywhere, and no journal. */
function expectOneValue(machine: Machine, { code, stderr }: Ended, exit: number): void {
  expect([code, stderr, existsSync(journal)]).toEqual([exit, expect.any(String), false]);
  const value = machine.env()[ID]!;
  expect(machine.accepts('redis app', value)).toBe(true);
  for (const app of ['jobs', 'vars'] as const)
    expect(machine.seen(app)).toEqual([expect.objectContaining({ [ID]: value })]);
}

describe('an app that stops', () => {
  test.each(['jobs', 'vars'] as const)(
    '%s, while a rotation is open: started by the way on, which proves all again',
    async (app) => {
      const { machine } = await interrupted(7);
      machine.befall(app, 'exited');
      const ended = await rotate('--resume');
      expectOneValue(machine, ended, 0);
      expect(ended.stdout).toContain('Healthy with the new values: jobs, vars.');
      expect(ended.stdout).toContain(`${ID}: new password logs in over the network`);
      expect(ended.stdout).toContain(`${ID}: old password is refused`);
    },
  );

  test('on the way back, after its turn', async () => {
    const { machine, before } = await interrupted(STEPS.jobs);
    onceAfter(4, machine, () => machine.befall('jobs', 'exited'));
    const ended = await rotate('--rollback');
    expectOneValue(machine, ended, 0);
    expect(machine.env()[ID]).toBe(before[ID]);
  });

  test('after its turn, in a run that nothing interrupts', async () => {
    const { machine } = fresh();
    onceAfter(STEPS.vars, machine, () => machine.befall('vars', 'exited'));
    expectOneValue(machine, await rotate(ID), 0);
  });
});

describe('an edge that stops', () => {
  test.each([
    ['--resume', 'new'],
    ['--rollback', 'old'],
  ])('before it has the certificate, then %s: it is not said to serve it', async (way) => {
    const { machine } = fresh();
    // The CA is as new as the folder.
    machine.now = vi.getRealSystemTime();
    vi.setSystemTime(machine.now);
    onceAfter(1, machine, () => {
      machine.trouble = { at: machine.calls, what: 'the daemon is gone' };
    });
    const stopped = await rotate('CERTIFICATE');
    expect([stopped.code, stopped.stdout + stopped.stderr]).toEqual([1, expect.any(String)]);
    machine.mend();
    machine.befall('edge', 'exited');
    const { code, stdout, stderr } = await rotate(way);
    expect([code, stderr, existsSync(journal)]).toEqual([0, expect.any(String), false]);
    expect(stderr).toContain('edge: does not run; takes the certificate when it starts');
    expect(stdout).toContain(': CERTIFICATE.');
    expect(`${stderr}${stdout}`).not.toMatch(/serves the certificate|Healthy/);
  });
});

describe('unhealthy beforehand', () => {
  test.each(['jobs', 'redis'])('%s: refused before anything is changed, with what helps', async (service) => {
    const { machine, before } = fresh();
    machine.befall(service, 'unhealthy');
    for (const more of [[], ['--dry-run']]) {
      const { code, stderr } = await rotate(ID, ...more);
      expect([code, stderr]).toEqual([
        3,
        expect.stringMatching(
          new RegExp(`^error: ${service} is not healthy .*docker compose logs ${service}.*--force`),
        ),
      ]);
    }
    expect([existsSync(journal), machine.env()]).toEqual([false, before]);
  });

  test('an app that is not concerned does not matter', async () => {
    const { machine } = fresh();
    machine.befall('jobs', 'unhealthy');
    expect((await rotate('REDIS_ADMIN_PASSWORD')).code).toBe(0);
  });

  test('an app behind the edge does not matter to a login at the edge, which waits for nobody', async () => {
    const { machine } = fresh();
    machine.befall('jobs', 'unhealthy');
    const { code, stdout, stderr } = await rotate('EDGE_LOGIN_JOBS_PASSWORD');
    expect([code, stderr, stdout]).toEqual([0, expect.any(String), expect.stringContaining('Healthy')]);
  });

  test('with --force: in the plan and in that of the way on, it is away meanwhile', async () => {
    const made = fresh();
    made.machine.befall('jobs', 'unhealthy');
    made.machine.unhealthy.add('jobs');
    const away = /Restarted one after another, each away until it has started: jobs \(about \d+ s\), vars/;
    const planned = async (...args: string[]): Promise<string> =>
      (await rotate(...args, '--dry-run')).stdout.replaceAll(/\s+/g, ' ');
    expect(await planned(ID, '--force')).toMatch(away);
    await interrupted(2, { more: ['--force'], made });
    expect(await planned('--resume')).toMatch(away);
  });

  test('a service, with --force: a healthy app keeps its container, and the way back', async () => {
    const { machine, before } = fresh();
    machine.befall('redis', 'unhealthy');
    const { code, stderr } = await rotate(ID, '--force');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: .*is unhealthy.*--rollback/m)]);
    expect(machine.seen('jobs')).toEqual([expect.objectContaining({ [ID]: before[ID] })]);
    expectOneValue(machine, await rotate('--rollback'), 0);
  });

  test('rotated all the same with --force: it has the new value, and that it is unhealthy is said', async () => {
    const { machine, before } = fresh();
    machine.befall('jobs', 'unhealthy');
    machine.unhealthy.add('jobs');
    const ended = await rotate(ID, '--force');
    expectOneValue(machine, ended, 1);
    expect(machine.env()[ID]).not.toBe(before[ID]);
    expect(ended.stdout).toContain('Healthy with the new values: vars.');
    expect(ended.stdout).toMatch(/^Not healthy, .*: jobs, nor was it before/m);
  });
});

describe('new containers that do not become healthy', () => {
  /** A rotation that stops there. */
  async function stopped(app: 'jobs' | 'vars'): Promise<ReturnType<typeof fresh>> {
    const made = fresh();
    made.machine.unhealthy.add(app);
    const { code, stderr } = await rotate(ID);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(`${app}: its new container is unhealthy.*--rollback`),
    ]);
    return made;
  }

  test.each(['jobs', 'vars'] as const)('%s, mended: made anew by the way on', async (app) => {
    const { machine } = await stopped(app);
    machine.unhealthy.clear();
    expectOneValue(machine, await rotate('--resume'), 0);
    expect(machine.running(app)).toEqual([expect.objectContaining({ healthy: true })]);
  });

  test.each(['jobs', 'vars'] as const)(
    '%s, with the old value: the way back ends, and tells it',
    async (app) => {
      const { machine, before } = app === 'jobs' ? await interrupted(STEPS.jobs) : await stopped(app);
      machine.unhealthy.add(app);
      const ended = await rotate('--rollback');
      expectOneValue(machine, ended, 1);
      expect(machine.env()[ID]).toBe(before[ID]);
      expect(ended.stdout).toMatch(new RegExp(`^Not healthy, .*the old values: ${app} `, 'm'));
    },
  );
});

describe('unhealthy once the old values have ended, when no other way leads out: it ends, and tells it', () => {
  function expectEnd(machine: Machine, ended: Ended): void {
    expectOneValue(machine, ended, 1);
    expect(ended.stdout).toMatch(/^Not healthy, .*the new values: jobs \(docker compose logs jobs\)/m);
  }

  test('new containers of an emergency', async () => {
    const { machine } = fresh();
    machine.unhealthy.add('jobs');
    expectEnd(machine, await rotate(ID, '--emergency'));
  });

  test('those that the way on of an emergency makes', async () => {
    const { machine } = await interrupted(7, { more: ['--emergency'] });
    machine.unhealthy.add('jobs');
    expectEnd(machine, await rotate('--resume'));
  });

  test('in the last look', async () => {
    const { machine } = fresh();
    onceAfter(STEPS.all, machine, () => {
      machine.unhealthy.add('jobs');
      machine.befall('jobs', 'unhealthy');
    });
    expectEnd(machine, await rotate(ID));
  });

  test('in the last look, after an interruption', async () => {
    const { machine } = await interrupted(STEPS.all);
    machine.unhealthy.add('jobs');
    machine.befall('jobs', 'unhealthy');
    expectEnd(machine, await rotate('--resume'));
  });
});

test('a damaged journal: what the documentation says leads to an end', async () => {
  for (let steps = 1; steps < STEPS.all; steps += 2) {
    const { machine } = await interrupted(steps);
    writeFileSync(journal, '');
    const refused = await rotate('--resume');
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('move it away')]);
    renameSync(journal, `${folder}/../journal`);
    expect(program(['.', '--yes'], { cwd: folder, env: { CI: 'true' } }).code).toBe(0);
    machine.composeUp();
    expectOneValue(machine, await rotate('--class', 'engine', '--class', 'bootstrap', '--repair'), 0);
  }
});
