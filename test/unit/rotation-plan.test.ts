import { describe, expect, test } from 'vitest';
import { planLines } from '../../src/cli/rotation-report.ts';
import { rotationFiles } from '../../src/rotation/files.ts';
import type { Journal } from '../../src/rotation/journal.ts';
import { stepsOf, turnedBack } from '../../src/rotation/machine.ts';
import { canRoll, planRotation } from '../../src/rotation/plan.ts';
import { changedSecrets, openLines, stepText } from '../../src/rotation/words.ts';
import { SHOP, situationOf, stackOf } from './rotation-fixture.ts';

const shop = stackOf();
const all = shop.secrets
  .filter(({ kind }) => !['derived', 'previous', 'setting'].includes(kind))
  .map(({ id }) => id);

function changesOf(plan: ReturnType<typeof planRotation>): Record<string, [string, string]> {
  return Object.fromEntries(
    (plan.journal?.changes ?? []).map(({ id, before, after }) => [id, [before, after]]),
  );
}

test('a password of a service: the service first, then exactly the containers that see it', () => {
  const situation = situationOf(shop);
  const plan = planRotation(['POSTGRES_APP_PASSWORD'], situation);
  expect(plan.refused).toEqual([]);
  expect(plan.journal).toMatchObject({
    direction: 'forward',
    done: 0,
    credentials: [{ secret: 'POSTGRES_APP_PASSWORD', overlap: false }],
    dependents: ['api', 'jobs'],
  });
  const changes = changesOf(plan);
  expect(changes['POSTGRES_APP_PASSWORD']![0]).toBe(situation.env.values.get('POSTGRES_APP_PASSWORD'));
  expect(changes['POSTGRES_APP_PASSWORD']![1]).toMatch(/^[A-Za-z0-9]{43}$/);
  // A counter each that makes Compose see the change; none for the service, which goes on running.
  expect(changes['API_SECRETS_REV']).toEqual(['1', '2']);
  expect(Object.keys(changes).sort()).toEqual(['API_SECRETS_REV', 'POSTGRES_APP_PASSWORD']);
});

test('of two passwords the old one ends by itself; the only one ends when it is replaced, and that is what is said', () => {
  const said = (id: string): string[] =>
    stepsOf(planRotation([id], situationOf(shop)).journal!).flatMap((step) =>
      ['accept', 'revoke'].includes(step.do) ? [stepText(step, 'done').replace(`${id}: `, '')] : [],
    );
  expect(said('REDIS_APP_PASSWORD')).toEqual(['new password set in its service', 'old password ended']);
  // One that logs in as another role may be left from when there were two.
  expect(said('POSTGRES_APP_PASSWORD')).toEqual([
    'new password set in its service, the old one ends',
    'any other login ended',
  ]);
  expect(said('POSTGRES_PASSWORD')).toEqual(['new password set in its service, the old one ends']);
});

test('the superuser: nothing is restarted', () => {
  const plan = planRotation(['POSTGRES_PASSWORD'], situationOf(shop));
  expect(plan.restarts).toEqual([]);
  expect(plan.secrets[0]!.procedure).toContain('nothing is interrupted');
});

