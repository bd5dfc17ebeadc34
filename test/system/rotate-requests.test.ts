import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { fingerprint, program, temporaryFolder } from '../program.ts';

const root = temporaryFolder();
let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(root, 'run-'));
  folder = join(parent, 'shop');
  expect(program(['shop', '--yes', '--preset', 'web-api'], { cwd: parent }).code).toBe(0);
});

/** No docker program is found, so that nothing runs. */
const rotate = (...args: string[]) =>
  program(['rotate', ...args], { cwd: folder, env: { PATH: join(parent, 'none') } });

test.each([
  [['--resume', '--rollback'], 'exclude each other'],
  [
    ['REDIS_APP_PASSWORD', '--offline', '--yes', '--secret-file', 'REDIS_APP_PASSWORD=../value'],
    'cannot be given',
  ],
  [['REDIS_APP_PASSWORD', '--offline', '--yes', '--secret-file', 'NOPE=../value'], 'no such secret'],
])('%j is refused', (args, message) => {
  writeFileSync(join(parent, 'value'), 'a value');
  const before = fingerprint(folder);
  const { code, stderr } = rotate(...args);
  expect([code, stderr, fingerprint(folder)]).toEqual([2, expect.stringContaining(message), before]);
});

test.each([[['--all', '--dry-run']], [['--resume', '--dry-run']], [['--rollback', '--dry-run']]])(
  '%j tells the open rotation',
  (args) => {
    const journal = {
      format: 1,
      started: '2026-05-06T07:08:09.000Z',
      mode: 'normal',
      direction: 'forward',
      changes: [{ id: 'REDIS_APP_PASSWORD', before: 'a', after: 'b' }],
      credentials: [],
      dependents: [],
      reencrypt: [],
      done: 0,
    };
    const path = join(folder, 'secrets/.rotation.json');
    writeFileSync(path, JSON.stringify(journal));
    const { code, stderr } = rotate(...args);
    expect([code, stderr]).toEqual([3, expect.stringContaining('A rotation of REDIS_APP_PASSWORD')]);
    expect(existsSync(path)).toBe(true);
  },
);
