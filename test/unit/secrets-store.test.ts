import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblem, UserError } from '../../src/errors.ts';
import { parseEnvFile } from '../../src/secrets/env-parse.ts';
import { secretsRevisionVariable } from '../../src/secrets/revisions.ts';
import { renderSecretFiles } from '../../src/secrets/secret-files.ts';
import { type ResolveInput, resolveSecrets, type SecretState } from '../../src/secrets/store.ts';
import { encodeUserinfo } from '../../src/secrets/userinfo.ts';
import { SecretValues } from '../../src/secrets/values.ts';
import type { Secret, SecretFile, SecretStore } from '../../src/stack/model.ts';
import { hostileValue } from '../corpus/secret-values.ts';
import { seededRandom } from '../corpus/seeded-random.ts';

function secret(id: string, changes: Partial<Secret> = {}): Secret {
  const defaults: Secret = {
    id,
    kind: 'password',
    class: 'engine',
    what: id,
    placeholder: 'generated',
    consumers: [],
  };
  return { ...defaults, ...changes };
}

const secrets: Secret[] = [
  secret('DB_PASSWORD', { consumers: ['db', 'api'], what: 'Password of the database' }),
  secret('SESSION_KEY', { kind: 'hmac', class: 'signing', consumers: ['api'] }),
  secret('DATA_KEY', { kind: 'fernet', class: 'encryption', consumers: ['api'] }),
  secret('API_OPENAI_API_KEY', {
    kind: 'external',
    class: 'external',
    placeholder: 'sk-...',
    consumers: ['worker-1'],
  }),
  secret('DATABASE_URL', {
    kind: 'derived',
    placeholder: 'postgres://...',
    consumers: ['api'],
    derive: (value) => `postgres://app:${encodeUserinfo(value('DB_PASSWORD'))}@db:5432/app`,
  }),
];
const secretFiles: SecretFile[] = [
  { name: 'db_password', from: ['DB_PASSWORD'], content: (value) => value('DB_PASSWORD'), consumers: ['db'] },
  {
    name: 'openai_key',
    from: ['API_OPENAI_API_KEY'],
    content: (value) => value('API_OPENAI_API_KEY'),
    consumers: ['worker-1'],
  },
];
const secretStore: SecretStore = {
  envFile: '.env',
  directory: 'secrets',
  schedule: { signing: 90, engine: 180, external: 90 },
};
const openAiKey = `sk-${'a1'.repeat(20)}`;

interface Run {
  state: SecretState;
  env: string;
  example: string;
  files: Map<string, string>;
  tree: ReturnType<typeof renderSecretFiles>;
}

interface Changes extends Partial<Omit<ResolveInput, 'existing'>> {
  /** Text of the present `.env`. */
  env?: string;
  store?: SecretStore;
}

function run({ env, store = secretStore, ...changes }: Changes = {}): Run {
  const input = {
    secrets,
    secretFiles,
    existingFiles: new Map(),
    supplied: {},
    random: seededRandom('store'),
    ...changes,
    existing: env === undefined ? undefined : parseEnvFile(env, '.env'),
  };
  const state = resolveSecrets(input);
  const tree = renderSecretFiles(state, { ...input, secretStore: store });
  const content = (path: string) => tree.files.find((file) => file.path === path)?.content ?? '';
  const mounted = tree.files.filter(({ path }) => path.startsWith(`${store.directory}/`));
  return {
    state,
    tree,
    env: content(store.envFile),
    example: content('.env.example'),
    files: new Map(mounted.map((file) => [file.path.slice(store.directory.length + 1), file.content])),
  };
}

/** The next run over what the last one wrote. */
function again(last: Run, changes: Changes = {}): Run {
  return run({ env: last.env, existingFiles: last.files, random: seededRandom('again'), ...changes });
}

function edit(env: string, id: string, value: string): string {
  return env.replace(new RegExp(`^${id}=.*$`, 'm'), () => `${id}=${value}`);
}

function value(of: Run, id: string): string {
  return parseEnvFile(of.env, '.env').values.get(id);
}