describe('what is interrupted, and for how long', () => {
  const restartsOf = (id: string, text = SHOP, emergency = false) =>
    planRotation([id], situationOf(stackOf(text), { emergency })).restarts;
  const withHealth = SHOP.replace('health: { probe: none }', 'health: { probe: curl }');

  test('a key of its own: nothing beside the old container; in its place, until the first health check', () => {
    expect(restartsOf('API_JWT_SECRET')).toEqual([{ workload: 'api', rolling: true, awaySeconds: 0 }]);
    expect(restartsOf('API_JWT_SECRET', SHOP, true)).toEqual([
      { workload: 'api', rolling: false, awaySeconds: 12 },
    ]);
  });

  test('one password at a time: logins, the longer the later an app’s turn comes', () => {
    expect(restartsOf('POSTGRES_APP_PASSWORD', withHealth)).toEqual([
      { workload: 'api', rolling: true, awaySeconds: 0, loginsRefusedSeconds: 12 },
      { workload: 'jobs', rolling: false, awaySeconds: 12, loginsRefusedSeconds: 26 },
    ]);
    // Nothing tells when an app without a health check is there again.
    expect(restartsOf('POSTGRES_APP_PASSWORD')[1]).toEqual({
      workload: 'jobs',
      rolling: false,
      loginsRefusedSeconds: 16,
    });
  });

  test('two at a time: no login, unless the old one has to end first', () => {
    expect(restartsOf('REDIS_APP_PASSWORD')).toEqual([{ workload: 'api', rolling: true, awaySeconds: 0 }]);
    expect(restartsOf('REDIS_APP_PASSWORD', SHOP, true)).toEqual([
      { workload: 'api', rolling: false, awaySeconds: 12, loginsRefusedSeconds: 12 },
    ]);
  });

  test('in words', () => {
    const lines = (emergency: boolean) =>
      planLines(planRotation(['POSTGRES_APP_PASSWORD'], situationOf(shop, { emergency })), 200).join('\n');
    expect(lines(false)).toContain('without a gap: api.\n');
    expect(lines(false)).toContain('started: jobs (no health check tells for how long).\n');
    expect(lines(false)).toContain('password: api (about 12 s), jobs (about 16 s).');
    expect(lines(true)).toContain('started: api (about 12 s), jobs (no');
    expect(lines(true)).toContain('the old password ends first: new connections of api and jobs');
  });
});

test('two roles: the role changes with its password, and both are accepted', () => {
  const stack = stackOf(SHOP.replace('postgres: {}', 'postgres: { rotation: two-role }'));
  const plan = planRotation(['POSTGRES_APP_PASSWORD'], situationOf(stack));
  expect(plan.journal!.credentials).toEqual([{ secret: 'POSTGRES_APP_PASSWORD', overlap: true }]);
  expect(changesOf(plan)['POSTGRES_APP_ROLE']).toEqual(['app', 'app_a']);
  expect(plan.secrets[0]!.procedure).toContain('of postgres, app → app_a; both passwords work');
  // It is no secret, and neither are the counters.
  expect(changedSecrets(plan.journal!, stack)).toEqual(['POSTGRES_APP_PASSWORD']);
});

test('an open rotation: the ways out that there are, each once', () => {
  const journal = planRotation(['REDIS_APP_PASSWORD'], situationOf(shop)).journal!;
  const told = (changes: Partial<Journal>) => openLines({ ...journal, ...changes }, shop).join(' ');
  expect(told({})).toMatch(/--resume finishes it, rotate --rollback brings the old values back\.$/);
  expect(told({ done: stepsOf(journal).length - 1 })).toMatch(
    /--resume finishes it, and there is no way back/,
  );
  const back = told(turnedBack(journal));
  expect(back).toMatch(/on its way back.*rotate --resume finishes the way back to the old values\.$/);
  expect(back).not.toContain('--rollback');
});

