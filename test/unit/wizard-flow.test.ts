import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { planDevelopmentCertificates } from '../../src/certs/development.ts';
import { flags } from '../../src/cli/flags.ts';
import { questions } from '../../src/stack/questions.ts';
import { inOwnFolder, type Line, runWizard, textOf } from './wizard-fixture.ts';

inOwnFolder();

const PRODUCTION: readonly Line[] = [
  ['Name of the stack', 'shop'],
  ['What is it for?', 'production'],
  ['Domain names', 'shop.example.com'],
];

describe('a new stack', () => {
  test('Enter on everything gives a development stack, and nothing is on disk yet', async () => {
    const run = await runWizard([], []);
    expect(run.order).toMatchObject({ folder: './my-stack', answersRead: undefined, supplied: {} });
    expect(parse(textOf(run))).toEqual({
      version: 1,
      name: 'my-stack',
      environment: 'development',
      domains: ['localhost'],
      tls: { mode: 'dev-ca' },
      services: { postgres: {}, redis: {} },
      apps: {
        web: { image: 'sample', routes: [{ path: '/' }], needs: ['api'] },
        api: {
          image: 'sample',
          routes: [{ path: '/api' }],
          needs: ['postgres', 'redis'],
          secrets: { SESSION_KEY: { kind: 'hmac' } },
        },
      },
    });
    expect(run.prompter.asked).toHaveLength(8);
    expect(readdirSync('.')).toEqual([]);
  });

  test.each([
    ['web-api', ['web', 'api'], ['postgres', 'redis']],
    ['single-app', ['web'], []],
    ['empty', [], []],
  ])('the preset %s', async (preset, apps, services) => {
    const answers = parse(textOf(await runWizard([], [['What should it run?', preset]])));
    expect(Object.keys(answers.apps ?? {})).toEqual(apps);
    expect(Object.keys(answers.services ?? {})).toEqual(services);
  });

  test('a server is asked about certificates and SSH', async () => {
    const run = await runWizard(
      [],
      [
        ...PRODUCTION,
        ['TLS certificates', 'acme'],
        ['E-mail', 'ops@example.com'],
        ['Do you accept the terms', 'accepted'],
        ['Try with test certificates first?', 'no'],
        ['SSH port', '2222, 22'],
        ['Addresses SSH', '203.0.113.0/24, 2001:db8::1'],
      ],
    );
    expect(parse(textOf(run))).toMatchObject({
      tls: { mode: 'acme', email: 'ops@example.com', terms: 'accepted' },
      firewall: { sshPorts: [2222, 22], sshFrom: ['203.0.113.0/24', '2001:db8::1'] },
    });
  });

  test('nobody consents by Enter alone: "no" leads to another source of certificates, or back', async () => {
    const elsewhere = await runWizard([], PRODUCTION);
    expect(parse(textOf(elsewhere)).tls).toEqual({ mode: 'dev-ca' });
    expect(elsewhere.prompter.asked.slice(3, 7)).toEqual([
      'Where do TLS certificates come from?',
      expect.stringContaining('E-mail'),
      expect.stringContaining('Do you accept the terms'),
      'Where do TLS certificates come from?',
    ]);
    const back = await runWizard(
      [],
      [
        ...PRODUCTION,
        ['Do you accept the terms', 'declined'],
        ['TLS certificates', 'acme'],
        ['Do you accept the terms', 'accepted'],
      ],
    );
    expect(parse(textOf(back)).tls).toEqual({ mode: 'acme', terms: 'accepted', staging: true });
  });

  test('test certificates are advised the first time, and later proposed is what was answered', async () => {
    const again: readonly Line[] = [
      ['Write this?', 'change'],
      ['Which answer?', 'test certificates first: yes'],
      ['Try with test', 'no'],
      ['Write this?', 'change'],
      ['Which answer?', 'test certificates first: no'],
    ];
    const accepted: Line = ['Do you accept the terms', 'accepted'];
    const run = await runWizard([], [...PRODUCTION, accepted]);
    expect(parse(textOf(run)).tls).toEqual({ mode: 'acme', terms: 'accepted', staging: true });
    const changed = await runWizard([], [...PRODUCTION, accepted, ...again]);
    expect(parse(textOf(changed)).tls.staging).toBe(false);
    const gone: Line = ['TLS certificates', 'dev-ca'];
    const other = await runWizard(
      [],
      [...PRODUCTION, accepted, ['Write this?', 'change'], ['Which answer?', 'TLS'], gone],
    );
    expect(parse(textOf(other)).tls.staging).toBeUndefined();
  });

  test('defaults are not written down', async () => {
    const run = await runWizard([], [...PRODUCTION, ['Do you accept', 'accepted'], ['Try with test', 'no']]);
    const answers = parse(textOf(run));
    // What the file does not tell: whoever has said no is not advised to try.
    expect(run.order).toMatchObject({ stagingAnswered: true });
    expect(answers.firewall).toBeUndefined();
    expect(answers.tls).toEqual({ mode: 'acme', terms: 'accepted' });
  });

  test('a wrong answer is refused at its prompt, in the words of the file', async () => {
    const { prompter } = await runWizard(
      [],
      [
        ['Name of the stack', 'My Shop'],
        ['Name of the stack', ''],
        ['Name of the stack', 'shop'],
        ['What is it for?', 'production'],
        ['Domain names', ''],
        ['Domain names', 'shop.example.com, https://x'],
        ['Domain names', 'shop.example.com'],
        ['SSH port', '70000'],
        ['SSH port', 'ssh'],
        ['SSH port', '22'],
        ['Addresses SSH', 'home'],
        ['Addresses SSH', ''],
      ],
    );
    expect(prompter.refused).toEqual([
      expect.stringContaining('must be lower-case letters'),
      'is missing',
      'must name at least one domain',
      '"https://x" must be a name alone, without https:// or a path',
      expect.stringMatching(/^"70000" must be/),
      expect.stringMatching(/^"ssh" must be a number/),
      expect.stringMatching(/^"home" must be an address/),
    ]);
  });

  test('a folder that is taken is told at the name', async () => {
    mkdirSync('full');
    writeFileSync('full/note.txt', 'mine');
    mkdirSync('stack');
    writeFileSync('stack/stack.yaml', '');
    const { prompter, order } = await runWizard(
      [],
      [
        ['Name', 'full'],
        ['Name', 'stack'],
        ['Name', 'free'],
      ],
    );
    expect(prompter.refused).toEqual([
      './full exists and is not empty; choose another name',
      './stack holds a stack already; choose another name',
    ]);
    expect(order).toMatchObject({ folder: './free' });
    await expect(runWizard(['--name', 'full'], [])).rejects.toMatchObject({ exit: 3 });
    await expect(runWizard(['full'], [])).rejects.toMatchObject({
      exit: 3,
      message: expect.stringContaining('holds no stack'),
    });
  });

  test('the folder given is used, and proposes the name', async () => {
    const run = await runWizard(['./Web Shop'], []);
    expect(run.order).toMatchObject({ folder: './Web Shop' });
    expect(parse(textOf(run)).name).toBe('web-shop');
  });
});

