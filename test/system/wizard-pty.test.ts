import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fingerprint, PROGRAM, program, temporaryFolder } from '../program.ts';
import { KEY, Terminal, type TerminalOptions } from '../terminal.ts';

const root = temporaryFolder();

/** A folder for one run of the program. */
function freshFolder(): string {
  return mkdtempSync(join(root, 'run-'));
}

function start(args: readonly string[], options: Partial<TerminalOptions> = {}): Terminal {
  return Terminal.program(args, { cwd: freshFolder(), ...options });
}

const { enter, up, down, space } = KEY;
const CANCELLED = 'Cancelled. Nothing was written.';
const API_KEY = `sk-ant-${'x'.repeat(20)}-do-not-show`;

/** A production stack with an app of the user's: every kind of question there is. */
const SHOP: readonly (readonly [string, string])[] = [
  ['Name of the stack', `shop${enter}`],
  ['What is it for?', down + down + enter],
  ['Domain names', `shop.example.com, www.shop.example.com${enter}`],
  ['TLS certificates', enter],
  ['E-mail', enter],
  ['Do you accept', up + enter],
  ['test certificates first?', down + enter],
  ['SSH port', `2222${enter}`],
  ['Addresses SSH', `203.0.113.0/24${enter}`],
  ['What should it run?', down + down + enter],
  ['Services', space + enter],
  ['Apps of your own', down + enter],
  ['Name of the app', `api${enter}`],
  ['What runs in it?', enter],
  ['Image', `ghcr.io/acme/api:1.4.2${enter}`],
  ['Port it listens on', `3000${enter}`],
  ['Path that answers', enter],
  ['Public path', `/api${enter}`],
  ['On which domain?', enter],
  ['What does it connect to?', space + enter],
  ['API keys', `ANTHROPIC_API_KEY${enter}`],
  ['connections to the internet?', enter],
  ['Anything else about api?', enter],
  ['Your apps: api', enter],
  ['API_ANTHROPIC_API_KEY', API_KEY + enter],
  ['Write this?', enter],
];

test('from the first question to the files on disk', async () => {
  const cwd = freshFolder();
  const terminal = start([], { cwd });
  await terminal.answer(SHOP);
  expect(await terminal.ended).toBe(0);
  const file = (name: string): string => readFileSync(join(cwd, 'shop', name), 'utf8');
  expect(file('.env')).toContain(`API_ANTHROPIC_API_KEY=${API_KEY}`);
  expect(statSync(join(cwd, 'shop/.env')).mode & 0o777).toBe(0o600);
  expect(file('stack.yaml')).toMatch(/sshPorts:\s+- 2222/);
  expect(file('docker-compose.yml')).toContain('ghcr.io/acme/api:1.4.2');
  expect(terminal.output).not.toContain('do-not-show');
  expect(terminal.text).toContain('internet → edge');
  expect(terminal.text).toContain('docker compose up -d --wait');

  const withoutTerminal = program(['shop', '--dry-run', '--exit-code'], { cwd });
  expect(withoutTerminal).toMatchObject({ code: 0, stdout: 'Nothing would change.\n' });
});

test('what few apps need is behind one menu, whose entries show how it is', async () => {
  const cwd = freshFolder();
  const app = 'name=api,image=acme/api:1,secret=STRIPE_SECRET_KEY:external';
  const terminal = start(['--name', 'shop', '--environment', 'development', '--app', app], { cwd });
  const menu = (entry: number): [string, string] => ['Anything else about api?', down.repeat(entry) + enter];
  await terminal.answer([
    ['Domain names', enter],
    ['TLS certificates', enter],
    ['API_STRIPE_SECRET_KEY', enter],
    ['Write this?', down + enter],
    ['Which answer?', down.repeat(5) + enter],
    ['What runs in it?', enter],
    ['Image', enter],
    ['Port', enter],
    ['Path that answers', enter],
    ['Public path', enter],
    ['API keys', enter],
    ['connections to the internet?', enter],
    menu(1),
    ['What does it speak?', down + enter],
    menu(2),
    ['All its public paths', `/, /ws${enter}`],
    menu(3),
    ['Keys and passwords', `SESSION_KEY${enter}`],
    ['SESSION_KEY: what is it for?', enter],
    ['SESSION_KEY: in which form?', enter],
    menu(4),
    ['How do its secrets reach it?', enter],
    ['Are any of them an exception', space + enter],
    ['how secrets reach it: as files; as variables: STRIPE_SECRET_KEY', enter],
    ['Write this?', enter],
  ]);
  expect(await terminal.ended).toBe(0);
  expect(parse(readFileSync(join(cwd, 'shop/stack.yaml'), 'utf8')).apps.api).toEqual({
    image: 'acme/api:1',
    protocol: 'ws',
    routes: [{ path: '/' }, { path: '/ws' }],
    secrets: {
      STRIPE_SECRET_KEY: { kind: 'external', delivery: 'variable' },
      SESSION_KEY: { kind: 'hmac' },
    },
  });
});

