import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';
import { main } from '../../src/cli/main.ts';
import { EXIT, UserError } from '../../src/errors.ts';
import { OPEN_ROTATION } from '../fixtures/open-rotation.ts';
import { inOwnFolder, type Line, type Run, runWizard, textOf, write } from './wizard-fixture.ts';

inOwnFolder();

const TEXT = `# Ours; ask Kim before changing.
version: 1
name: shop   # also the Compose project
environment: production
domains:
  - shop.example.com
  - www.shop.example.com # old links
tls: { mode: acme, terms: accepted }
firewall:
  sshPorts: [ 22 ]

services:
    postgres:   # since May
apps:
  web:
    image: sample
    routes: [{path: /}]
    needs: [postgres]
    limits: {memory: 128m}
  # the shop's brain
  api: {image: "acme/api:1.4.2", routes: [{path: /api}], delivery: variable}
`;

beforeEach(async () => {
  await write(await runWizard(['shop', '--preset', 'empty'], []));
  writeFileSync('shop/stack.yaml', TEXT);
  await write(await runWizard(['shop'], [['What do you want', 'change']]));
});

/** Every file with its content and time of change. */
function snapshot(): Map<string, string> {
  const files = readdirSync('shop', { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path, `${statSync(path).mtimeMs} ${readFileSync(path, 'latin1')}`];
    }),
  );
}

const CHANGE: Line = ['What do you want', 'change'];

test('shows what is there, and leaves it alone', async () => {
  const before = snapshot();
  const { order, prompter } = await runWizard(['shop'], [['What do you want', 'leave']]);
  expect(order).toBe(EXIT.ok);
  expect(prompter.screen).toContain('shop, production, https://shop.example.com/');
  expect(prompter.screen).toMatch(
    /Runs\n {2}edge {6}nginx .*\n {2}acme {6}ACME client .*\n {2}postgres {2}PostgreSQL .*\n {2}web {7}sample app\n {2}api {7}acme\/api:1\.4\.2/,
  );
  expect(snapshot()).toEqual(before);
});

test.each([
  'name',
  'environment',
  'domains',
  'TLS',
  'e-mail',
  'SSH port',
  'SSH allowed',
  'services',
  'app web',
  'app api',
  'apps: add',
])('Enter on everything below "%s" changes nothing', async (answer) => {
  const { order, prompter } = await runWizard(['shop'], [CHANGE, ['Which answer?', answer]]);
  expect(order).toBe(EXIT.ok);
  expect(prompter.asked.at(-1)).toBe('Nothing would change.');
  expect(prompter.refused).toEqual([]);
});

