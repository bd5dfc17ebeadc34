import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type Order, writeStack } from '../../src/cli/commands/create.ts';
import { UserError } from '../../src/errors.ts';
import { parseEnvFile } from '../../src/secrets/env-parse.ts';
import { parseStackDocument } from '../../src/stack/load.ts';

const base = mkdtempSync(join(tmpdir(), 'css-recover-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let count = 0;
let folder: string;
let outside: string;
beforeEach(() => {
  count += 1;
  folder = join(base, `${count}`, 'stack');
  outside = join(base, `${count}`, 'outside');
});

const answers = (changes: { name?: string; environment?: string; location?: string; app?: string } = {}) => `
version: 1
name: ${changes.name ?? 'shop'}
environment: ${changes.environment ?? 'staging'}
domains: [shop.test]
tls: { mode: dev-ca }
services: { postgres: {} }
apps:
  api:
    image: acme/api:1.4
    routes: [{ path: /${changes.app ?? ''} }]
    needs: [postgres]
    secrets:
      JWT_SECRET: { kind: hmac }
      FIELD_KEY: { kind: fernet }
      STRIPE_SECRET_KEY: { kind: external }
secrets: { location: ${changes.location ?? 'project'} }
`;
const key = 'sk_test_4eC39HqLyjWDarjtT1zdp7dc';

async function write(text: string, supplied: Record<string, string> = {}) {
  const file = join(folder, 'stack.yaml');
  const order: Order = {
    folder,
    source: parseStackDocument(text, 'stack.yaml'),
    answersRead: existsSync(file) ? readFileSync(file, 'utf8') : undefined,
    supplied,
  };
  return (await writeStack(order, async () => [])).prepared;
}

const first = () => write(answers(), { API_STRIPE_SECRET_KEY: key });
const envAt = (path: string) => {
  const { values } = parseEnvFile(readFileSync(path, 'utf8'), path);
  return Object.fromEntries(values.names().map((name) => [name, values.get(name)]));
};
const secretsIn = (directory: string) =>
  Object.fromEntries(
    ['postgres_password', 'postgres_app_password', 'api_database_url', 'api_jwt_secret', 'api_field_key'].map(
      (name) => [name, readFileSync(join(directory, name), 'utf8')],
    ),
  );
async function refusal(run: Promise<unknown>): Promise<UserError> {
  const error = await run.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  expect(error.problems).toHaveLength(1);
  return error;
}

describe('an env file that is gone', () => {
  test('comes back from the secret files, value by value', async () => {
    await first();
    const before = envAt(join(folder, '.env'));
    const files = secretsIn(join(folder, 'secrets'));
    rmSync(join(folder, '.env'));
    const { notes, secrets } = await write(answers());
    expect(secrets.generated).toEqual([]);
    expect(envAt(join(folder, '.env'))).toEqual(before);
    expect(secretsIn(join(folder, 'secrets'))).toEqual(files);
    expect(notes.join('\n')).toMatch(/\.env was missing; from the secret files: .*API_FIELD_KEY/);
  });

  test('is refused when a value stands nowhere else; nothing is touched', async () => {
    await first();
    rmSync(join(folder, '.env'));
    rmSync(join(folder, 'secrets', 'api_field_key'));
    const jwt = readFileSync(join(folder, 'secrets', 'api_jwt_secret'), 'utf8');
    const error = await refusal(write(answers()));
    expect(error.exit).toBe(3);
    expect(error.message).toMatch(
      /^\.env: is missing, and API_FIELD_KEY can be found nowhere else; .*backup/,
    );
    expect(existsSync(join(folder, '.env'))).toBe(false);
    expect(readFileSync(join(folder, 'secrets', 'api_jwt_secret'), 'utf8')).toBe(jwt);
  });

  test('a value stands in a URL only: not taken from there', async () => {
    await first();
    rmSync(join(folder, '.env'));
    rmSync(join(folder, 'secrets', 'postgres_app_password'));
    const error = await refusal(write(answers()));
    expect(error.message).toMatch(/POSTGRES_APP_PASSWORD/);
  });

  test('the value from a backup can be given instead, and must go with the files', async () => {
    await first();
    const { POSTGRES_APP_PASSWORD: password = '', ...rest } = envAt(join(folder, '.env'));
    rmSync(join(folder, '.env'));
    rmSync(join(folder, 'secrets', 'postgres_app_password'));
    const wrong = await refusal(write(answers(), { POSTGRES_APP_PASSWORD: `${password}x` }));
    expect(wrong.message).toMatch(/api_database_url/);
    await write(answers(), { POSTGRES_APP_PASSWORD: password });
    expect(envAt(join(folder, '.env'))).toMatchObject({ ...rest, POSTGRES_APP_PASSWORD: password });
  });

  test('and the secret files with it, but not their folder: refused', async () => {
    await first();
    rmSync(join(folder, '.env'));
    for (const name of ['.ages.json', ...Object.keys(secretsIn(join(folder, 'secrets')))])
      rmSync(join(folder, 'secrets', name));
    rmSync(join(folder, 'secrets', 'api_stripe_secret_key'));
    expect((await refusal(write(answers()))).exit).toBe(3);
  });

  test('with the whole folder, as in a fresh checkout: new secrets, and it is said', async () => {
    await first();
    const before = envAt(join(folder, '.env'));
    rmSync(join(folder, '.env'));
    rmSync(join(folder, 'secrets'), { recursive: true });
    const { notes } = await write(answers());
    expect(envAt(join(folder, '.env'))['API_JWT_SECRET']).not.toBe(before['API_JWT_SECRET']);
    expect(notes.join('\n')).toMatch(/\.env is not on this machine, so new secrets were made/);
  });
});

describe('an env file that has lost variables', () => {
  const without = (name: string) => {
    const path = join(folder, '.env');
    writeFileSync(path, readFileSync(path, 'utf8').replace(new RegExp(`^${name}=.*\n`, 'm'), ''));
  };

  test('takes them from their secret files', async () => {
    await first();
    const before = envAt(join(folder, '.env'));
    without('API_FIELD_KEY');
    const { secrets } = await write(answers());
    expect(secrets.generated).toEqual([]);
    expect(envAt(join(folder, '.env'))['API_FIELD_KEY']).toBe(before['API_FIELD_KEY']);
  });

  test('refuses to make a value anew that was there', async () => {
    await first();
    without('API_FIELD_KEY');
    rmSync(join(folder, 'secrets', 'api_field_key'));
    const error = await refusal(write(answers()));
    expect(error.message).toMatch(/^\.env: has lost variables, and API_FIELD_KEY/);
  });

  test('one that was made by copying .env.example is no better than none', async () => {
    await first();
    const before = envAt(join(folder, '.env'));
    cpSync(join(folder, '.env.example'), join(folder, '.env'));
    await write(answers());
    expect(envAt(join(folder, '.env'))).toEqual(before);
  });

  test('a secret that an answer adds is made', async () => {
    await first();
    const { secrets } = await write(
      answers().replace('JWT_SECRET:', 'NEW_KEY: { kind: hex }\n      JWT_SECRET:'),
    );
    expect(secrets.generated).toEqual(['API_NEW_KEY']);
  });
});

describe('an answer that adds or exchanges secrets', () => {
  test('two roles instead of one: no value changes, and no container has a reason to', async () => {
    await first();
    const files = () =>
      ['.env', 'docker-compose.yml', 'secrets/api_database_url'].map((name) =>
        readFileSync(join(folder, name), 'utf8'),
      );
    const before = files();
    await write(answers().replace('postgres: {}', 'postgres: { rotation: two-role }'));
    expect(files()).toEqual(before);
  });

  test('the login in use is kept when its line is lost, and never guessed when its file is gone too', async () => {
    await first();
    const path = join(folder, '.env');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/^POSTGRES_APP_ROLE=.*/m, 'POSTGRES_APP_ROLE=app_b'),
    );
    await write(answers());
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^POSTGRES_APP_ROLE=.*\n/m, ''));
    await write(answers());
    expect(envAt(path)['POSTGRES_APP_ROLE']).toBe('app_b');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^POSTGRES_APP_ROLE=.*\n/m, ''));
    rmSync(join(folder, 'secrets', 'postgres_app_role'));
    expect((await refusal(write(answers()))).message).toMatch(/api_database_url/);
  });

  test('Valkey instead of Redis: passwords of its own', async () => {
    const withRedis = answers()
      .replace('postgres: {}', 'postgres: {}, redis: {}')
      .replace('needs: [postgres]', 'needs: [postgres, redis]');
    await write(withRedis, { API_STRIPE_SECRET_KEY: key });
    const before = envAt(join(folder, '.env'));
    const { secrets } = await write(withRedis.replaceAll('redis', 'valkey'));
    expect(secrets.generated).toContain('VALKEY_APP_PASSWORD');
    expect(envAt(join(folder, '.env'))['VALKEY_APP_PASSWORD']).not.toBe(before['REDIS_APP_PASSWORD']);
  });
});

