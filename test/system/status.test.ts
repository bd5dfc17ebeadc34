import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { OPEN_ROTATION } from '../fixtures/open-rotation.ts';
import { fingerprint, program, type Result } from '../program.ts';
import { webApi } from './web-api.ts';

const stack = webApi();

const status = (...args: string[]): Result => program(['status', ...args], { cwd: stack.folder });

/** A rotation of a password that was interrupted before its first step. */
function leaveOpen(): void {
  writeFileSync(join(stack.folder, 'secrets/.rotation.json'), JSON.stringify(OPEN_ROTATION));
}

/** Makes the secrets as old as this. */
function agedBy(days: number): void {
  const path = join(stack.folder, 'secrets/.ages.json');
  const since = new Date(Date.now() - days * 86_400_000).toISOString();
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"created": "[^"]+"/g, `"created": "${since}"`));
}

/** Changes a file of the stack. */
function edit(file: string, from: string | RegExp, to: string): void {
  const path = join(stack.folder, file);
  const text = readFileSync(path, 'utf8');
  expect(text.replace(from, to)).not.toBe(text);
  writeFileSync(path, text.replace(from, to));
}

describe.each([
  [
    'newly in stack.yaml',
    'stack.yaml',
    'SESSION_KEY:',
    'TOKEN:\n        kind: hmac\n      SESSION_KEY:',
    'API_TOKEN',
  ],
  ['of another name', 'stack.yaml', 'SESSION_KEY:', 'TOKEN:', 'API_TOKEN'],
  ['blank in .env', '.env', /^REDIS_APP_PASSWORD=.*$/m, 'REDIS_APP_PASSWORD=', 'REDIS_APP_PASSWORD'],
  ['gone from .env', '.env', /^REDIS_APP_PASSWORD=.*\n/m, '', 'REDIS_APP_PASSWORD'],
])('a secret %s', (_what, file, from, to, id) => {
  beforeEach(() => edit(file, from, to));

  test.each(['', 'open'])('status says so, in one line, %s', (open) => {
    if (open) leaveOpen();
    const { code, stdout, stderr } = status();
    expect([code, stderr]).toEqual([4, '']);
    expect(stdout).toMatch(new RegExp(`^${id} +\\w+ +\\w+ +missing +never`, 'm'));
    expect(stdout).toContain(`Missing: ${id}: run create-secure-stack on the folder.`);
    expect(JSON.parse(status('--json').stdout)).toMatchObject({ missing: [id] });
  });

  test('rotate refuses in one line, and names what helps', () => {
    const { code, stderr } = program(['rotate', '--all', '--yes', '--offline'], { cwd: stack.folder });
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(
        new RegExp(`^error: \\.env: has no value of ${id} \\(run create-secure-stack [^\n]*\n$`),
      ),
    ]);
    // What .env has lost and no file has is not made anew.
    expect(program(['.', '--yes'], { cwd: stack.folder }).code).toBe(file === '.env' ? 3 : 0);
    expect(status().stdout.includes('Missing')).toBe(file === '.env');
  });

  test('--resume refuses in one line', () => {
    leaveOpen();
    const { code, stderr } = program(['rotate', '--resume', '--yes'], { cwd: stack.folder });
    expect([code, stderr.trim().split('\n')]).toEqual([3, [expect.stringContaining(id)]]);
    expect(stderr).toContain(
      file === '.env' ? `has lost ${id} since the rotation began (put the lines back` : 'put stack.yaml back',
    );
  });
});

