import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Credentials, journalOf, Killed, World } from './rotation-model.ts';

const ONE_PASSWORD: Credentials = { overlap: false, fromFiles: false };
const TWO_ROLES: Credentials = { overlap: true, fromFiles: false };
const ACL: Credentials = { overlap: true, fromFiles: true };

const stacks = {
  'one password': { db: ONE_PASSWORD },
  'one password, another login left over': { db: { ...ONE_PASSWORD, leftover: true } },
  'two roles': { db: TWO_ROLES },
  'an ACL file': { cache: ACL },
  'one password and an ACL file': { db: ONE_PASSWORD, cache: ACL },
  'two roles and an ACL file': { cache: ACL, db: TWO_ROLES },
  'an ACL file that was forgotten': { cache: { ...ACL, forgot: true } },
  'no service': {},
} satisfies Record<string, Record<string, Credentials>>;

const cases = Object.entries(stacks).flatMap(([name, credentials]) =>
  (['normal', 'emergency'] as const).flatMap((mode) =>
    [false, true]
      // A key of stored data is never part of an emergency.
      .filter((key) => !(key && mode === 'emergency') && (key || Object.keys(credentials).length > 0))
      .map((key) => ({
        name: `${name}, ${mode}${key ? ', with a key of data' : ''}`,
        credentials,
        mode,
        key,
      })),
  ),
);

/** Whether the run was killed. */
async function killed(run: Promise<void>): Promise<boolean> {
  return run.then(
    () => false,
    (error) => {
      if (error instanceof Killed) return true;
      throw error;
    },
  );
}

type Way = 'resume' | 'rollBack';

/** What happens to the services while nobody rotates. */
const UPSETS = {
  nothing: () => {},
  'services restart': (world: World) => world.restartServices(),
  'volumes are restored': (world: World) => {
    if (world.journal !== undefined) world.restoreVolumes();
  },
} as const;
const upsets = Object.keys(UPSETS) as (keyof typeof UPSETS)[];

/** Every instant at which the run that `start` begins can be killed: before each of its effects. */
async function instants(start: Promise<void>, world: World): Promise<number[]> {
  await start;
  return Array.from({ length: world.count }, (_, at) => at);
}

describe.each(cases)('$name', ({ credentials, mode, key }) => {
  const journal = journalOf(credentials, { mode, key });
  const fresh = (): World => new World(credentials, journal);

  test('undisturbed: exactly the new passwords are accepted, and nothing is left behind', async () => {
    const world = fresh();
    await world.begin(journal);
    expect(world.finalProblems()).toEqual([]);
    expect(world.files.side).toBe('after');
  });

  test('killed at every instant, then again at every instant of the way on or back', async () => {
    const problems: string[] = [];
    let runs = 0;
    const undisturbed = fresh();
    for (const first of await instants(undisturbed.begin(journal), undisturbed)) {
      for (const way of ['resume', 'rollBack'] as const) {
        for (const upset of upsets) {
          const reached = async (): Promise<World | undefined> => {
            const world = fresh();
            await killed(world.begin(journal, first));
            UPSETS[upset](world);
            const possible = world.journal !== undefined && (way === 'resume' || world.canRollBack);
            return possible ? world : undefined;
          };
          const rehearsal = await reached();
          if (rehearsal === undefined) continue;
          for (const second of await instants(rehearsal[way](), rehearsal)) {
            for (const last of ['resume', 'rollBack'] as const) {
              const world = (await reached())!;
              await killed(world[way](second));
              UPSETS[upset](world);
              if (world.journal !== undefined && (last === 'resume' || world.canRollBack))
                await world[last]();
              if (world.journal === undefined)
                problems.push(
                  ...world
                    .finalProblems()
                    .map((one) => `${JSON.stringify([first, upset, way, second, last])}: ${one}`),
                );
              runs += 1;
            }
          }
        }
      }
    }
    expect(problems.slice(0, 5)).toEqual([]);
    expect(runs).toBeGreaterThan(100);
  }, 60_000);

  test('killed at every instant, and the app stops or the old password is let in again: not at the end', async () => {
    const undisturbed = fresh();
    for (const at of await instants(undisturbed.begin(journal), undisturbed)) {
      for (const way of ['resume', 'rollBack'] as const) {
        const world = fresh();
        await killed(world.begin(journal, at));
        if (world.journal === undefined || (way === 'rollBack' && !world.canRollBack)) continue;
        world.appRuns = false;
        for (const [id, { overlap }] of Object.entries(credentials))
          if (overlap) world.accepted.get(id)!.add(`${id}-old`);
        await world[way]();
        expect([at, way, world.finalProblems()]).toEqual([at, way, []]);
      }
    }
  });

  test('any number of kills, services restarting or restored between them', async () => {
    const instant = fc.nat(40);
    const attempt = fc.record({
      way: fc.constantFrom<Way>('resume', 'rollBack'),
      instant,
      upset: fc.constantFrom(...upsets),
    });
    await fc.assert(
      // Before the first instant nothing has begun.
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.array(attempt, { maxLength: 8 }),
        async (first, attempts) => {
          const world = fresh();
          await killed(world.begin(journal, first));
          for (const { way, instant: next, upset } of attempts) {
            if (world.journal === undefined) break;
            UPSETS[upset](world);
            await killed(world[way === 'rollBack' && !world.canRollBack ? 'resume' : way](next));
          }
          if (world.journal !== undefined) await world.resume();
          expect(world.finalProblems()).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('the model notices a service that forgets its password', async () => {
  const credentials = { db: ONE_PASSWORD };
  const journal = journalOf(credentials);
  const world = new World(credentials, journal);
  await killed(world.begin(journal, 5));
  world.accepted.set('db', new Set(['something else']));
  await killed(world.resume(2));
  expect(world.broken).toContain('db: no stored password is accepted');
});
