import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROGRAM, program } from '../program.ts';
import { KEY, Terminal } from '../terminal.ts';
import { webApi } from './web-api.ts';

const stack = webApi();

/** In place of docker, a shell script; without one there is no docker. */
function bin(docker?: string): string {
  const folder = join(stack.parent, 'bin');
  mkdirSync(folder, { recursive: true });
  if (docker !== undefined) {
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\n${docker}\n`);
    chmodSync(join(folder, 'docker'), 0o755);
  }
  return folder;
}

const terminal = (docker: string | undefined, ...args: string[]): Terminal =>
  Terminal.program(['rotate', ...args], { cwd: stack.folder, columns: 120, env: { PATH: bin(docker) } });

const envValue = (name: string): string =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(join(stack.folder, '.env'), 'utf8'))![1]!;

describe('a rotation under way', () => {
  const JOURNAL = 'secrets/.rotation.json';
  /** The api is to be replaced next. */
  function leaveOpen(): void {
    const redis = envValue('REDIS_APP_PASSWORD');
    const journal = {
      format: 1,
      started: '2026-05-06T07:08:09.000Z',
      mode: 'normal',
      direction: 'forward',
      changes: [{ id: 'REDIS_APP_PASSWORD', before: redis, after: redis }],
      credentials: [],
      dependents: ['api'],
      reencrypt: [],
      done: 1,
    };
    writeFileSync(join(stack.folder, JOURNAL), JSON.stringify(journal));
  }

  const SLOW = 'exec /bin/sleep 20';
  const NEXT = '2/3  api: replace it and wait until it is healthy …';
  const WAYS = 'nothing is lost: rotate --resume finishes it, rotate --rollback brings the old values back.';

  test.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'a terminal shows the step at once; %s ends it with %d and the ways that are left',
    async (signal, code) => {
      leaveOpen();
      const shown = terminal(SLOW, '--resume');
      await shown.see(NEXT);
      shown.kill(signal);
      expect([await shown.ended, shown.lastLine]).toEqual([code, `Stopped; ${WAYS}`]);
      expect(existsSync(join(stack.folder, JOURNAL))).toBe(true);
    },
  );

  test('a step that fails stays on the screen, above the reason', async () => {
    leaveOpen();
    const shown = terminal('echo gone >&2; exit 1', '--resume');
    expect(await shown.ended).toBe(1);
    expect(shown.text).toMatch(/healthy …\r?\n+error: /);
  });

  test.each([[], ['--json']])(
    'elsewhere a step that takes long is told, and the signal too; %j',
    async (...json) => {
      leaveOpen();
      const child = spawn(process.execPath, [PROGRAM, 'rotate', '--resume', '--yes', ...json.flat()], {
        cwd: stack.folder,
        env: { PATH: bin(SLOW) },
      });
      const texts = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const)
        child[name].on('data', (chunk) => {
          texts[name] += chunk;
          if (String(chunk).includes(NEXT)) child.kill('SIGTERM');
        });
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect([code, texts.stderr]).toEqual([143, expect.stringContaining(`  ${NEXT}\n`)]);
      if (json.flat().length > 0)
        expect(JSON.parse(texts.stdout)).toEqual({
          error: { exit: 143, problems: [{ message: `Stopped; ${WAYS}` }] },
        });
      else expect(texts.stderr.trimEnd().split('\n').at(-1)).toBe(`Stopped; ${WAYS}`);
    },
  );
});

describe('values of third parties', () => {
  const KEYS = 'apps.api.secrets={GROQ_API_KEY: {kind: external}, OTHER_API_KEY: {kind: external}}';
  const GO_ON = ['Go on?', `${KEY.down}${KEY.enter}`] as const;

  test.each([[['--class', 'external']], [['--all']]])(
    '%j asks for them in a terminal, and one can be left out',
    async (args) => {
      expect(program(['.', '--yes', '--set', KEYS], { cwd: stack.folder }).code).toBe(0);
      // Where no data is kept, a password is only read at the start.
      const nothing = 'case "$*" in "volume ls "*) ;; esac';
      const shown = terminal(nothing, ...args, '--offline');
      await shown.answer([
        ['New value of API_GROQ_API_KEY', `gsk_${'a'.repeat(52)}${KEY.enter}`],
        ['New value of API_OTHER_API_KEY', KEY.enter],
        GO_ON,
      ]);
      expect(await shown.ended).toBe(4);
      expect(envValue('API_GROQ_API_KEY')).toBe(`gsk_${'a'.repeat(52)}`);
      expect(shown.text).not.toContain('aaaa');
      expect(shown.text).toMatch(/Not rotated:\s+API_OTHER_API_KEY/);
    },
  );
});

test('a replaced key is offered when its time is over, and told as dropped', async () => {
  const rotated = program(['rotate', 'API_SESSION_KEY', '--offline', '--yes'], {
    cwd: stack.folder,
    env: { PATH: bin() },
  });
  expect([rotated.code, rotated.stdout]).toEqual([0, expect.stringMatching(/^Rotated: API_SESSION_KEY, /)]);
  const ages = join(stack.folder, 'secrets/.ages.json');
  const document = JSON.parse(readFileSync(ages, 'utf8'));
  document.secrets.API_SESSION_KEY_PREVIOUS.created = '2001-01-01T00:00:00.000Z';
  writeFileSync(ages, JSON.stringify(document));
  const shown = terminal(undefined, '--offline');
  await shown.answer([
    ['Which secrets shall be replaced?', KEY.enter],
    ['Go on?', `${KEY.down}${KEY.enter}`],
  ]);
  expect(await shown.ended).toBe(0);
  expect(shown.text).toContain('Dropped: API_SESSION_KEY_PREVIOUS.');
  expect(shown.text).not.toContain('Rotated');
  expect(envValue('API_SESSION_KEY_PREVIOUS')).toBe('');
});
