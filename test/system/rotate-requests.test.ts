import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprint, program } from '../program.ts';
import { webApi } from './web-api.ts';

const stack = webApi();

/** No docker program is found, so that nothing runs. */
const rotate = (...args: string[]) =>
  program(['rotate', ...args], { cwd: stack.folder, env: { PATH: join(stack.parent, 'none') } });

test.each([
  [['--resume', '--rollback'], '--resume and --rollback exclude each other'],
  [['--emergency', '--resume'], '--resume and --emergency exclude each other'],
  [['REDIS_APP_PASSWORD', '--rollback'], '--rollback and REDIS_APP_PASSWORD exclude each other'],
  [['--all', '--retire', '--resume'], '--resume and --all exclude each other'],
  [['--retire', '--emergency'], '--retire and --emergency exclude each other'],
  [
    ['REDIS_APP_PASSWORD', '--offline', '--yes', '--secret-file', 'REDIS_APP_PASSWORD=../value'],
    'cannot be given',
  ],
  [['REDIS_APP_PASSWORD', '--offline', '--yes', '--secret-file', 'NOPE=../value'], 'no such secret'],
])('%j is refused', (args, message) => {
  writeFileSync(join(stack.parent, 'value'), 'a value');
  const before = fingerprint(stack.folder);
  const { code, stderr } = rotate(...args);
  expect([code, stderr, fingerprint(stack.folder)]).toEqual([2, expect.stringContaining(message), before]);
});

/** A rotation that was interrupted, by default before its first step. */
function leaveOpen(
  changes: readonly { id: string; before: string; after: string }[],
  dependents: string[] = [],
  done = 0,
) {
  const path = join(stack.folder, 'secrets/.rotation.json');
  const journal = {
    format: 1,
    started: '2026-05-06T07:08:09.000Z',
    mode: 'normal',
    direction: 'forward',
    changes,
    credentials: [],
    dependents,
    reencrypt: [],
    done,
  };
  writeFileSync(path, JSON.stringify(journal));
  return path;
}

const CHANGE = { id: 'REDIS_APP_PASSWORD', before: 'a', after: 'b' };

test('--all --dry-run tells the open rotation', () => {
  const path = leaveOpen([CHANGE]);
  const { code, stderr } = rotate('--all', '--dry-run');
  expect([code, stderr]).toEqual([3, expect.stringContaining('A rotation of REDIS_APP_PASSWORD')]);
  expect(existsSync(path)).toBe(true);
});

test.each([
  [1, 'rotate --resume finishes it, rotate --rollback brings the old values back'],
  [2, 'and there is no way back'],
])('check and another run tell the ways that are left after %d steps', (done, ways) => {
  leaveOpen([CHANGE], ['api'], done);
  for (const [command, exit] of [
    [['check'], 4],
    [['.', '--yes'], 3],
  ] as const) {
    const { code, stdout, stderr } = program([...command], { cwd: stack.folder });
    const text = (stdout + stderr).replaceAll(/\s+/g, ' ');
    expect([code, text]).toEqual([exit, expect.stringContaining(ways)]);
    // And where it stood.
    expect(text).toMatch(
      new RegExp(
        `A rotation of REDIS_APP_PASSWORD from [^ ]+ was interrupted. ${done} of 3 steps are complete; the next`,
      ),
    );
  }
});