describe('a service that does not run', () => {
  const running = new Set(['api', 'jobs', 'redis', 'edge']);

  test('cannot be told of a new password', () => {
    const plan = planRotation(['POSTGRES_APP_PASSWORD'], situationOf(shop, { running }));
    expect(plan.journal).toBeUndefined();
    expect(plan.refused[0]!.reason).toBe('postgres does not run');
  });

  test('offline: what it keeps in its data is refused, what it reads from files is not', () => {
    const offline = situationOf(shop, { running: new Set(), offline: true });
    const plan = planRotation(['POSTGRES_APP_PASSWORD', 'REDIS_APP_PASSWORD'], offline);
    expect(plan.refused.map(({ id }) => id)).toEqual(['POSTGRES_APP_PASSWORD']);
    expect(plan.journal).toMatchObject({ credentials: [], dependents: [] });
    expect(plan.idle).toEqual(['redis', 'api']);
    // The service itself is made anew when it starts.
    expect(changesOf(plan)['REDIS_SECRETS_REV']).toEqual(['1', '2']);
  });

  test('offline: a key whose data has to be encrypted anew by a running app is refused', () => {
    const offline = situationOf(shop, {
      running: new Set(),
      offline: true,
      named: new Set(['API_FIELD_KEY']),
    });
    expect(planRotation(['API_FIELD_KEY'], offline)).toMatchObject({
      secrets: [],
      refused: [{ id: 'API_FIELD_KEY', hint: expect.stringContaining('without --offline') }],
    });
    const stack = stackOf(SHOP.replace('reencrypt: [/app/reencrypt]', ''));
    expect(planRotation(['API_FIELD_KEY'], { ...offline, stack }).refused).toEqual([]);
  });

  test('offline and never started: the first start reads the new one', () => {
    const offline = situationOf(shop, { running: new Set(), offline: true, volumes: new Set() });
    expect(planRotation(['POSTGRES_APP_PASSWORD', 'POSTGRES_PASSWORD'], offline).refused).toEqual([]);
  });
});

describe('signing keys', () => {
  test('the replaced one is still accepted', () => {
    const situation = situationOf(shop);
    const plan = planRotation(['API_JWT_SECRET'], situation);
    const before = situation.env.values.get('API_JWT_SECRET');
    expect(changesOf(plan)['API_JWT_SECRET_PREVIOUS']).toEqual(['', before]);
    expect(plan.secrets[0]).toMatchObject({ endsSessions: false });
    expect(plan.secrets[0]!.procedure).toContain('12 h more');
  });

  test('on the way back the new one is, and every container is made anew for it', () => {
    const { journal } = planRotation(['API_JWT_SECRET'], situationOf(shop));
    const change = (id: string) => journal!.changes.find((one) => one.id === id)!;
    expect(change('API_JWT_SECRET_PREVIOUS').back).toBe(change('API_JWT_SECRET').after);
    expect(change('API_SECRETS_REV')).toMatchObject({ before: '1', after: '2', back: '3' });
  });

  test('an app that knows one key: its sessions end', () => {
    const plan = planRotation(['API_COOKIE_KEY'], situationOf(shop));
    expect(plan.secrets[0]).toMatchObject({ endsSessions: true });
  });

  test('in an emergency nothing that was replaced stays', () => {
    const plan = planRotation(['API_JWT_SECRET'], situationOf(shop, { emergency: true }));
    expect(changesOf(plan)['API_JWT_SECRET_PREVIOUS']).toEqual(['', '']);
    expect(plan.secrets[0]).toMatchObject({ endsSessions: true });
    expect(plan.journal!.mode).toBe('emergency');
  });
});

describe('keys of stored data', () => {
  test.each(['all of them', 'emergency'])('%s: never', (how) => {
    const plan = planRotation(all, situationOf(shop, { emergency: how === 'emergency' }));
    expect(plan.refused.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['API_FIELD_KEY', 'API_FILE_KEY']),
    );
    expect(Object.keys(changesOf(plan))).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/FI[^_]+_KEY/)]),
    );
  });

  test('by name: a ring of keys, the new one first, then the data encrypted anew', () => {
    const situation = situationOf(shop, { named: new Set(['API_FIELD_KEY']) });
    const plan = planRotation(['API_FIELD_KEY'], situation);
    const before = situation.env.values.get('API_FIELD_KEY');
    expect(changesOf(plan)['API_FIELD_KEY_PREVIOUS']).toEqual(['', before]);
    expect(plan.journal!.reencrypt).toEqual(['api']);
    expect(plan.secrets[0]!.todo).toContain('--retire API_FIELD_KEY');
  });

  test('by name, of an app that knows one key: refused', () => {
    const plan = planRotation(['API_FILE_KEY'], situationOf(shop, { named: new Set(['API_FILE_KEY']) }));
    expect(plan.refused[0]!.reason).toContain('a new key alone could not read');
    expect(plan.journal).toBeUndefined();
  });
});

