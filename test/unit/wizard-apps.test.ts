import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseAppFlag } from '../../src/stack/app-flag.ts';
import { appQuestions } from '../../src/stack/app-questions.ts';
import { inOwnFolder, type Line, runWizard, textOf } from './wizard-fixture.ts';

inOwnFolder();

const EMPTY: Line = ['What should it run?', 'empty'];
const ADD: Line = ['Apps of your own', 'add'];

async function answers(script: readonly Line[], argv: readonly string[] = []) {
  const run = await runWizard(argv, script);
  return { run, ...(parse(textOf(run)) as { services?: object; apps?: Record<string, unknown> }) };
}

test('an app from an image, with everything asked', async () => {
  const { apps, run } = await answers([
    EMPTY,
    ['Services', ['postgres', 'mailpit']],
    ADD,
    ['Name of the app', 'postgres'],
    ['Name of the app', 'Api'],
    ['Name of the app', 'api'],
    ['What runs in it?', 'image'],
    ['Image', 'ghcr.io/acme/api'],
    ['Image', 'ghcr.io/acme/api:1.4.2'],
    ['Port', '3000'],
    ['Path that answers', '/ready'],
    ['Public path', 'api'],
    ['Public path', '/api'],
    ['What does it connect to?', ['postgres']],
    ['API keys', 'OPENAI_API_KEY, 1X'],
    ['API keys', 'OPENAI_API_KEY'],
    ['connections to the internet', 'yes'],
  ]);
  expect(run.prompter.refused).toEqual([
    expect.stringContaining('reserved name'),
    expect.stringContaining('must be lower-case letters'),
    expect.stringContaining('needs a fixed tag'),
    expect.stringContaining('must start with "/"'),
    expect.stringContaining('must be a variable name'),
  ]);
  expect(apps).toEqual({
    api: {
      image: 'ghcr.io/acme/api:1.4.2',
      port: 3000,
      health: { path: '/ready' },
      routes: [{ path: '/api' }],
      needs: ['postgres'],
      secrets: { OPENAI_API_KEY: { kind: 'external' } },
      egress: true,
    },
  });
});

test('an app built here, not reachable from outside, and a second one that needs it', async () => {
  const { apps } = await answers([
    EMPTY,
    ADD,
    ['Name of the app', 'worker'],
    ['What runs in it?', 'build'],
    ['Folder', './worker'],
    ['Public path', 'none'],
    ['Your apps', 'add'],
    ['Name of the app', 'web'],
    ['What runs in it?', 'sample'],
    ['What does it connect to?', ['worker']],
  ]);
  expect(apps).toEqual({
    worker: { build: { context: './worker' } },
    web: { image: 'sample', routes: [{ path: '/' }], needs: ['worker'] },
  });
});

test('a second app is proposed a path of its own; an app never needs one that needs it', async () => {
  const { run, apps } = await answers([
    ['What should it run?', 'web-api'],
    ['Your apps', 'add'],
    ['Name of the app', 'admin'],
    ['What runs in it?', 'sample'],
    ['What does it connect to?', ['web']],
    ['Your apps', 'change web'],
    ['What does it connect to?', ['api', 'admin']],
  ]);
  expect(apps!['admin']).toEqual({ image: 'sample', routes: [{ path: '/admin' }], needs: ['web'] });
  expect(apps!['web']).toMatchObject({ needs: ['api'] });
  expect(run.prompter.refused).toEqual([]);
});

describe('a folder of finished files', () => {
  const site = ['--set', 'apps.site={static: {folder: ./dist, singlePage: true}, routes: [{path: /}]}'];

  test('can be what an app is', async () => {
    const { apps } = await answers([
      EMPTY,
      ADD,
      ['Name of the app', 'site'],
      ['What runs in it?', 'static'],
      ['Folder with the finished files', './dist'],
    ]);
    expect(apps).toEqual({ site: { static: { folder: './dist' }, routes: [{ path: '/' }] } });
  });

  test('is shown as that, and Enter keeps it', async () => {
    const { apps, run } = await answers(
      [
        ['Write this?', 'change'],
        ['Which answer?', 'app site: files in ./dist, /'],
      ],
      site,
    );
    expect(apps).toEqual({
      site: { static: { folder: './dist', singlePage: true }, routes: [{ path: '/' }] },
    });
    expect(run.prompter.asked).not.toContain('Image, with a fixed tag');
  });

  test.each([
    ['image', [['Image', 'acme/site:1'] as Line], { image: 'acme/site:1' }],
    ['build', [], { build: { context: './site' } }],
    ['sample', [], { image: 'sample' }],
  ])('gives way to %s', async (source, more, expected) => {
    const { apps } = await answers(
      [['Write this?', 'change'], ['Which answer?', 'app site'], ['What runs in it?', source], ...more],
      site,
    );
    expect(apps).toEqual({ site: { ...expected, routes: [{ path: '/' }] } });
  });
});