describe('ages that nobody knows', () => {
  const ages = () => join(stack.folder, 'secrets/.ages.json');
  const check = () => program(['check'], { cwd: stack.folder });

  test('without their file everything is due, for monitoring too; check tells; a run starts them anew', () => {
    rmSync(ages());
    const file = join(stack.parent, 'shop.prom');
    const { code, stdout } = status('--prometheus', file);
    expect([code, stdout]).toEqual([4, expect.stringMatching(/^API_SESSION_KEY .* unknown +now/m)]);
    expect(readFileSync(file, 'utf8')).toMatch(
      /secret_overdue\{.*API_SESSION_KEY.*\} 1\n(.*\n)*secure_stack_secret_unknown\{.*API_SESSION_KEY.*\} 1\n/,
    );
    const due = program(['rotate', '--due', '--offline', '--dry-run'], {
      cwd: stack.folder,
      env: { PATH: '' },
    });
    expect(due.stdout).toContain('API_SESSION_KEY');
    expect(check()).toMatchObject({ code: 4, stdout: expect.stringContaining('.ages.json: is missing') });
    expect(program(['.', '--yes'], { cwd: stack.folder }).code).toBe(0);
    expect([status().code, check().code]).toEqual([0, 0]);
  });

  test('a damaged file: check tells, and what the hint says helps', () => {
    writeFileSync(ages(), '{');
    expect(check()).toMatchObject({ code: 4, stdout: expect.stringContaining('.ages.json: is damaged') });
    const { code, stderr } = status();
    expect([code, stderr]).toEqual([3, expect.stringContaining('delete it and run create-secure-stack')]);
    rmSync(ages());
    expect(program(['.', '--yes'], { cwd: stack.folder }).code).toBe(0);
    expect(status().code).toBe(0);
  });
});

describe('a new stack', () => {
  test('nothing is due; nothing is changed by asking', () => {
    const before = fingerprint(stack.folder);
    const { code, stdout } = status();
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing is due.');
    // Also the containers that see a value only as a part of another one.
    expect(stdout).toMatch(/POSTGRES_APP_PASSWORD +engine +password +today +in 180 d +postgres, api/);
    expect(fingerprint(stack.folder)).toEqual(before);
  });

  test('what the containers have to be told cannot be rotated while they do not run', () => {
    const before = fingerprint(stack.folder);
    const { code, stderr } = program(['rotate', '--all', '--yes'], { cwd: stack.folder });
    expect([code === 0, fingerprint(stack.folder)]).toEqual([false, before]);
    expect(stderr).toMatch(/does not run|not installed|docker/i);
  });
});

describe('certificates', () => {
  test('the development CA is listed, and its end told like that of a secret', () => {
    expect(status().stdout).toMatch(/^CERTIFICATE_AUTHORITY +certificate +certificate +today +in 48\d d$/m);
    writeFileSync(join(stack.folder, 'certs/ca/ca.crt'), 'nonsense\n');
    const { code, stdout } = status();
    expect([code, stdout]).toEqual([
      4,
      expect.stringMatching(/^CERTIFICATE_AUTHORITY .* unknown +now: cert renew --ca$/m),
    ]);
  });

  test('the placeholder of ACME is due', () => {
    const args =
      '--yes --environment production --domain example.com --tls-terms accepted --preset empty'.split(' ');
    expect(program(['prod', ...args], { cwd: stack.parent }).code).toBe(0);
    const { code, stdout } = program(['status', 'prod'], { cwd: stack.parent });
    expect([code, stdout]).toEqual([4, expect.stringMatching(/^CERTIFICATE .* now: cert renew +edge$/m)]);
    expect(stdout).toContain('Due: CERTIFICATE.');
  });

  test('what the edge shows to an app', () => {
    mkdirSync(join(stack.folder, 'tls'));
    writeFileSync(join(stack.folder, 'tls/ca.pem'), readFileSync(join(stack.folder, 'certs/ca/ca.crt')));
    const tls = 'apps.api.upstreamTls={folder: ./tls, clientCertificate: true}';
    const sample = ['apps.api.image=acme/api:1', tls].flatMap((one) => ['--set', one]);
    expect(program(['.', '--yes', ...sample], { cwd: stack.folder })).toMatchObject({ code: 0 });
    expect(status()).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/^\S*tls\/client.pem .* missing +now +edge, api$/m),
    });
    const leaf = readFileSync(join(stack.folder, 'certs/live/fullchain.pem'));
    writeFileSync(join(stack.folder, 'tls/client.pem'), leaf);
    expect(status()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\S*tls\/client.pem .* today +in 7\d d +edge, api$/m),
    });
    const { stdout } = program(['cert', 'status'], { cwd: stack.folder });
    expect(stdout).toMatch(/tls\/client.pem: client certificate for api expires on/);
  });
});

