import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprint, PROGRAM, program, type Result, unread } from '../program.ts';
import { webApi } from './web-api.ts';

const stack = webApi();

/** Runs the program with a stand-in for docker, a shell script; without one there is no docker. */
function rotate(docker: string | undefined, ...args: string[]): Result {
  const bin = join(stack.parent, 'bin');
  mkdirSync(bin, { recursive: true });
  if (docker !== undefined) {
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\n${docker}\n`);
    chmodSync(join(bin, 'docker'), 0o755);
  }
  return program(['rotate', ...args], { cwd: stack.folder, env: { PATH: bin } });
}

const envValue = (name: string): string =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(join(stack.folder, '.env'), 'utf8'))![1]!;

/** An engine on which nothing runs, with these volumes; none of them has labels. */
const engine = (...volumes: string[]): string =>
  `case "$*" in *label=*) ;; 'volume ls '*) printf '%s\\n' ${volumes.join(' ')} ;; esac`;

describe('--offline', () => {
  test('without a docker program nothing can run: done', () => {
    const before = envValue('REDIS_APP_PASSWORD');
    const { code, stderr } = rotate(undefined, 'REDIS_APP_PASSWORD', '--offline', '--yes');
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(envValue('REDIS_APP_PASSWORD')).not.toBe(before);
  });

  test('with nobody left to read it goes on to its end', async () => {
    const before = envValue('REDIS_APP_PASSWORD');
    const args = ['rotate', 'REDIS_APP_PASSWORD', '--offline', '--yes'];
    const ran = await unread([PROGRAM, ...args], {
      cwd: stack.folder,
      env: { PATH: join(stack.parent, 'none') },
      both: true,
    });
    expect(ran.code).toBe(0);
    expect(envValue('REDIS_APP_PASSWORD')).not.toBe(before);
    expect(rotate(undefined, '--resume').stderr).toBe('No rotation is open.\n');
  });

  test.each([
    ['has no rights', 'echo "permission denied while trying to connect to the daemon socket" >&2; exit 1'],
    ['meets a daemon that is down', 'echo "Cannot connect to the Docker daemon" >&2; exit 1'],
  ])('a docker that %s may run the stack: refused in one line', (_what, docker) => {
    const before = fingerprint(stack.folder);
    const { code, stderr } = rotate(docker, 'REDIS_APP_PASSWORD', '--offline', '--yes');
    expect([code, fingerprint(stack.folder)]).toEqual([3, before]);
    expect(stderr).toMatch(/^error: nobody can tell whether shop runs: docker ps: [^\n]+\n$/);
  });

  test.each([
    ['restored without labels: refused', ['shop_postgres-data'], 3],
    ['of another stack: done', ['workshop_postgres-data', 'shop_postgres-data2'], 0],
  ])('a volume %s', (_what, volumes, code) => {
    const { code: got, stdout } = rotate(engine(...volumes), 'POSTGRES_APP_PASSWORD', '--offline', '--yes');
    expect([got, stdout]).toEqual([
      code,
      expect.stringContaining(code === 0 ? 'Rotated' : 'keeps it in its data'),
    ]);
  });

  test('what was asked for and stays: exit 4; a key of stored data stays by design', () => {
    const secrets = 'apps.api.secrets={FIELD_KEY: {kind: fernet}, GROQ_API_KEY: {kind: external}}';
    expect(program(['.', '--yes', '--set', secrets], { cwd: stack.folder }).code).toBe(0);
    const engines = rotate(engine('shop_postgres-data'), '--class', 'engine', '--offline', '--yes');
    expect([engines.code, engines.stdout]).toEqual([
      4,
      expect.stringMatching(/^Rotated: REDIS(.*\n)+Not rotated/),
    ]);
    const external = rotate(engine(), '--class', 'external', '--offline', '--yes', '--json');
    expect([external.code, JSON.parse(external.stdout)]).toMatchObject([
      4,
      { outcome: 'unchanged', complete: false, secrets: [], refused: [{ id: 'API_GROQ_API_KEY' }] },
    ]);
    const without = program(['.', '--yes', '--set', 'apps.api.secrets={FIELD_KEY: {kind: fernet}}'], {
      cwd: stack.folder,
    });
    expect(without.code).toBe(0);
    for (const what of ['--all', '--emergency']) {
      const { code, stdout } = rotate(engine(), what, '--offline', '--yes');
      expect([code, stdout]).toEqual([0, expect.stringMatching(/Not rotated:\n +API_FIELD_KEY\n/)]);
    }
  });

  test('the development CA stays, and what rolls it over is named', () => {
    const group = rotate(engine(), '--class', 'certificate', '--offline', '--yes');
    expect([group.code, group.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^Rotated: CERTIFICATE\.\n(.*\n)*Not rotated:\n +CERTIFICATE_AUTHORITY\n(.*\n)*.*cert renew --ca/,
      ),
    ]);
    const named = rotate(engine(), 'CERTIFICATE_AUTHORITY', '--offline', '--yes');
    expect([named.code, named.stdout]).toEqual([3, expect.stringContaining('cert renew --ca')]);
  });

  test('the certificate: nobody has taken it yet, and nothing else is said', () => {
    const { code, stdout, stderr } = rotate(engine(), 'CERTIFICATE', '--offline', '--yes');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Rotated: CERTIFICATE\./);
    expect(stdout + stderr).not.toMatch(/serves|Healthy|reloaded|without dropping/);
    expect(stderr).toContain('takes it when it starts');
  });
});