describe('an answer that moves the secrets', () => {
  test('outside and back: the values move along', async () => {
    await first();
    const before = envAt(join(folder, '.env'));
    const files = secretsIn(join(folder, 'secrets'));
    const { notes, secrets } = await write(answers({ location: outside }));
    expect(secrets.generated).toEqual([]);
    expect(envAt(join(outside, 'shop-staging.env'))).toEqual(before);
    expect(secretsIn(join(outside, 'shop-staging-secrets'))).toEqual(files);
    expect(notes.join('\n')).toMatch(/\.env and secrets\/ stay until you remove them/);
    expect(existsSync(join(folder, '.env'))).toBe(true);
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toMatch(/^\/secrets\/$/m);

    rmSync(join(folder, '.env'));
    rmSync(join(folder, 'secrets'), { recursive: true });
    await write(answers());
    expect(envAt(join(folder, '.env'))).toEqual(before);
  });

  test('edited into stack.yaml by hand: the same', async () => {
    await first();
    const before = envAt(join(folder, '.env'));
    writeFileSync(join(folder, 'stack.yaml'), answers({ location: outside }));
    await write(answers({ location: outside }));
    expect(envAt(join(outside, 'shop-staging.env'))).toEqual(before);
  });

  test('the name: the same', async () => {
    await write(answers({ location: outside }));
    const before = envAt(join(outside, 'shop-staging.env'));
    await write(answers({ location: outside, name: 'store' }));
    expect(envAt(join(outside, 'store-staging.env'))).toEqual(before);
  });

  test('back to a place whose values have become out of date: refused', async () => {
    await first();
    await write(answers({ location: outside }));
    const path = join(outside, 'shop-staging.env');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/^API_JWT_SECRET=.*/m, `API_JWT_SECRET=${'Ab3'.repeat(14)}`),
    );
    const error = await refusal(write(answers()));
    expect(error.exit).toBe(3);
    expect(error.message).toMatch(/^\.env: holds other values than .*API_JWT_SECRET/);
  });

  test('the environment: refused, because two of them share nothing', async () => {
    await write(answers({ location: outside }));
    const error = await refusal(write(answers({ location: outside, environment: 'production' })));
    expect(error.exit).toBe(3);
    expect(error.message).toMatch(/^environment: .*staging.*shop-staging\.env/);
    expect(existsSync(join(outside, 'shop-production.env'))).toBe(false);

    cpSync(join(outside, 'shop-staging.env'), join(outside, 'shop-production.env'));
    cpSync(join(outside, 'shop-staging-secrets'), join(outside, 'shop-production-secrets'), {
      recursive: true,
    });
    const before = envAt(join(outside, 'shop-staging.env'));
    await write(answers({ location: outside, environment: 'production' }));
    expect(envAt(join(outside, 'shop-production.env'))).toEqual(before);
  });

  test.each([
    ['into the folder itself', () => join(folder, 'private')],
    ['to the folder itself', () => folder],
    [
      'into the folder through a link',
      () => {
        symlinkSync(folder, outside);
        return join(outside, 'private');
      },
    ],
  ])('%s: refused', async (_what, location) => {
    await first();
    const error = await refusal(write(answers({ location: location() })));
    expect(error.message).toMatch(/^secrets\.location: .* lies inside the stack's own folder/);
  });
});
