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
const DIGEST = `sha256:${'1'.repeat(64)}`;
const WEB_API = ['--yes', '--preset', 'web-api'];

afterEach(() => rmSync(calls, { force: true }));

describe('a volume of the same name whose passwords are not here', () => {
  test('exit 3, nothing written; one question to Docker, which reads only', () => {
    dockerThat(hasData('left'));
    const { code, stdout, stderr } = run(['left', ...WEB_API]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(
      /^error: \.env has no password for the data in left_postgres-data, .*restore .*--secret-file POSTGRES_\w+=FILE --secret-file POSTGRES_\w+=FILE; .*docker volume rm left_postgres-data; or with --force/s,
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
    const one = run(['given', ...WEB_API, ...files.slice(0, 2)]);
    expect(one.code).toBe(3);
    expect(one.stderr).toMatch(/with --secret-file POSTGRES_APP_PASSWORD=FILE;/);
    expect(run(['given', ...WEB_API, ...files]).code).toBe(0);
  });

  test('a service that is new in a stack with its .env: nothing is there to be restored', () => {
    dockerThat(hasData('more'));
    expect(run(['more', '--yes', '--service', 'redis']).code).toBe(0);
    const { code, stderr } = run(['more', '--yes', '--service', 'postgres']);
    expect(code).toBe(3);
    expect(stderr).toContain('.env has no password for the data in more_postgres-data');
    expect(stderr).not.toContain('restore');
  });

  test('pin in a clone without .env makes no passwords either', () => {
    dockerThat('exit 1');
    expect(run(['pinned', ...WEB_API]).code).toBe(0);
    for (const name of ['.env', 'secrets']) rmSync(join(cwd, 'pinned', name), { recursive: true });
    dockerThat(`[ "$1" = volume ] || { echo '{"digest":"${DIGEST}"}'; exit; }\n${hasData('pinned')}`);
    const before = fingerprint(join(cwd, 'pinned'));
    const { code, stderr } = run(['pin', 'pinned']);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('.env has no password for the data in pinned_postgres-data'),
    });
    expect(fingerprint(join(cwd, 'pinned'))).toEqual(before);
  });
});

describe('nobody is kept waiting or refused', () => {
  test.each([
    ['no engine answers', 'echo "Cannot connect to the Docker daemon" >&2; exit 1'],
    // As a child that holds the pipes of a script that is killed.
    ['docker hangs', 'sleep 60; true'],
    ['the name is another stack’s', 'echo my-my_postgres-data; echo my_postgres-data-2'],
  ])('where %s', (name, script) => {
    dockerThat(script);
    const started = Date.now();
    const { code, stderr } = run(['my', ...WEB_API]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('docker') });
    expect(Date.now() - started, name).toBeLessThan(30_000);
    expect(asked()).not.toBe('');
    rmSync(join(cwd, 'my'), { recursive: true });
  });

  test('in a folder that is not new it is told that Docker gave no answer', () => {
    const note = 'not known whether old data';
    dockerThat('exit 1');
    expect(run(['silent', ...WEB_API]).stderr).not.toContain(note);
    for (const name of ['.env', 'secrets']) rmSync(join(cwd, 'silent', name), { recursive: true });
    expect(run(['silent', '--yes'])).toMatchObject({ code: 0, stderr: expect.stringContaining(note) });
    expect(run(['silent', '--yes']).stderr).not.toContain(note);
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