describe('flags', () => {
  test('what they give is not asked', async () => {
    const { prompter } = await runWizard(
      [
        'shop',
        '--name',
        'shop',
        '--environment',
        'production',
        '--domain',
        'shop.example.com',
        '--ssh-port',
        '22',
      ],
      [],
    );
    expect(prompter.asked).toEqual([
      'Where do TLS certificates come from?',
      expect.stringContaining('E-mail'),
      expect.stringContaining('terms of service'),
      'Where do TLS certificates come from?',
      expect.stringContaining('Addresses SSH'),
      'What should it run?',
      'Services',
      expect.stringContaining('Your apps'),
      'Write this?',
    ]);
  });

  test.each([[['--preset', 'empty']], [['--service', 'redis']], [['--app', 'name=web']]])(
    '%s answers what to run',
    async (flags) => {
      const { prompter } = await runWizard(flags, []);
      expect(prompter.asked).not.toContain('What should it run?');
      expect(prompter.asked.at(-1)).toBe('Write this?');
    },
  );

  test('every question has its flag: with all of them there is only the review', async () => {
    const values: Record<string, string> = {
      name: 'shop',
      environment: 'production',
      domain: 'shop.example.com',
      tls: 'acme',
      'tls-email': 'ops@example.com',
      'tls-terms': 'accepted',
      'tls-staging': 'false',
      'ssh-port': '22',
      'ssh-from': '203.0.113.7',
    };
    const asked = questions.filter(({ path }) => !['certificate', 'key'].includes(String(path[1])));
    const flags = asked.flatMap(({ flag }) => [`--${flag}`, values[flag]!]);
    const { prompter } = await runWizard([...flags, '--preset', 'web-api'], []);
    expect(prompter.asked).toEqual(['Write this?']);
  });
});