describe('Ctrl-C', () => {
  test.each(SHOP.map(([prompt], index) => [prompt, index] as const))('at "%s"', async (prompt, index) => {
    const cwd = freshFolder();
    const terminal = start([], { cwd });
    await terminal.answer([...SHOP.slice(0, index), [prompt, KEY.ctrlC]]);
    expect(await terminal.ended).toBe(130);
    expect(terminal.lastLine).toBe(CANCELLED);
    expect(terminal.text).not.toMatch(/Error|^\s+at /m);
    expect(readdirSync(cwd)).toEqual([]);
  });
});

test.each([0, 20, 50, 100])(
  'an interrupt %i ms after an answer, maybe between two questions',
  async (delay) => {
    const cwd = freshFolder();
    const terminal = start([], { cwd });
    await terminal.answer(SHOP.slice(0, -2));
    await setTimeout(delay);
    terminal.kill('SIGINT');
    expect(await terminal.ended).toBe(130);
    expect(terminal.lastLine).toBe(CANCELLED);
    expect(readdirSync(cwd)).toEqual([]);
  },
);

describe('a stack that exists', () => {
  const cwd = freshFolder();
  const shop = join(cwd, 'shop');
  const open = (): Terminal => Terminal.program(['shop'], { cwd });

  test('back and forth at the review, the diff, and writing what changed', async () => {
    expect(program(['shop', '--yes', '--preset', 'single-app'], { cwd }).code).toBe(0);
    const terminal = open();
    await terminal.answer([
      ['What do you want to do?', enter],
      ['Which answer?', down + down + enter],
      ['Domain names', `app.localhost${enter}`],
      ['Write this?', down + down + enter],
      ['+  - app.localhost', ''],
      ['Write this?', down + enter],
      ['Which answer?', down + down + enter],
      ['Domain names', `shop.localhost${enter}`],
      ['Write this?', enter],
    ]);
    expect(await terminal.ended).toBe(0);
    expect(readFileSync(join(shop, 'stack.yaml'), 'utf8')).toMatch(/domains:\s+- shop\.localhost/);
  });

  test.each<[string, number, readonly (readonly [string, string])[]]>([
    ['leaving', 0, [['What do you want to do?', down.repeat(5) + enter]]],
    ['Ctrl-C at the menu', 130, [['What do you want to do?', KEY.ctrlC]]],
    [
      'Ctrl-C in an answer',
      130,
      [
        ['What do you want to do?', enter],
        ['Which answer?', enter],
        ['Name of the stack', KEY.ctrlC],
      ],
    ],
    [
      'Enter on everything',
      0,
      [
        ['What do you want to do?', enter],
        ['Which answer?', enter],
        ['Name of the stack', enter],
        ['Nothing would change.', enter],
      ],
    ],
    [
      'cancel at the review',
      130,
      [
        ['What do you want to do?', enter],
        ['Which answer?', down + down + enter],
        ['Domain names', `other.localhost${enter}`],
        ['Write this?', down + down + down + enter],
      ],
    ],
  ])('%s changes no file', async (_name, code, lines) => {
    const before = fingerprint(shop);
    const terminal = open();
    await terminal.answer(lines);
    expect(await terminal.ended).toBe(code);
    if (code === 130) expect(terminal.lastLine).toBe(CANCELLED);
    expect(fingerprint(shop)).toEqual(before);
  });
});