describe('a first run', () => {
  it('generates what can be generated and reports what only the user can give', () => {
    const { state } = run();
    expect(state.generated).toEqual(['DB_PASSWORD', 'SESSION_KEY', 'DATA_KEY']);
    expect(state.missing).toEqual(['API_OPENAI_API_KEY']);
    expect(state.values.get('DATABASE_URL')).toBe(
      `postgres://app:${state.values.get('DB_PASSWORD')}@db:5432/app`,
    );
    expect([...state.revisions]).toEqual([
      ['DB_SECRETS_REV', 1],
      ['WORKER_1_SECRETS_REV', 1],
    ]);
  });

  it('takes what the user supplies, also in place of a generated value', () => {
    const { state } = run({ supplied: { API_OPENAI_API_KEY: openAiKey, DB_PASSWORD: 'the old one p@ss$1' } });
    expect(state.values.get('API_OPENAI_API_KEY')).toBe(openAiKey);
    expect(state.values.get('DB_PASSWORD')).toBe('the old one p@ss$1');
    expect(state.values.get('DATABASE_URL')).toContain(':the%20old%20one%20p%40ss%241@');
    expect(state.generated).toEqual(['SESSION_KEY', 'DATA_KEY']);
    expect(state.missing).toEqual([]);
  });

  it('leaves a derived value and a secret file out while an input is blank', () => {
    const derived = secret('KEY_LINE', {
      kind: 'derived',
      derive: (read) => `${read('API_OPENAI_API_KEY')}:${read('DATABASE_URL')}`,
    });
    // Before its inputs in the list, and made from another derived value.
    const before = run({ secrets: [derived, ...secrets] });
    expect(before.state.values.get('KEY_LINE')).toBe('');
    expect([...before.files.keys()]).toEqual(['db_password']);
    const after = again(before, {
      secrets: [derived, ...secrets],
      supplied: { API_OPENAI_API_KEY: openAiKey },
    });
    expect(after.state.values.get('KEY_LINE')).toBe(`${openAiKey}:${after.state.values.get('DATABASE_URL')}`);
    expect([...after.files.keys()]).toEqual(['db_password', 'openai_key']);
  });
});