test('and every flag that gives an answer has its question', () => {
  // The last three answer "What should it run?" and what follows it; test/unit/wizard-apps.test.ts has their parts.
  const others = ['preset', 'service', 'app'];
  const notAnswers = [
    'yes',
    'config',
    'set',
    'secret-file',
    'force',
    'dry-run',
    'exit-code',
    'json',
    'no-color',
    'help',
    'version',
  ];
  const ofCreate = flags.filter(({ commands }) => commands.includes('create')).map(({ name }) => name);
  expect(ofCreate.filter((name) => !notAnswers.includes(name)).sort()).toEqual(
    [...questions.map(({ flag }) => flag), ...others].sort(),
  );
});

describe('answers that do not fit together', () => {
  test('a service for development in production: either the services or the environment', async () => {
    const script: readonly Line[] = [
      ['Name', 'shop'],
      ['Services', ['mailpit']],
      ['Write this?', 'change'],
      ['Which answer?', 'environment'],
      ['What is it for?', 'production'],
      ['Domain', 'shop.example.com'],
      ['TLS', 'acme'],
    ];
    const run = await runWizard([], [...script, ['Which answer shall change?', 'services']]);
    expect(run.prompter.screen).toContain('services.mailpit: is not for production');
    const answers = parse(textOf(run));
    expect(answers).toMatchObject({ environment: 'production', domains: ['shop.example.com'] });
    expect(answers.services).toBeUndefined();
  });

  test('ACME for localhost: either of the two is asked again', async () => {
    const script: readonly Line[] = [
      ['Name', 'shop'],
      ['What is it for?', 'production'],
      ['Domain', 'localhost'],
      ['TLS', 'acme'],
      ['Do you accept', 'accepted'],
    ];
    const name = await runWizard(
      [],
      [...script, ['Which answer shall change?', 'domains'], ['Domain', 'shop.example.com']],
    );
    expect(name.prompter.screen).toContain(
      'domains[0]: no public authority issues certificates for this name',
    );
    expect(parse(textOf(name))).toMatchObject({ domains: ['shop.example.com'], tls: { mode: 'acme' } });
    const mode = await runWizard([], [...script, ['Which answer shall change?', 'TLS'], ['TLS', 'dev-ca']]);
    expect(parse(textOf(mode))).toMatchObject({ domains: ['localhost'], tls: { mode: 'dev-ca' } });
  });

  test('what belongs to another TLS mode than the chosen one is left out, and the mode not asked again', async () => {
    const { prompter, order } = await runWizard(
      ['shop', '--tls-staging', 'true', '--preset', 'empty'],
      [['TLS', 'dev-ca']],
    );
    expect(prompter.asked.filter((message) => message.includes('TLS'))).toHaveLength(1);
    expect(prompter.screen).toContain('tls.staging: left out');
    expect(parse(textOf({ prompter, order })).tls).toEqual({ mode: 'dev-ca' });
  });

  test('what is refused only when the files are made leads to the list of answers, and nothing is lost', async () => {
    const apps = Array.from({ length: 16 }, (_, n) => [
      '--app',
      `name=a${n},image=x:1,path=none,egress=true`,
    ]);
    const run = await runWizard(
      ['shop', '--preset', 'empty', '--set', 'network.pool=10.0.0.0/24', ...apps.flat()],
      [
        ['Which answer?', 'apps: add'],
        ['Your apps', 'remove a15'],
      ],
    );
    expect(run.prompter.screen).toContain('network.pool: 10.0.0.0/24 is too small');
    expect(Object.keys(parse(textOf(run)).apps)).toHaveLength(15);
  });

  test('certificate files that are not there are asked again', async () => {
    const { leaf } = await planDevelopmentCertificates({
      stackName: 'shop',
      names: ['shop.example.com'],
      existing: {},
      now: new Date(),
    });
    writeFileSync('chain.pem', leaf.certificatePem);
    writeFileSync('key.pem', leaf.keyPem);
    const run = await runWizard(
      [],
      [
        ...PRODUCTION,
        ['TLS', 'files'],
        ['Certificate with its chain', ''],
        ['Certificate with its chain', 'none.pem'],
        ['Private key', 'key.pem'],
        ['Certificate with its chain', './chain.pem'],
      ],
    );
    expect(run.prompter.refused).toEqual([expect.stringContaining('needs the path of a PEM file')]);
    expect(run.prompter.screen).toContain(`tls.certificate: there is no file ${resolve('none.pem')}`);
    expect(parse(textOf(run)).tls).toEqual({
      mode: 'files',
      certificate: resolve('chain.pem'),
      key: resolve('key.pem'),
    });
  });
});