describe('terminals', () => {
  const toReview = SHOP.slice(0, -2);

  test('of 40 columns: nothing is wider', async () => {
    const terminal = start([], { columns: 40 });
    await terminal.answer([...toReview, ['API_ANTHROPIC_API_KEY', enter], ['Write this?', KEY.ctrlC]]);
    expect(await terminal.ended).toBe(130);
    const tooLong = terminal.lines.filter((line) => line.length > 40 && /\S\s+\S/.test(line));
    expect(tooLong).toEqual([]);
  });

  test.each([
    ['NO_COLOR', [], { NO_COLOR: '1' }],
    ['--no-color', ['--no-color'], {}],
  ])('with %s: no colour, no bold', async (_name, args, env) => {
    const terminal = start(args, { env });
    await terminal.answer([
      ['Name of the stack', `No${enter}`],
      ['must be lower-case', KEY.ctrlC],
    ]);
    expect(await terminal.ended).toBe(130);
    expect(terminal.output).not.toMatch(/\x1b\[[0-9;]*m/);
  });

  test('that are dumb are not asked on, and get plain text', async () => {
    const terminal = start([], { env: { TERM: 'dumb' } });
    expect(await terminal.ended).toBe(2);
    expect(terminal.text).toContain('there is no terminal to ask on');
    expect(terminal.output).not.toContain('\x1b');
  });

  test.each([
    ['CI', [], { CI: 'true' }, 2],
    ['--yes', ['--yes'], {}, 0],
  ])('are not used with %s', async (_name, args, env, code) => {
    const terminal = start(args, { env });
    expect(await terminal.ended).toBe(code);
    expect(terminal.text).not.toContain('Name of the stack');
  });
});

describe('an input that ends', () => {
  test.each([0, 1, 7, 8])('after %i answers is no success', async (answered) => {
    const cwd = freshFolder();
    const terminal = start([], { cwd });
    await terminal.answer([...SHOP.slice(0, answered), [SHOP[answered]![0], KEY.ctrlD]]);
    // A list takes no Ctrl-D for an answer either: it closes the input.
    expect(await terminal.ended).toBe(130);
    expect(terminal.lastLine).toBe(CANCELLED);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('with its terminal', async () => {
    const cwd = freshFolder();
    const terminal = start([], { cwd });
    await terminal.see('Name of the stack');
    terminal.kill('SIGHUP');
    expect(await terminal.ended).not.toBe(0);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('before it begins', async () => {
    const terminal = new Terminal('sh', ['-c', `exec "${process.execPath}" "${PROGRAM}" </dev/null`], {
      cwd: freshFolder(),
    });
    expect(await terminal.ended).toBe(2);
    expect(terminal.text).toContain('there is no terminal to ask on');
  });
});

test('SIGTERM in the middle: 143, nothing written', async () => {
  const cwd = freshFolder();
  const terminal = start([], { cwd });
  await terminal.answer(SHOP.slice(0, 2));
  await terminal.see('Domain names');
  terminal.kill('SIGTERM');
  expect(await terminal.ended).toBe(143);
  expect(readdirSync(cwd)).toEqual([]);
});

test('standard output carries only the result', async () => {
  const cwd = freshFolder();
  const terminal = new Terminal(
    'sh',
    ['-c', `exec "${process.execPath}" "${PROGRAM}" --preset empty >out.txt`],
    {
      cwd,
    },
  );
  await terminal.answer([
    ['Name of the stack', enter],
    ['What is it for?', enter],
    ['Domain names', enter],
    ['TLS certificates', enter],
    ['Write this?', enter],
  ]);
  expect(await terminal.ended).toBe(0);
  const stdout = readFileSync(join(cwd, 'out.txt'), 'utf8');
  expect(stdout).toMatch(/^# go there\ncd my-stack\n/);
  expect(stdout).not.toContain('\x1b');
  expect(terminal.text).not.toContain('# go there');
});
