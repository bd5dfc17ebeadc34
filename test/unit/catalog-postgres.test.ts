import { expect, test } from 'vitest';
import { postgres } from '../../src/catalog/postgres.ts';
import { UserError } from '../../src/errors.ts';
import { systemRandom } from '../../src/secrets/kinds.ts';
import { parseOptions } from './catalog.ts';

const build = (options: object) =>
  postgres.build({ options: parseOptions(postgres, options), environment: 'production', clients: [] });

test.each([
  [17, 'postgres:17.11-trixie', '/var/lib/postgresql/data'],
  // The volume moved up with 18; the old place would make the image refuse to start.
  [18, 'postgres:18.6-trixie', '/var/lib/postgresql'],
])('version %i keeps its data where its image looks for it', (version, image, target) => {
  expect(build({ version }).workload).toMatchObject({ image, volumes: [{ name: 'postgres-data', target }] });
});

test('starts as its own user, so that it needs no capability', () => {
  expect(build({}).workload).toMatchObject({ user: '999:999', capAdd: [] });
});

test('passwords come from files and stand in no environment', () => {
  const { workload, secretFiles } = build({});
  expect(workload.environment['POSTGRES_PASSWORD_FILE']).toBe('/run/secrets/postgres_password');
  expect(workload.environment).not.toHaveProperty('POSTGRES_PASSWORD');
  expect(workload.secretVariables).toEqual([]);
  expect(secretFiles.map(({ name }) => name)).toEqual(workload.secretMounts.map(({ name }) => name));
});

test('the health check asks over TCP, where the server of the first start does not listen', () => {
  expect(build({ database: 'shop' }).workload.health).toMatchObject({
    test: ['CMD', 'pg_isready', '-q', '-h', '127.0.0.1', '-U', 'postgres', '-d', 'shop'],
  });
});

test('a client logs in as a role that is no superuser; its password is percent-encoded in the URL', () => {
  const { environment, settings, secrets } = postgres.connect(parseOptions(postgres, { database: 'shop' }));
  expect(environment).toEqual({ PGHOST: 'postgres', PGPORT: '5432', PGDATABASE: 'shop' });
  expect(settings).toEqual([{ variable: 'PGUSER', from: 'POSTGRES_APP_ROLE' }]);
  const url = secrets[0]!.derive((id) => (id === 'POSTGRES_APP_ROLE' ? 'app' : 'p@s:s/w#o?r%d $x'));
  expect(url).toBe('postgresql://app:p%40s%3As%2Fw%23o%3Fr%25d%20%24x@postgres:5432/shop');
  expect(decodeURIComponent(new URL(url).password)).toBe('p@s:s/w#o?r%d $x');
});

test('one role or two in turn: the same but for the next rotation, so that the answer may change at any time', () => {
  const [single, twoRole] = ['single', 'two-role'].map((rotation) => build({ rotation }));
  const { credentials, ...rest } = twoRole!;
  expect(JSON.stringify(rest)).toBe(JSON.stringify({ ...single, credentials: undefined }));
  const next = (role: string) => credentials![0]!.companions!(() => role);
  expect(['app', 'app_a', 'app_b'].map(next)).toEqual(
    ['app_a', 'app_b', 'app_a'].map((role) => ({ POSTGRES_APP_ROLE: role })),
  );
  expect(single!.credentials![0]!.companions).toBeUndefined();
  // It reaches an SQL text.
  expect(() => next("x'; drop")).toThrow(UserError);
});

test.each([
  ['two-role', 'app', 'app_a', ['app_a', 'app_b']],
  ['two-role', 'app_a', 'app', ['app', 'app_b']],
  ['single', 'app', 'app', ['app_a', 'app_b']],
])('%s: what ends leaves the role in use: %s', (rotation, remaining, side, ended) => {
  const [apps] = build({ rotation }).credentials!;
  const as = (role: string) => () => role;
  const { input } = apps!.revoke!(as(side), {
    remaining: as(remaining),
    authority: as(remaining),
    random: systemRandom,
  });
  const named = (pattern: RegExp) => [...input.matchAll(pattern)].map(([, role]) => role).sort();
  expect(named(/ALTER ROLE (\w+) NOLOGIN/g)).toEqual(ended);
  expect(named(/usename = '(\w+)'/g)).toEqual(ended);
});

test.each(['Shop', 'a b', 'postgres', "x'; drop", ''])('refuses the database name %j', (database) => {
  expect(() => parseOptions(postgres, { database })).toThrow();
});
