import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprint, program, type Result } from '../program.ts';
import { webApi } from './web-api.ts';

const stack = webApi();

const status = (...args: string[]): Result => program(['status', ...args], { cwd: stack.folder });

/** Makes the secrets as old as this. */
function agedBy(days: number): void {
  const path = join(stack.folder, 'secrets/.ages.json');
  const since = new Date(Date.now() - days * 86_400_000).toISOString();
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"created": "[^"]+"/g, `"created": "${since}"`));
}

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