test('after the signing keys’ 90 days: exit 4 for cron, with their names', () => {
  agedBy(90);
  const { code, stdout } = status();
  expect([code, stdout]).toEqual([4, expect.stringContaining('Due: API_SESSION_KEY.')]);
  const json = status('--json');
  expect([json.code, JSON.parse(json.stdout)]).toMatchObject([
    4,
    { due: [{ id: 'API_SESSION_KEY', action: 'rotate' }], open: [], shared: [] },
  ]);
});

test('--prometheus writes the ages for node_exporter, and no value', () => {
  agedBy(181);
  const file = join(stack.parent, 'shop.prom');
  expect(status('--prometheus', file).code).toBe(4);
  const text = readFileSync(file, 'utf8');
  expect(statSync(file).mode & 0o777).toBe(0o644);
  expect(text).toContain(
    'secure_stack_secret_overdue{stack="shop",secret="REDIS_APP_PASSWORD",class="engine"} 1',
  );
  for (const line of readFileSync(join(stack.folder, '.env'), 'utf8').split('\n')) {
    const value = /^[A-Z_]+=(.{16,})$/.exec(line)?.[1];
    if (value) expect(text).not.toContain(value);
  }
});

test.each([
  ['.env', 2, 'does not end in .prom'],
  ['none/shop.prom', 1, 'no such folder'],
  ['folder.prom', 1, 'is a folder'],
])('--prometheus %s is refused, nothing is overwritten', (file, code, message) => {
  mkdirSync(join(stack.folder, 'folder.prom'));
  const before = fingerprint(stack.folder);
  const result = status('--prometheus', file);
  expect([result.code, fingerprint(stack.folder)]).toEqual([code, before]);
  expect(result.stderr).toMatch(new RegExp(`^error: --prometheus: .*${message}.*\n$`));
});

test('a value that another environment has too is told, by name', () => {
  const value = /^API_SESSION_KEY=(.+)$/m.exec(readFileSync(join(stack.folder, '.env'), 'utf8'))![1]!;
  const other = join(stack.parent, 'staging.env');
  writeFileSync(other, `TOKEN=${value}\nPORT=8080\n`);
  const { code, stdout } = status('--against', other);
  expect(code).toBe(4);
  expect(stdout).toContain(`API_SESSION_KEY has the same value as TOKEN in ${other}`);
  expect(stdout).not.toContain(value);
});

describe('two environments with the same values', () => {
  const both = (...args: string[]): Result[] => [
    status(...args),
    program(['check', ...args], { cwd: stack.folder }),
  ];

  test('a copied folder is told by status and check, with every value and none of it', () => {
    for (const { code } of both()) expect(code).toBe(0);
    cpSync(stack.folder, join(stack.parent, 'staging'), { recursive: true });
    const value = /^API_SESSION_KEY=(.+)$/m.exec(readFileSync(join(stack.folder, '.env'), 'utf8'))![1]!;
    for (const { code, stdout } of both()) {
      expect([code, stdout]).toEqual([
        4,
        expect.stringContaining(
          `API_SESSION_KEY has the same value as API_SESSION_KEY in ${join(stack.parent, 'staging/.env')}`,
        ),
      ]);
      expect(stdout).toContain('REDIS_APP_PASSWORD has the same value');
      expect(stdout).not.toContain(value);
    }
    // One that cannot be read is that stack's business.
    writeFileSync(join(stack.parent, 'staging/.env'), 'not an env file\n');
    for (const { code } of both()) expect(code).toBe(0);
  });

  test('--against belongs to both', () => {
    const other = join(stack.parent, 'other.env');
    writeFileSync(other, readFileSync(join(stack.folder, '.env')));
    for (const { code, stdout } of both('--against', other))
      expect([code, stdout]).toEqual([4, expect.stringContaining(`in ${other}`)]);
  });
});

test.each([
  [['rotate', '--class', 'encryption', '--yes'], 2, 'rotated one by one'],
  [['rotate', 'API_SESION_KEY', '--yes'], 2, 'no secret called API_SESION_KEY'],
  [['rotate', '--yes'], 2, 'nothing says what to rotate'],
  [['rotate', '--al'], 2, 'unknown flag --al'],
  [['status', '--due'], 2, 'it belongs to rotate'],
])('%j is refused', (args, code, message) => {
  const result = program(args, { cwd: stack.folder });
  expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
});