test('with several domains the app is given one of them', async () => {
  const { apps } = await answers(
    [EMPTY, ADD, ['Name of the app', 'web'], ['What runs', 'sample'], ['On which domain?', 'b.localhost']],
    ['--domain', 'a.localhost,b.localhost'],
  );
  expect(apps).toEqual({ web: { image: 'sample', routes: [{ host: 'b.localhost', path: '/' }] } });
});

describe('leaving out', () => {
  test('a service takes the wishes for it along', async () => {
    const { services, apps, run } = await answers([
      ['What should it run?', 'web-api'],
      ['Services', ['redis']],
    ]);
    expect(services).toEqual({ redis: {} });
    expect(apps!['api']).toMatchObject({ needs: ['redis'] });
    expect(run.prompter.screen).toContain('api no longer connects to postgres.');
  });

  test('an app does too', async () => {
    const { apps } = await answers([
      ['What should it run?', 'web-api'],
      ['Your apps', 'remove api'],
    ]);
    expect(apps).toEqual({ web: { image: 'sample', routes: [{ path: '/' }] } });
  });
});

test('changing an app keeps what is not asked about', async () => {
  const flag =
    'name=api,image=acme/api:1,protocol=ws,delivery=variable,secret=SESSION_KEY:hmac,secret=STRIPE_SECRET_KEY:external';
  const { apps } = await answers(
    [
      ['Write this?', 'change'],
      ['Which answer?', 'app api'],
      ['Port', '9000'],
    ],
    ['--app', flag],
  );
  expect(apps!['api']).toEqual({ ...parseAppFlag(flag).app, port: 9000 });
});

test('every question about an app has its key in --app', () => {
  const keys = new Set(Object.values(appQuestions).flatMap((question) => [...question.keys]));
  const inFlag = (key: string): boolean => {
    try {
      parseAppFlag(key === 'name' ? 'name=x' : `name=x,${key}=${key === 'egress' ? 'true' : '1'}`);
      return true;
    } catch {
      return false;
    }
  };
  expect([...keys].filter((key) => !inFlag(key))).toEqual([]);
  expect(inFlag('nonsense')).toBe(false);
});

