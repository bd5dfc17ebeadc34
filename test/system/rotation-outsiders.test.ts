/**
 * Services of an override file, of which stack.yaml knows nothing: what a rotation says of those that have a value which
 * changes. Everything of the program runs but docker itself.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { simulated } from './rotation/simulated.ts';

const ANSWERS = `
version: 1
name: shop
environment: development
domains: [localhost]
tls: { mode: dev-ca }
services:
  redis: {}
  postgres: {}
apps:
  jobs:
    image: acme/jobs:1
    needs: [postgres, redis]
`;
const ID = 'REDIS_APP_PASSWORD';

const { folder, journal, fresh, rotate } = simulated(ANSWERS);

describe('that has a value', () => {
  const secretFile = `${folder}/secrets/jobs_redis_url`;
  test.each<[string, (env: Record<string, string>) => [string[], string[]]]>([
    ['as a variable', (env) => [[`CACHE=redis://app:${env[ID]}@redis`], []]],
    ['as a secret file', () => [[], [secretFile]]],
    ['with the folder of the secret files', () => [[], [`${folder}/secrets`]]],
  ])('%s: told in the plan and at the end, and the value is not', async (_how, given) => {
    const { machine, before } = fresh();
    machine.addService('worker', ...given(before));
    machine.addService(
      'other',
      ['CACHE=redis', `PORT=${before['POSTGRES_APP_ROLE']}`],
      [folder, '/etc/localtime'],
    );
    const { code, stdout, stderr } = await rotate(ID);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /stack\.yaml knows\s+nothing, and are NOT\s+restarted; do it yourself\s+afterwards: worker\.\n/,
      ),
    ]);
    expect(stdout).toContain('docker compose up -d --force-recreate worker');
    expect(stdout + stderr).not.toContain(before[ID]);
  });
});

test.each(['resume', 'rollback'])(
  'after an interruption: told at the end of --%s, unless its value is right again',
  async (way) => {
    const { machine, before } = fresh();
    machine.addService('worker', [`CACHE=redis://app:${before[ID]}@redis`], []);
    machine.atCall = (call) => {
      // Both passwords are accepted, and no container is replaced yet.
      if (existsSync(journal) && JSON.parse(readFileSync(journal, 'utf8')).done === 4)
        machine.trouble ??= { at: call, what: 'the daemon is gone' };
    };
    expect((await rotate(ID)).code).toBe(1);
    machine.atCall = undefined;
    machine.mend();
    const { code, stdout } = await rotate(`--${way}`);
    // With the old values back, the one that it has is right again.
    expect([code, stdout.includes('To do: worker has an old value')]).toEqual([0, way === 'resume']);
  },
);