describe('a later run', () => {
  it('changes not one byte when nothing has changed', () => {
    const first = run({ supplied: { API_OPENAI_API_KEY: openAiKey } });
    const second = again(first);
    expect(second.tree).toEqual(first.tree);
    expect(second.state.generated).toEqual([]);
  });

  it('never changes a value that is there, whatever it is', () => {
    fc.assert(
      fc.property(hostileValue, (password) => {
        let first: Run;
        try {
          first = run({ supplied: { DB_PASSWORD: password } });
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          return;
        }
        const kept = password === '' || password === 'generated' ? value(first, 'DB_PASSWORD') : password;
        const second = again(first, { supplied: { DB_PASSWORD: 'another-password-of-mine' } });
        expect(second.env).toBe(first.env);
        expect(value(second, 'DB_PASSWORD')).toBe(kept);
        expect(second.files.get('db_password')).toBe(kept);
        expect(second.state.ignored).toEqual(['DB_PASSWORD']);
      }),
    );
  });

  it('fills in a blank value', () => {
    const first = run();
    const second = again(first, { env: edit(first.env, 'DATA_KEY', '') });
    expect(second.state.generated).toEqual(['DATA_KEY']);
    expect(value(second, 'DB_PASSWORD')).toBe(value(first, 'DB_PASSWORD'));
  });

  it('does not take a copied .env.example for the values', () => {
    const { state } = run({ env: run().example });
    expect(state.generated).toEqual(['DB_PASSWORD', 'SESSION_KEY', 'DATA_KEY']);
    expect(state.missing).toEqual(['API_OPENAI_API_KEY']);
  });

  it('recomputes a derived value and says so', () => {
    const first = run();
    const edited = again(first, { env: edit(first.env, 'DATABASE_URL', 'postgres://elsewhere') });
    expect(edited.env).toBe(first.env);
    expect(edited.state.recomputed).toEqual(['DATABASE_URL']);
    expect(again(first, { supplied: { DATABASE_URL: 'postgres://x' } }).state.ignored).toEqual([
      'DATABASE_URL',
    ]);
  });

  it('keeps variables without a consumer apart, and takes them back', () => {
    const first = run({ supplied: { API_OPENAI_API_KEY: openAiKey } });
    const without = secrets.filter(({ id }) => id !== 'API_OPENAI_API_KEY');
    const second = again(first, { secrets: without, secretFiles: secretFiles.slice(0, 1) });
    expect(second.state.retired).toEqual(['API_OPENAI_API_KEY']);
    expect(second.env).not.toContain('WORKER_1_SECRETS_REV');
    expect(second.env).toMatch(/# --- no longer used ---\n(?:#.*\n)+API_OPENAI_API_KEY=sk-/);
    expect(second.example).not.toContain('API_OPENAI_API_KEY');
    const third = again(second, { existingFiles: first.files });
    expect(third.env).toBe(first.env);
  });

  it("keeps the user's own comments", () => {
    const first = run();
    const noted = `${first.env.replace('DATA_KEY=', '## backed up by Ada\nDATA_KEY=')}## the end\n`;
    const second = again(first, { env: noted });
    expect(second.env).toContain('\n## backed up by Ada\nDATA_KEY=');
    expect(second.env.endsWith('\n## the end\n')).toBe(true);
    expect(again(second).env).toBe(second.env);
  });

  it('reports values of a wrong format with their line, and keeps them', () => {
    const first = run({ supplied: { API_OPENAI_API_KEY: 'pk-wrong-one' } });
    expect(first.state.problems).toEqual([
      { message: 'API_OPENAI_API_KEY is no OpenAI API key: that starts with sk-' },
    ]);
    const env = edit(first.env, 'DATA_KEY', 'CANARY');
    const second = again(first, { env });
    const line = env.split('\n').findIndex((each) => each.startsWith('DATA_KEY=')) + 1;
    expect(second.state.problems.find(({ message }) => message.startsWith('DATA_KEY'))).toMatchObject({
      file: '.env',
      line,
    });
    expect(JSON.stringify(second.state.problems)).not.toContain('CANARY');
    expect(value(second, 'DATA_KEY')).toBe('CANARY');
  });

  it('reports a setting that is none of its values, with its line', () => {
    const setting = secret('ROLE', { kind: 'setting', placeholder: 'app', values: ['app', 'app_a'] });
    const first = run({ secrets: [setting, ...secrets] });
    expect(first.state.problems).toEqual([]);
    const env = edit(first.env, 'ROLE', 'shop');
    const { problems } = again(first, { secrets: [setting, ...secrets], env }).state;
    expect(problems.map(formatProblem)).toEqual([
      expect.stringMatching(/^\.env:\d+: ROLE must be one of app, app_a \(.*put back/),
    ]);
  });
});

describe('revisions', () => {
  const first = run({ supplied: { API_OPENAI_API_KEY: openAiKey } });
  const counters = (of: Run) => [...of.state.revisions.values()];

  it('count a value edited in .env, for the workloads that see it only', () => {
    const second = again(first, { env: edit(first.env, 'DB_PASSWORD', 'an-edited-password') });
    expect(counters(second)).toEqual([2, 1]);
    expect(counters(again(second))).toEqual([2, 1]);
    expect(counters(again(second, { env: edit(second.env, 'DB_PASSWORD', 'edited-once-more-ok') }))).toEqual([
      3, 1,
    ]);
  });

  it('count a file that was edited, deleted or added behind our back', () => {
    const files = (change: (map: Map<string, string>) => void) => {
      const map = new Map(first.files);
      change(map);
      return counters(again(first, { existingFiles: map }));
    };
    expect(files((map) => map.set('openai_key', `${openAiKey}\n`))).toEqual([1, 2]);
    expect(files((map) => map.delete('openai_key'))).toEqual([1, 2]);
    expect(files((map) => map.set('unrelated', 'x'))).toEqual([1, 1]);
    expect(counters(again(first, { env: edit(first.env, 'API_OPENAI_API_KEY', '') }))).toEqual([1, 2]);
  });

  it('count a value that a workload gets by variable', () => {
    const more = [...secrets, secret('EXTRA', { consumers: ['db'] })];
    expect(counters(again(first, { secrets: more }))).toEqual([2, 1]);
  });

  it('start again from a damaged counter', () => {
    for (const damaged of ['', 'x', '-1', '01', '1.5', '9'.repeat(30)]) {
      expect(counters(again(first, { env: edit(first.env, 'DB_SECRETS_REV', damaged) }))).toEqual([1, 1]);
    }
  });

  it('have a valid name for every workload', () => {
    expect(secretsRevisionVariable('app-db.1')).toBe('APP_DB_1_SECRETS_REV');
    expect(secretsRevisionVariable('3scale')).toBe('W3SCALE_SECRETS_REV');
  });

  it('refuse a secret of the same name', () => {
    expect(() => run({ secrets: [...secrets, secret('DB_SECRETS_REV')] })).toThrow(
      /DB_SECRETS_REV is a name kept/,
    );
  });
});

describe('the files', () => {
  it('have their modes and classes, inside or outside the project', () => {
    const store = { ...secretStore, envFile: '/etc/shop/production.env', directory: '/etc/shop/secrets' };
    const { tree } = run({ store, supplied: { API_OPENAI_API_KEY: openAiKey } });
    expect(tree.files.map(({ path, mode, class: owner }) => [path, mode, owner])).toEqual([
      ['/etc/shop/production.env', 0o600, 'secret'],
      ['/etc/shop/secrets/db_password', 0o444, 'secret'],
      ['/etc/shop/secrets/openai_key', 0o444, 'secret'],
      ['.env.example', 0o644, 'generated'],
    ]);
    expect(tree.directories).toEqual([{ path: '/etc/shop/secrets', mode: 0o700 }]);
  });

  it('hold values without a newline at the end, unless the content has one', () => {
    const conf = { name: 'conf', from: ['DB_PASSWORD'], content: () => 'line\n', consumers: ['db'] };
    const { files, state } = run({ secretFiles: [...secretFiles, conf] });
    expect(files.get('db_password')).toBe(state.values.get('DB_PASSWORD'));
    expect(files.get('conf')).toBe('line\n');
  });

  it('show the same keys in the same order in .env.example, and no value', () => {
    const { env, example, state } = run({ supplied: { API_OPENAI_API_KEY: openAiKey } });
    const names = parseEnvFile(example, '.env.example').values.names();
    expect(names).toEqual(parseEnvFile(env, '.env').values.names());
    expect(names).toHaveLength(secrets.length + 2);
    for (const { id } of secrets) expect(example).not.toContain(state.values.get(id));
    expect(example).toContain('\nAPI_OPENAI_API_KEY=sk-...\n');
  });

  it('never have a path for a name', () => {
    const file = { name: '../x', from: [], content: () => '', consumers: [] };
    expect(() => run({ secretFiles: [file] })).toThrow(/not the name of a secret file/);
  });
});

describe('refusals and bugs', () => {
  it('names every value that .env cannot carry, and shows none', () => {
    const supplied = { DB_PASSWORD: 'CANARY\0', API_OPENAI_API_KEY: 'CANARY\nline' };
    const byVariable = secrets.map((one) =>
      one.id === 'API_OPENAI_API_KEY' ? { ...one, byVariable: true as const } : one,
    );
    try {
      run({ supplied, secrets: byVariable });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).problems.map(({ message }) => message)).toEqual([
        'DB_PASSWORD holds a control character, which .env cannot carry',
        'API_OPENAI_API_KEY holds a line break, which .env cannot carry: deliver it by file, and enter it with --secret-file',
      ]);
    }
  });

  it('takes any text for what containers get by file only', () => {
    const { state, env } = run({
      supplied: { DB_PASSWORD: 'a backslash \\', API_OPENAI_API_KEY: 'two\nlines' },
    });
    expect(parseEnvFile(env, '.env').values.get('DB_PASSWORD')).toBe('a backslash \\');
    expect(state.files.get('openai_key')).toBe('two\nlines');
    const existingFiles = new Map(state.files.names().map((name) => [name, state.files.get(name)]));
    expect(run({ env, existingFiles }).env).toBe(env);
  });

  it('refuses a value for a secret that does not exist', () => {
    expect(() => run({ supplied: { DB_PASWORD: 'x' } })).toThrow(
      'there is no secret called DB_PASWORD in this stack',
    );
  });

  it.each([
    ['two secrets with one id', [secret('A'), secret('A')], 'two secrets have the same id'],
    ['a cycle', [secret('A', { kind: 'derived', derive: (read) => read('A') })], 'A is derived from itself'],
    ['a lost input', [secret('A', { kind: 'derived', derive: (read) => read('B') })], 'A is derived from B'],
    ['no rule', [secret('A', { kind: 'derived' })], 'A is derived, but from nothing'],
  ])('takes %s for a bug', (_, broken, message) => {
    const attempt = () => run({ secrets: broken, secretFiles: [] });
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(UserError);
  });
});

describe('a state', () => {
  it('shows no value when it is printed, however', () => {
    const noted = run().env.replace('DATA_KEY=', '## CANARY-NOTE\nOLD_ONE=CANARY-OLD\nDATA_KEY=');
    const { state } = run({ env: noted, supplied: { API_OPENAI_API_KEY: openAiKey } });
    const printed = [
      JSON.stringify(state),
      inspect(state, { depth: null, showHidden: true, getters: true }),
      String(state.values),
      JSON.stringify({ ...state.values }),
      inspect(Object.entries(state), { depth: null }),
    ].join('\n');
    for (const { id } of secrets) expect(printed).not.toContain(state.values.get(id));
    expect(printed).not.toContain('CANARY');
    expect(printed).toContain('DB_PASSWORD');
  });

  it('tells blank from set', () => {
    const values = new SecretValues([
      ['A', ''],
      ['B', 'x'],
    ]);
    expect(values.toJSON()).toEqual({ A: '', B: '[secret]' });
    expect([values.has('A'), values.has('C'), values.get('C')]).toEqual([true, false, '']);
  });
});
