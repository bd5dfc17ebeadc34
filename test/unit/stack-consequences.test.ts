import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/args.ts';
import { create } from '../../src/cli/commands/create.ts';
import { takeOrder } from '../../src/cli/take-order.ts';
import { consequences } from '../../src/stack/consequences.ts';
import { seenBy } from '../../src/stack/consumers.ts';
import { parseStackDocument, readSpec } from '../../src/stack/load.ts';
import { stackOf } from './rotation-fixture.ts';
import { inOwnFolder, type Line, runWizard, write } from './wizard-fixture.ts';

const spec = (changes: { name?: string; environment?: string; postgres?: string; location?: string } = {}) =>
  readSpec(
    parseStackDocument(
      `
version: 1
name: ${changes.name ?? 'shop'}
environment: ${changes.environment ?? 'staging'}
domains: [shop.test]
tls: { mode: dev-ca }
services: { postgres: ${changes.postgres ?? '{}'} }
secrets: { location: ${changes.location ?? 'project'} }
`,
      'stack.yaml',
    ),
  );

describe('what a change of answers means for the data', () => {
  test.each<[string, Parameters<typeof spec>[0], RegExp]>([
    ['the name', { name: 'store' }, /^under its new name .*"shop"$/],
    [
      'the major version',
      { postgres: '{ version: 17 }' },
      /^PostgreSQL 17 does not start on the data of 18: /,
    ],
    ['the database', { postgres: '{ database: other }' }, /"other" in an empty volume only.*"app"$/],
  ])('%s', (_what, changes, expected) => {
    expect(consequences(spec(), spec(changes))).toEqual([expect.stringMatching(expected)]);
  });

  test('the environment, where each has an env file of its own', () => {
    const location = '/etc/shop';
    expect(consequences(spec({ location }), spec({ location, environment: 'production' }))).toEqual([
      expect.stringMatching(/shop-production\.env now.*shop-staging\.env/),
    ]);
  });

  test('a key of stored data that nothing reads any more: its app has another name, or no overlap', () => {
    const app = (name: string, secret: string) =>
      readSpec(
        parseStackDocument(
          `
version: 1
name: shop
environment: staging
domains: [shop.test]
tls: { mode: dev-ca }
apps: { ${name}: { image: acme/api:1, secrets: { DATA_KEY: ${secret}, JWT_SECRET: { kind: hex } } } }
`,
          'stack.yaml',
        ),
      );
    const key = '{ kind: fernet, overlap: true }';
    const told = (id: string) =>
      `nothing reads ${id} any more: stored data may need it; keep it until that is encrypted anew`;
    expect(consequences(app('api', key), app('web', key))).toEqual([
      told('API_DATA_KEY'),
      told('API_DATA_KEY_PREVIOUS'),
    ]);
    expect(consequences(app('api', key), app('api', '{ kind: fernet }'))).toEqual([
      told('API_DATA_KEY_PREVIOUS'),
    ]);
    const hex = '{ kind: hex, class: encryption }';
    expect(consequences(app('api', hex), app('web', hex))).toEqual([told('API_DATA_KEY')]);
    expect(consequences(app('api', key), app('api', key))).toEqual([]);
  });

  test('nothing else', () => {
    expect(consequences(spec(), spec({ location: '/etc/shop', environment: 'production' }))).toHaveLength(1);
    expect(consequences(spec(), spec({ environment: 'production' }))).toEqual([]);
    expect(consequences(spec(), spec({ postgres: '{ rotation: two-role }' }))).toEqual([]);
    expect(consequences(spec(), spec({ postgres: '{ limits: { memory: 1g } }' }))).toEqual([]);
    expect(consequences(spec(), spec())).toEqual([]);
  });
});

describe('it is told', () => {
  inOwnFolder();
  const text = 'PostgreSQL makes the database "other" in an empty volume only';
  const change = ['shop', '--set', 'services.postgres.database=other'];
  const begin = async () => write(await runWizard(['shop', '--preset', 'web-api'], []));

  test('by the wizard before anything is written', async () => {
    await begin();
    const { prompter } = await runWizard(change, []);
    expect(prompter.screen.replaceAll(/\s+/g, ' ')).toContain(text);
  });

  test.each([['--dry-run', '--json'], ['--yes', '--json'], ['--yes']])(
    'by flags: %s %s',
    async (...flags) => {
      await begin();
      const lines: string[] = [];
      const output = {
        result: (line: string) => lines.push(line),
        note: (line: string) => lines.push(line),
        style: (_format: string, line: string) => line,
        width: 80,
      };
      const invocation = { args: parseArguments([...change, ...flags.filter(Boolean)]), output } as never;
      await create(invocation, (await takeOrder(invocation)) as never);
      const told = flags.includes('--json')
        ? JSON.parse(lines.join('\n')).warnings.join('\n')
        : lines.join('\n');
      expect(told).toContain(text);
    },
  );
});

describe('who sees a secret', () => {
  const stack = stackOf();
  const seen = (id: string) => seenBy(stack.secrets.find((secret) => secret.id === id)!, stack);

  test('also whoever gets it inside of a URL, by file or by variable', () => {
    expect(seen('POSTGRES_APP_PASSWORD')).toEqual(['postgres', 'api', 'jobs']);
    expect(seen('REDIS_APP_PASSWORD')).toEqual(['redis', 'api']);
  });

  test('nobody else', () => {
    expect(seen('POSTGRES_PASSWORD')).toEqual(['postgres']);
    expect(seen('API_JWT_SECRET')).toEqual(['api']);
  });

  test('as the report, the README and .env.example say', async () => {
    const { renderStack } = await import('../../src/library.ts');
    const { SHOP } = await import('./rotation-fixture.ts');
    const files = new Map(
      renderStack(SHOP, { redactSecrets: true }).map(({ path, content }) => [path, content]),
    );
    for (const path of ['README.md', 'SECURITY-REPORT.md'])
      expect(files.get(path)).toMatch(/POSTGRES_APP_PASSWORD.*\| postgres, api, jobs/);
    expect(files.get('.env')).toMatch(/\(postgres, api, jobs\)\nPOSTGRES_APP_PASSWORD=/);
  });
});

describe('a value at the hidden prompt', () => {
  inOwnFolder();

  test('that would be refused in the end is refused at once', async () => {
    const app = 'name=web,image=acme/web:1,secret=API_KEY:external';
    const script = (value: string): Line[] => [
      ['WEB_API_KEY', value],
      ['WEB_API_KEY', 'it is 5'],
    ];
    const { prompter } = await runWizard(['shop', '--app', app], script('\ufeffhidden'));
    expect(prompter.refused).toEqual([expect.stringMatching(/byte order mark/)]);
  });
});
