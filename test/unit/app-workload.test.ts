import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildStack } from '../../src/stack/build.ts';
import { checkAnswers } from '../../src/stack/load.ts';
import type { HealthCheck, Workload } from '../../src/stack/model.ts';
import type { StackInput } from '../../src/stack/schema.ts';
import { temporaryFolder } from '../program.ts';

type AppInput = NonNullable<StackInput['apps']>[string];

function workload(app: AppInput): Workload {
  const { spec, problems } = checkAnswers({
    version: 1,
    name: 'shop',
    environment: 'production',
    domains: ['shop.example.com'],
    tls: { mode: 'acme', terms: 'accepted' },
    apps: { web: app },
  });
  expect(problems).toEqual([]);
  return buildStack(spec!).workloads.find(({ name }) => name === 'web')!;
}

const check = (app: AppInput): readonly string[] =>
  (workload({ image: 'acme/web:1', ...app }).health as HealthCheck).test;

describe('the health check of an image nobody knows', () => {
  test.each([
    [{ probe: 'curl' as const }, ['CMD', 'curl']],
    [{ probe: 'wget' as const }, ['CMD', 'wget']],
    [{ probe: 'tcp' as const }, ['CMD', 'bash', '-c', '</dev/tcp/127.0.0.1/3000']],
    [{ command: ['/app', '--check', '$X'] }, ['CMD', '/app', '--check', '$X']],
  ])('%j', (health, start) => {
    expect(check({ port: 3000, health }).slice(0, start.length)).toEqual(start);
  });

  test('none is none', () => {
    expect(workload({ image: 'acme/web:1', health: { probe: 'none' } }).health).toBe('none');
  });

  // The chain runs in a real shell, with only the one program on the PATH.
  test.each(['curl', 'wget', 'node', 'python3'])('auto uses %s where only that is there', (program) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'bin'));
    const stand = join(folder, 'bin', program);
    writeFileSync(stand, `#!/bin/sh\nprintf '%s\\n' "$0" "$@"\n`);
    chmodSync(stand, 0o755);
    const [kind, script] = check({ port: 3000, health: { path: '/up' } });
    expect(kind).toBe('CMD-SHELL');
    const out = execFileSync('/bin/sh', ['-c', script!], {
      encoding: 'utf8',
      env: { PATH: join(folder, 'bin') },
    });
    expect(out).toContain(`${stand}\n`);
    expect(out).toContain('http://127.0.0.1:3000/up');
  });

  test('auto fails where nothing is there, instead of passing', () => {
    expect(spawnSync('/bin/sh', ['-c', check({})[1]!], { env: { PATH: '/nonexistent' } }).status).toBe(1);
  });

  test('node’s check says healthy and not, by a real server', () => {
    const script = check({ port: 1, health: { probe: 'node' } })[3]!;
    expect(spawnSync(process.execPath, ['-e', script]).status).toBe(1);
  });
});

test('the sample brings its own port and check, whatever the app says', () => {
  expect(workload({ image: 'sample', port: 1234, health: { path: '/nope' } })).toMatchObject({
    image: 'nginx:1.30',
    user: '101:101',
    health: { test: ['CMD', 'curl', '-fsS', '-o', '/dev/null', 'http://127.0.0.1:8080/health'] },
  });
});

test('writable paths belong to the app’s user, and are in memory', () => {
  expect(
    workload({ image: 'acme/web:1', user: '10001:10002', writable: ['/tmp', '/var/cache/web'] }).tmpfs,
  ).toEqual([
    { target: '/tmp', size: '64m', mode: '1777' },
    { target: '/var/cache/web', size: '64m', mode: '0700', uid: 10001, gid: 10002 },
  ]);
});