test('what is due by the schedule comes first', async () => {
  const ages = 'shop/secrets/.ages.json';
  writeFileSync(ages, readFileSync(ages, 'utf8').replace(/"20\d\d-/g, '"2001-'));
  const offer = 'replace the secrets that are due: POSTGRES_PASSWORD, POSTGRES_APP_PASSWORD';
  // It goes over to `rotate`, which does not find the stack running.
  await expect(runWizard(['shop'], [['What do you want', offer]])).rejects.toThrow(UserError);
});

test.each(['replace secrets', 'renew the certificate'])(
  '%s: offered though nothing is due',
  async (offer) => {
    // It goes over to the command, which has nobody to ask and no stack that runs; it waits for one, by a hasty clock.
    const now = Date.now;
    let later = 0;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => {
      later += 5000;
      return now() + later;
    });
    onTestFinished(() => clock.mockRestore());
    await expect(runWizard(['shop'], [['What do you want', offer]])).rejects.toThrow(UserError);
  },
);

test.each([
  [
    'new in stack.yaml',
    'shop/stack.yaml',
    TEXT,
    TEXT.replace('1.4.2",', '1.4.2", secrets: {TOKEN: {kind: hmac}},'),
  ],
  ['gone from .env', 'shop/.env', /^POSTGRES_PASSWORD=.*\n/m, ''],
])('a secret %s is no obstacle', async (_what, path, from, to) => {
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
  const { order } = await runWizard(['shop'], [['What do you want', 'bring the files']]);
  await write({ order } as Run);
  expect((await runWizard(['shop'], [['What do you want', 'leave']])).order).toBe(EXIT.ok);
});

describe('an open rotation comes before anything else', () => {
  beforeEach(() => writeFileSync('shop/secrets/.rotation.json', JSON.stringify(OPEN_ROTATION)));

  test('where it stood, and the same choices as rotate has', async () => {
    const before = snapshot();
    const { order, prompter } = await runWizard(['shop'], [['What shall be done with it?', 'leave']]);
    expect(order).toBe(EXIT.ok);
    expect(prompter.screen).toContain('A rotation of POSTGRES_PASSWORD from');
    expect(prompter.screen).toContain('0 of 2 steps are complete; the next one: write env file');
    expect(snapshot()).toEqual(before);
  });

  test.each([
    ['finish it', /^POSTGRES_PASSWORD=b$/m],
    ['bring the old values back', /^POSTGRES_PASSWORD=a$/m],
  ])('%s', async (way, value) => {
    const { order } = await runWizard(['shop'], [['What shall be done with it?', way]]);
    expect(order).toBe(EXIT.ok);
    expect(readFileSync('shop/.env', 'utf8')).toMatch(value);
    expect(readdirSync('shop/secrets')).not.toContain('.rotation.json');
  });
});

test('the diff is shown as often as wanted, and nothing is written for it', async () => {
  const before = snapshot();
  writeFileSync('shop/stack.yaml', TEXT.replace('1.4.2', '1.5.0'));
  const { prompter } = await runWizard(
    ['shop'],
    [
      ['What do you want', 'show'],
      ['What do you want', 'leave'],
    ],
  );
  expect(prompter.screen).toMatch(/-.*acme\/api:1\.4\.2.*\n\+.*acme\/api:1\.5\.0/);
  writeFileSync('shop/stack.yaml', TEXT);
  expect([...snapshot().keys()]).toEqual([...before.keys()]);
});

describe('the exit code', () => {
  const ROTATE = '../../src/cli/commands/rotate.ts';
  const WIZARD = '../../src/wizard/wizard.ts';
  afterEach(() => {
    vi.doUnmock(ROTATE);
    vi.doUnmock(WIZARD);
    vi.unstubAllEnvs();
  });

  test('of the command that the wizard goes over to', async () => {
    vi.doMock(ROTATE, () => ({ rotate: async () => EXIT.findings }));
    expect((await runWizard(['shop'], [['What do you want', 'replace secrets']])).order).toBe(EXIT.findings);
    writeFileSync('shop/secrets/.rotation.json', JSON.stringify(OPEN_ROTATION));
    const finish: Line = ['What shall be done with it?', 'finish it'];
    expect((await runWizard(['shop'], [finish])).order).toBe(EXIT.findings);
  });

  test('of the wizard is the program’s', async () => {
    vi.doMock(WIZARD, () => ({ wizard: async () => EXIT.findings }));
    vi.stubEnv('CI', '');
    vi.stubEnv('TERM', 'xterm');
    const streams = [process.stdin, process.stderr] as const;
    const before = streams.map(({ isTTY }) => isTTY);
    for (const stream of streams) stream.isTTY = true;
    onTestFinished(() => {
      for (const [index, stream] of streams.entries()) Object.assign(stream, { isTTY: before[index] });
    });
    expect(await main(['shop'])).toBe(EXIT.findings);
  });
});

describe('a changed answer', () => {
  test('is the only thing that changes in stack.yaml, comments included', async () => {
    const run = await runWizard(
      ['shop'],
      [CHANGE, ['Which answer?', 'app api'], ['Image', 'acme/api:1.5.0']],
    );
    expect(parse(textOf(run))).toEqual(parse(TEXT.replace('1.4.2', '1.5.0')));
    for (const comment of TEXT.match(/#.*/g) ?? []) expect(textOf(run)).toContain(comment);
    expect(run.order).toMatchObject({ answersRead: TEXT, folder: 'shop' });
    await write(run);
    expect(readFileSync('shop/stack.yaml', 'utf8')).toBe(textOf(run));
    expect((await runWizard(['shop'], [CHANGE])).order).toBe(EXIT.ok);
  });

  test('asks what depends on it, with proposals that fit', async () => {
    const run = await runWizard(
      ['shop'],
      [
        CHANGE,
        ['Which answer?', 'environment'],
        ['What is it for?', 'development'],
        ['Domain names', 'localhost'],
      ],
    );
    const again = run.prompter.asked.slice(run.prompter.asked.indexOf('What is it for?'));
    expect(again).toEqual([
      'What is it for?',
      'Domain names, the main one first',
      'Where do TLS certificates come from?',
      'Write this?',
    ]);
    expect(textOf(run)).toMatch(/mode: dev-ca/);
    expect(textOf(run)).not.toContain('sshPorts');
  });

  test('a new name is warned about: the data stays with the old one', async () => {
    const { prompter } = await runWizard(['shop'], [CHANGE, ['Which answer?', 'name'], ['Name', 'store']]);
    expect(prompter.screen).toMatch(/starts with empty\s+volumes; the data stays with\s+"shop"/);
  });

  test('back and forth before writing', async () => {
    const run = await runWizard(
      ['shop'],
      [
        CHANGE,
        ['Which answer?', 'app web'],
        ['Public path', '/shop'],
        ['Write this?', 'change'],
        ['Which answer?', 'app web'],
        ['Public path', '/'],
      ],
    );
    expect(run.order).toBe(EXIT.ok);
  });

  test('given by flag goes straight to the review', async () => {
    const run = await runWizard(['shop', '--ssh-port', '2222'], []);
    expect(run.prompter.asked).toEqual(['Write this?']);
    expect(parse(textOf(run)).firewall).toEqual({ sshPorts: [2222] });
  });

  test('a file of answers does so too', async () => {
    writeFileSync('answers.yaml', TEXT.replace('name: shop', 'name: copy'));
    const run = await runWizard(['--config', 'answers.yaml'], []);
    expect(run.prompter.asked).toEqual(['Write this?']);
    expect(run.order).toMatchObject({ folder: './copy', answersRead: undefined });
    expect(textOf(run)).toBe(readFileSync('answers.yaml', 'utf8'));
  });
});

test('what has drifted can be brought up to date without an answer', async () => {
  writeFileSync('shop/stack.yaml', TEXT.replace('1.4.2', '1.5.0'));
  const run = await runWizard(['shop'], [['What do you want', 'bring the files']]);
  await write(run);
  expect(readFileSync('shop/docker-compose.yml', 'utf8')).toContain('acme/api:1.5.0');
  expect((await runWizard(['shop'], [CHANGE])).order).toBe(EXIT.ok);
});

test('a key left empty before can be entered', async () => {
  await write(await runWizard(['shop', '--set', 'apps.api.secrets={GROQ_API_KEY: {kind: external}}'], []));
  const run = await runWizard(
    ['shop'],
    [
      ['What do you want', 'enter what is missing: API_GROQ_API_KEY'],
      ['API_GROQ_API_KEY', 'gsk_0123456789'],
    ],
  );
  await write(run);
  expect(readFileSync('shop/.env', 'utf8')).toContain('API_GROQ_API_KEY=gsk_0123456789');
});

test('the check tells its findings and comes back', async () => {
  const { order, prompter } = await runWizard(
    ['shop'],
    [
      ['What do you want', 'check'],
      ['What do you want', 'leave'],
    ],
  );
  expect(order).toBe(EXIT.ok);
  expect(prompter.asked).toHaveLength(2);
});

test('cancel at the review is like Ctrl-C', async () => {
  const before = snapshot();
  const run = runWizard(['shop', '--ssh-port', '2222'], [['Write this?', 'leave']]);
  await expect(run).rejects.toMatchObject({ name: 'CancelPromptError' });
  expect(snapshot()).toEqual(before);
});

test('what is wrong in the file is told with its line, before anything is asked', async () => {
  writeFileSync('shop/stack.yaml', TEXT.replace('[ 22 ]', '[ ssh ]'));
  await expect(runWizard(['shop'], [])).rejects.toThrow(/stack\.yaml:\d+:\d+: firewall\.sshPorts\[0\]/);
});