describe('what few apps need, behind "Anything else?"', () => {
  const API = [
    '--domain',
    'a.localhost,b.localhost',
    '--service',
    'postgres',
    '--app',
    'name=api,image=acme/api:1,path=/api,host=a.localhost,needs=postgres,secret=STRIPE_SECRET_KEY:external',
  ];
  const before = parseAppFlag(API.at(-1)!).app;
  const MENU = 'Anything else about api?';
  const api = async (script: readonly Line[], argv = API) => {
    const { run, apps } = await answers(
      [['Write this?', 'change'], ['Which answer?', 'app api'], ...script],
      argv,
    );
    return { prompter: run.prompter, api: apps!['api'] as Record<string, unknown>, order: run.order };
  };

  test('Enter passes by, and nothing is written of what was only looked at', async () => {
    const { prompter, api: app } = await api([
      [MENU, 'protocol: HTTP'],
      [MENU, 'public paths: a.localhost/api'],
      [MENU, 'secrets made for it: none'],
      [MENU, 'how secrets reach it: as files'],
    ]);
    expect(app).toEqual(before);
    expect(prompter.asked.filter((message) => message === MENU)).toHaveLength(5);
  });

  test('a protocol, more paths, and the way of each value', async () => {
    const { api: app, prompter } = await api([
      [MENU, 'protocol'],
      ['What does it speak?', 'WebSockets'],
      [MENU, 'public paths'],
      ['All its public paths', 'a.localhost/api, ws'],
      ['All its public paths', 'a.localhost/api, /ws, b.localhost/'],
      [MENU, 'how secrets reach it'],
      ['How do its secrets reach it?', 'as variables'],
      ['Are any of them an exception, given as files?', ['STRIPE_SECRET_KEY']],
      [MENU, 'how secrets reach it: as variables; as files: STRIPE_SECRET_KEY'],
      [MENU, 'protocol: WebSockets'],
      [MENU, 'public paths: a.localhost/api, /ws, b.localhost/'],
    ]);
    expect(prompter.refused).toEqual([expect.stringContaining('must start with "/"')]);
    expect(app).toEqual({
      ...before,
      protocol: 'ws',
      routes: [{ host: 'a.localhost', path: '/api' }, { path: '/ws' }, { host: 'b.localhost', path: '/' }],
      delivery: 'variable',
      secrets: { STRIPE_SECRET_KEY: { kind: 'external', delivery: 'file' } },
    });
  });

  test.each([
    ['Enter leaves it as it was', [], { KEY: { kind: 'hmac', delivery: 'variable' } }],
    ['another answer counts', [['How do its secrets', 'as files'] as Line], { KEY: { kind: 'hmac' } }],
  ])('one secret, whose own way is that of all: %s', async (_, script, secrets) => {
    const { api: app } = await api(
      [[MENU, 'how secrets reach it: as variables'], ...script],
      ['--set', 'apps.api={image: "acme/api:1", secrets: {KEY: {kind: hmac, delivery: variable}}}'],
    );
    expect(app).toEqual({ image: 'acme/api:1', secrets });
  });

  test('two that arrive as variables, and one of them shall not', async () => {
    const { api: app } = await api(
      [
        [MENU, 'how secrets reach it: as variables'],
        ['Are any of them an exception, given as files?', ['B']],
      ],
      [
        '--set',
        'apps.api={image: "acme/api:1", secrets: {A: {delivery: variable}, B: {delivery: variable}}}',
      ],
    );
    expect(app).toEqual({
      image: 'acme/api:1',
      delivery: 'variable',
      secrets: { A: {}, B: { delivery: 'file' } },
    });
  });

  test('an API key of the name of one that is made is refused', async () => {
    const { prompter, api: app } = await api(
      [
        ['API keys', 'KEY'],
        ['API keys', 'none'],
      ],
      ['--app', 'name=api,image=acme/api:1,path=none,secret=KEY'],
    );
    expect(prompter.refused).toEqual(['KEY is made for it already']);
    expect(app).toEqual({ image: 'acme/api:1', secrets: { KEY: {} } });
  });

  test.each([
    ['static', 'static', { static: { folder: './api' } }],
    ['sample', 'sample', { image: 'sample' }],
  ])('what %s is not asked about goes with the source that had it', async (_, source, expected) => {
    const { api: app } = await api(
      [['What runs in it?', source]],
      ['--app', 'name=api,image=acme/api:1,path=/api,protocol=ws,delivery=variable,secret=KEY:hmac'],
    );
    expect(app).toEqual({ ...expected, routes: [{ path: '/api' }] });
  });

  test('secrets that are made: each by its purpose and form; keys of others stay', async () => {
    const { api: app, prompter } = await api([
      [MENU, 'secrets made for it'],
      ['Keys and passwords to make', 'SESSION_KEY, DATA-KEY'],
      ['Keys and passwords to make', 'SESSION_KEY, STRIPE_SECRET_KEY'],
      ['Keys and passwords to make', 'SESSION_KEY, DATA_KEY, OLD_KEY, SEAL, HOOK_TOKEN, TOKEN_ID'],
      ['DATA_KEY: what is it for?', 'encrypts'],
      ['OLD_KEY: what is it for?', 'encrypts'],
      ['OLD_KEY: in which form?', 'a Fernet key'],
      ['SEAL: what is it for?', 'something else'],
      ['SEAL: in which form?', 'a Fernet key'],
      ['HOOK_TOKEN: what is it for?', 'something else'],
      ['TOKEN_ID: in which form?', 'a UUID'],
    ]);
    expect(prompter.refused).toEqual([
      expect.stringContaining('must be a variable name'),
      'STRIPE_SECRET_KEY is one of the API keys, which others make',
    ]);
    expect(app['secrets']).toEqual({
      STRIPE_SECRET_KEY: { kind: 'external' },
      SESSION_KEY: { kind: 'hmac' },
      DATA_KEY: { kind: 'base64', class: 'encryption' },
      OLD_KEY: { kind: 'fernet' },
      // Encrypts by its kind: as a signing key it would rotate with the others, and stored data be lost.
      SEAL: { kind: 'fernet' },
      HOOK_TOKEN: {},
      TOKEN_ID: { kind: 'uuid' },
    });
  });

  test('a list that is given anew leaves out what is not on it, and keeps the rest as it was', async () => {
    const { api: app } = await api(
      [
        [MENU, 'public paths: /, /b'],
        ['All its public paths', '/b'],
        [MENU, 'secrets made for it: ONE, TWO'],
        ['Keys and passwords to make', 'TWO'],
      ],
      [
        '--set',
        'apps.api={image: "acme/api:1", routes: [{path: /}, {path: /b, maxBody: 1m}], secrets: {ONE: {}, TWO: {overlap: false}}}',
      ],
    );
    expect(app).toEqual({
      image: 'acme/api:1',
      routes: [{ path: '/b', maxBody: '1m' }],
      secrets: { TWO: { overlap: false } },
    });
    const { api: bare } = await api(
      [
        [MENU, 'public paths'],
        ['All its public paths', 'none'],
        [MENU, 'secrets made for it'],
        ['Keys and passwords to make', 'none'],
      ],
      ['--app', 'name=api,image=acme/api:1,secret=KEY'],
    );
    expect(bare).toEqual({ image: 'acme/api:1', routes: [], secrets: {} });
  });

  test('files are asked about their paths alone, the sample page about nothing', async () => {
    const { api: app } = await api(
      [
        [MENU, 'public paths: /'],
        ['All its public paths', '/, /docs'],
      ],
      ['--app', 'name=api,static=./dist'],
    );
    expect(app).toEqual({ static: { folder: './dist' }, routes: [{ path: '/' }, { path: '/docs' }] });
    await expect(api([[MENU, 'protocol']], ['--app', 'name=api,static=./dist'])).rejects.toThrow(
      'offers no "protocol": no, that is all | public paths: /',
    );
    const { prompter } = await api([], ['--app', 'name=api']);
    expect(prompter.asked).not.toContain(MENU);
    const { api: sample } = await api(
      [
        [MENU, 'public paths: /a, /b'],
        ['All its public paths', '/a'],
      ],
      ['--app', 'name=api,path=/a+/b,secret=KEY'],
    );
    // The source stays, and with it what the preset gave.
    expect(sample).toEqual({ image: 'sample', routes: [{ path: '/a' }], secrets: { KEY: {} } });
  });
});