describe('what --resume and --rollback would do', () => {
  const FINAL = { do: 'files', state: { side: 'after', overlap: false } };
  const RESTART = { do: 'restart', workload: 'api' };
  /** The new values are handed out, the app is next. */
  const foresee = (...args: string[]) => {
    leaveOpen([CHANGE], ['api'], 1);
    const before = fingerprint(stack.folder);
    const { code, stdout, stderr } = rotate(...args, '--dry-run');
    expect([code, stderr, fingerprint(stack.folder)]).toEqual([0, '', before]);
    return stdout;
  };

  test('the steps that are left', () => {
    expect(foresee('--resume')).toBe(
      [
        'What is left of the rotation (REDIS_APP_PASSWORD, begun 2026-05-06T07:08:09.000Z):',
        '  2/3  api: replace it and wait until it is healthy',
        '  3/3  write env file and secret files: new values only',
        'Replaced one after another, the new container beside the old one, without a gap:',
        'api.',
        '',
      ].join('\n'),
    );
    expect(JSON.parse(foresee('--resume', '--json'))).toEqual({
      outcome: 'planned',
      way: 'resume',
      started: '2026-05-06T07:08:09.000Z',
      changed: ['REDIS_APP_PASSWORD'],
      steps: [RESTART, FINAL],
      restarts: [{ workload: 'api', rolling: true, awaySeconds: 0 }],
    });
  });

  test('the steps back', () => {
    expect(foresee('--rollback')).toMatch(
      /^What is left of the way back to the old values \(REDIS_APP_PASSWORD, begun .*\n {2}1\/3 .*: old values, services accept both\n {2}2\/3 {2}api.*\n.*: old values only\nReplaced one after another.*\napi\.\n$/,
    );
    expect(JSON.parse(foresee('--rollback', '--json'))).toMatchObject({
      way: 'rollback',
      steps: [
        { do: 'files', state: { side: 'before', overlap: true } },
        RESTART,
        { do: 'files', state: { side: 'before', overlap: false } },
      ],
    });
  });

  test('no way back where there is none', () => {
    leaveOpen([CHANGE], ['api'], 2);
    const { code, stderr } = rotate('--rollback', '--dry-run');
    expect([code, stderr]).toEqual([3, expect.stringContaining('no way back')]);
  });

  test('nothing when none is open', () => {
    expect(rotate('--resume', '--dry-run')).toMatchObject({ code: 0, stderr: 'No rotation is open.\n' });
    const { code, stdout, stderr } = rotate('--resume', '--json');
    expect([code, JSON.parse(stdout), stderr]).toEqual([0, { outcome: 'nothing open' }, '']);
  });
});

describe('a journal or values that were damaged', () => {
  const damage = (change: (journal: Record<string, unknown>) => void): void => {
    const path = leaveOpen([CHANGE], ['api'], 1);
    const journal = JSON.parse(readFileSync(path, 'utf8'));
    change(journal);
    writeFileSync(path, JSON.stringify(journal));
  };
  const left = (message: string, ...args: string[]): void => {
    const before = fingerprint(stack.folder);
    const { code, stderr } = rotate(...args, '--yes');
    expect([code, stderr]).toEqual([3, expect.stringContaining(message)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(fingerprint(stack.folder)).toEqual(before);
  };

  test.each([999, 4, -3, 1.5])('%d of 3 steps: not believed, and told what to do', (done) => {
    damage((journal) => {
      journal['done'] = done;
    });
    left('move it away, then: create-secure-stack', '--resume');
  });

  test.each(['--resume', '--rollback'])('%s of a credential that no service has', (way) => {
    damage((journal) => {
      journal['credentials'] = [{ secret: 'NOBODYS_PASSWORD', overlap: true }];
    });
    left('gone: NOBODYS_PASSWORD', way);
  });

  test.each(['--resume', '--rollback'])(
    '%s with a line less in the env file: that is what is told',
    (way) => {
      leaveOpen([CHANGE], ['api'], 1);
      const path = join(stack.folder, '.env');
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^REDIS_ADMIN_PASSWORD=.*\n/m, ''));
      left('.env: has lost REDIS_ADMIN_PASSWORD', way);
    },
  );
});

describe('answers that have changed since a rotation began', () => {
  function edit(from: string | RegExp, to: string): void {
    const path = join(stack.folder, 'stack.yaml');
    const text = readFileSync(path, 'utf8');
    expect(text.replace(from, to)).not.toBe(text);
    writeFileSync(path, text.replace(from, to));
  }

  const refused = (message: string | RegExp, ...args: string[]) => {
    const before = fingerprint(stack.folder);
    const { code, stderr } = rotate(...args);
    expect([code, stderr]).toEqual([3, expect.stringMatching(message)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('put stack.yaml back');
    expect(fingerprint(stack.folder)).toEqual(before);
  };

  test.each(['--resume', '--rollback'])('%s with a new secret', (way) => {
    leaveOpen([CHANGE]);
    edit('SESSION_KEY:', 'OTHER_KEY:\n        kind: hmac\n      SESSION_KEY:');
    refused(/new, or lost from \.env: API_OTHER_KEY/, way, '--yes');
  });

  test.each(['--resume', '--rollback'])('%s with an app of another name', (way) => {
    leaveOpen([{ id: 'API_SESSION_KEY', before: 'a', after: 'b' }], ['api']);
    edit(/^( +)api:$/m, '$1backend:');
    edit('- api', '- backend');
    refused(/gone: API_SESSION_KEY, api/, way, '--yes');
  });

  test('secrets that are to lie elsewhere: rotate and status say where the rotation is', () => {
    leaveOpen([CHANGE]);
    writeFileSync(
      join(stack.folder, 'stack.yaml'),
      `${readFileSync(join(stack.folder, 'stack.yaml'), 'utf8')}secrets:\n  location: ${join(stack.parent, 'etc')}\n`,
    );
    refused(
      /secrets\.location: has changed since a rotation began; its values are in secrets/,
      '--resume',
      '--yes',
    );
    const { code, stderr } = program(['status'], { cwd: stack.folder });
    expect([code, stderr]).toEqual([3, expect.stringContaining('put stack.yaml back')]);
  });
});

describe('a certificate that cannot be made', () => {
  const notRotated = (reason: RegExp) => {
    const { code, stdout, stderr } = rotate(
      'REDIS_APP_PASSWORD',
      'CERTIFICATE',
      '--offline',
      '--yes',
      '--dry-run',
    );
    expect(stderr).not.toMatch(/at .*mjs|bug/);
    expect([code, stdout]).toEqual([3, expect.stringMatching(reason)]);
    expect(stdout).toContain('REDIS_APP_PASSWORD');
    const all = rotate('--all', '--offline', '--yes', '--accept-logout');
    expect([all.code, all.stdout]).toEqual([4, expect.stringContaining('Rotated: ')]);
    expect(all.stdout).toMatch(reason);
  };

  test('the CA’s key is gone: the passwords beside it are rotated all the same', () => {
    rmSync(join(stack.folder, 'certs/ca/ca.key'));
    notRotated(/development CA cannot be used: its key is missing/);
  });

  test('the CA may not sign for a name', () => {
    const path = join(stack.folder, 'stack.yaml');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace('- localhost', '- localhost\n  - shop.example.com'),
    );
    notRotated(/development CA cannot be used: .*shop\.example\.com/);
  });

  test('the present one cannot be read: due at once, and no trace', () => {
    const path = join(stack.folder, 'certs/live/fullchain.pem');
    writeFileSync(path, 'nonsense\n');
    const { code, stdout, stderr } = program(['status'], { cwd: stack.folder });
    expect([code, stderr]).toEqual([4, '']);
    expect(stdout).toContain('Due: CERTIFICATE.');
    expect(rotate('CERTIFICATE', '--offline', '--yes').code).toBe(0);
    expect(readFileSync(path, 'utf8')).toContain('BEGIN CERTIFICATE');
  });
});

test('a value for a secret that is not chosen is refused, and nothing is changed', () => {
  writeFileSync(join(stack.parent, 'value'), `sk-ant-${'x'.repeat(40)}`);
  const made = program(
    [
      stack.folder,
      '--yes',
      '--set',
      'apps.api.secrets.ANTHROPIC_API_KEY.kind=external',
      '--secret-file',
      'API_ANTHROPIC_API_KEY=value',
    ],
    { cwd: stack.parent },
  );
  expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
  const before = fingerprint(stack.folder);
  const { code, stderr } = rotate(
    'REDIS_APP_PASSWORD',
    '--offline',
    '--yes',
    '--secret-file',
    'API_ANTHROPIC_API_KEY=../value',
  );
  expect([code, stderr]).toEqual([2, expect.stringContaining('is not among what is rotated')]);
  expect(fingerprint(stack.folder)).toEqual(before);
});
