import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { fingerprint, program, type Result, temporaryFolder } from '../program.ts';

const cwd = temporaryFolder();
const stubs = join(cwd, 'bin');
const calls = join(cwd, 'calls');
mkdirSync(stubs);

/** Puts a `docker` in front of the machine's own; what it is asked is written down. */
function dockerThat(script: string): void {
  writeFileSync(join(stubs, 'docker'), `#!/bin/sh\nprintf '%s\\n' "$*" >>'${calls}'\n${script}\n`, {
    mode: 0o755,
  });
}

function run(args: readonly string[], env: Record<string, string> = {}): Result {
  return program(args, { cwd, env: { PATH: `${stubs}${delimiter}${process.env['PATH']}`, ...env } });
}

const asked = (): string => (existsSync(calls) ? readFileSync(calls, 'utf8') : '');
const hasData = (name: string): string => `echo other-${name}_postgres-data; echo ${name}_postgres-data`;
const WEB_API = ['--yes', '--preset', 'web-api'];

afterEach(() => rmSync(calls, { force: true }));

describe('a volume of the same name whose passwords are not here', () => {
  test('exit 3, nothing written; one question to Docker, which reads only', () => {
    dockerThat(hasData('left'));
    const { code, stdout, stderr } = run(['left', ...WEB_API]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(
      /^error: \.env is not here, but the data in left_postgres-data is, .*--secret-file.*docker volume rm left_postgres-data; --force/,
    );
    expect(existsSync(join(cwd, 'left'))).toBe(false);
    expect(asked()).toBe('volume ls --quiet --filter name=left_postgres-data\n');
  });

  test('a fresh clone is left as it was; --force makes new ones and says how the data takes them', () => {
    dockerThat('exit 1');
    expect(run(['clone', ...WEB_API]).code).toBe(0);
    for (const name of ['.env', 'secrets']) rmSync(join(cwd, 'clone', name), { recursive: true });
    dockerThat(hasData('clone'));
    const before = fingerprint(join(cwd, 'clone'));
    expect(run(['clone', '--yes']).code).toBe(3);
    expect(fingerprint(join(cwd, 'clone'))).toEqual(before);
    const forced = run(['clone', '--yes', '--force']);
    expect(forced.code, forced.stderr).toBe(0);
    expect(forced.stdout).toContain(' rotate POSTGRES_APP_PASSWORD POSTGRES_PASSWORD --repair\n');
    rmSync(calls);
    expect(run(['clone', '--yes', '--domain', 'a.localhost']).code).toBe(0);
    expect(asked()).toBe('');
  });

  test('the old passwords, given from files, are what is wanted', () => {
    dockerThat(hasData('given'));
    writeFileSync(join(cwd, 'old'), 'a-password-from-the-backup-of-env\n');
    const files = ['POSTGRES_PASSWORD', 'POSTGRES_APP_PASSWORD'].flatMap((id) => [
      '--secret-file',
      `${id}=old`,
    ]);
    expect(run(['given', ...WEB_API, ...files]).code).toBe(0);
  });
});

describe('nobody is kept waiting or refused', () => {
  test.each([
    ['no engine answers', 'echo "Cannot connect to the Docker daemon" >&2; exit 1'],
    ['docker hangs', 'exec sleep 60'],
    ['the name is another stack’s', 'echo my-my_postgres-data; echo my_postgres-data-2'],
  ])('where %s', (name, script) => {
    dockerThat(script);
    const started = Date.now();
    const { code, stderr } = run(['my', ...WEB_API]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('docker') });
    expect(Date.now() - started, name).toBeLessThan(20_000);
    expect(asked()).not.toBe('');
    rmSync(join(cwd, 'my'), { recursive: true });
  });

  test.each<[string, string[], Record<string, string>]>([
    ['no service keeps passwords in its data', ['none', '--yes', '--service', 'redis'], {}],
    ['it is CI', ['ci', ...WEB_API], { CI: 'true' }],
    ['nothing is written', ['dry', ...WEB_API, '--dry-run'], {}],
  ])('nor asked at all where %s', (_name, args, env) => {
    dockerThat(hasData(args[0]!));
    expect(run(args, env).code).toBe(0);
    expect(asked()).toBe('');
  });
});