describe('secrets only the user has', () => {
  const app = [
    '--app',
    'name=web,image=acme/web:1,secret=STRIPE_SECRET_KEY:external,secret=OTHER_KEY:external',
  ];

  test('are asked hidden, judged by their format, and never said', async () => {
    const value = `sk_test_${'a1B2'.repeat(5)}`;
    const { order, prompter } = await runWizard(app, [
      ['WEB_STRIPE_SECRET_KEY', 'sk-wrong'],
      ['WEB_STRIPE_SECRET_KEY', value],
      ['WEB_OTHER_KEY', ''],
      ['Write this?', 'diff'],
    ]);
    expect(prompter.refused).toEqual([expect.stringContaining('starts with sk_test_')]);
    expect(order).toMatchObject({ supplied: { WEB_STRIPE_SECRET_KEY: value } });
    expect(prompter.screen).toContain('WEB_OTHER_KEY: fill it in later, in .env.');
    expect(prompter.screen).toMatch(
      /as you entered them: WEB_STRIPE_SECRET_KEY\n {2}to be filled in later: WEB_OTHER_KEY/,
    );
    expect(prompter.screen).toContain('create .env (secret, not shown)');
    expect(prompter.screen).not.toContain(value);
  });

  test('go with the app that wanted them', async () => {
    const { order } = await runWizard(app, [
      ['WEB_STRIPE', `sk_test_${'a1B2'.repeat(5)}`],
      ['Write this?', 'change'],
      ['Which answer?', 'apps'],
      ['Your apps', 'remove web'],
    ]);
    expect(order).toMatchObject({ supplied: {} });
  });
});