describe('values of third parties', () => {
  const id = 'JOBS_STRIPE_SECRET_KEY';

  test('are never invented', () => {
    const plan = planRotation([id], situationOf(shop));
    expect(plan.refused[0]!.reason).toBe('only its issuer can make a new value');
  });

  test.each([
    ['the present one', 'sk_test_4eC39HqLyjWDarjtT1zdp7dc', 'present'],
    ['of another format', 'hello there', 'the value given'],
  ])('%s is refused', (_what, value, reason) => {
    const plan = planRotation([id], situationOf(shop, { supplied: { [id]: value } }));
    expect(plan.refused[0]!.reason).toContain(reason);
    expect(plan.refused[0]!.reason).not.toContain(value);
  });

  test('a new one is taken over, and the old one has to be revoked', () => {
    const plan = planRotation(
      [id],
      situationOf(shop, { supplied: { [id]: 'sk_test_51NzQ7dKcXW2uYbT0mPaRsEf' } }),
    );
    expect(plan.journal!.dependents).toEqual(['jobs']);
    expect(plan.secrets[0]!.todo).toContain('revoke the old value');
  });
});

test('replaced keys are dropped', () => {
  const plan = planRotation(['API_JWT_SECRET_PREVIOUS'], situationOf(shop));
  expect(changesOf(plan)['API_JWT_SECRET_PREVIOUS']![1]).toBe('');
  expect(plan.journal!.dependents).toEqual([]);
});

test('the plan in words holds no value', () => {
  const situation = situationOf(shop, { named: new Set(all) });
  const { journal, ...words } = planRotation(all, situation);
  const text = JSON.stringify(words);
  for (const { id, before, after } of journal!.changes) {
    if (id.endsWith('_REV')) continue;
    for (const value of [before, after].filter(Boolean)) expect(text).not.toContain(value);
  }
});

test('a second container beside the first: only where that is safe', () => {
  const rolls = (text: string, name: string): boolean => {
    const stack = stackOf(text);
    return canRoll(stack, stack.workloads.find((one) => one.name === name)!);
  };
  expect(rolls(SHOP, 'api')).toBe(true);
  // Nobody calls it, so two of it could do the same work twice.
  expect(rolls(SHOP, 'jobs')).toBe(false);
  expect(rolls(SHOP, 'postgres')).toBe(false);
  expect(
    rolls(
      SHOP.replace('image: acme/api:1.4', 'image: acme/api:1.4\n    volumes: [{ name: up, path: /up }]'),
      'api',
    ),
  ).toBe(false);
});

test('the files of a state: old, both or new passwords for the service; the rest byte for byte as it was', () => {
  const situation = situationOf(shop);
  const { journal } = planRotation(['REDIS_APP_PASSWORD'], situation);
  const files = (side: 'before' | 'after', overlap: boolean) =>
    new Map(
      rotationFiles(shop, situation.env, journal!, { side, overlap }).map(({ path, content }) => [
        path,
        content,
      ]),
    );
  const acl = (side: 'before' | 'after', overlap: boolean) =>
    files(side, overlap).get('secrets/redis_users.acl')!;
  const digests = (text: string) => /user app on ((?:#[0-9a-f]{64} ?)+)/.exec(text)![1]!.trim().split(' ');
  expect(digests(acl('before', false))).toHaveLength(1);
  expect(digests(acl('before', true)).sort()).toEqual(digests(acl('after', true)).sort());
  expect(digests(acl('after', false))).toEqual([digests(acl('after', true))[0]]);
  expect(files('before', false).get('.env')).toBe(files('before', true).get('.env'));
  const differing = [...files('before', false)].filter(
    ([path, content]) => files('after', false).get(path) !== content,
  );
  expect(differing.map(([path]) => path).sort()).toEqual([
    '.env',
    'secrets/api_redis_url',
    'secrets/redis_users.acl',
  ]);
});
