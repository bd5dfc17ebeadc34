import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { formatAppFlag, parseAppFlag } from '../../src/stack/app-flag.ts';
import { checkAnswers } from '../../src/stack/load.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
const path = fc.stringMatching(/^\/[a-z0-9-]{0,9}$/);
const secret = fc.record(
  {
    kind: fc.constantFrom('hmac', 'base64', 'external'),
    class: fc.constantFrom('signing', 'encryption', 'external'),
    delivery: fc.constantFrom('file', 'variable'),
  },
  { requiredKeys: [] },
);
const option = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(
    value.map((one) => ({ [key]: one })),
    { nil: {} },
  );
const app = fc
  .tuple(
    fc.oneof(
      fc
        .constantFrom('sample', 'ghcr.io/acme/api:1.4.2', 'registry.example.com:5000/a/b:2')
        .map((image) => ({ image })),
      fc.constantFrom('.', './api').map((context) => ({ build: { context } })),
      fc.constantFrom('./dist', 'site').map((folder) => ({ static: { folder } })),
    ),
    option('port', fc.integer({ min: 1, max: 65535 })),
    option('protocol', fc.constantFrom('http', 'ws', 'grpc')),
    option(
      'health',
      path.map((one) => ({ path: one })),
    ),
    option(
      'routes',
      fc.array(
        fc.record(
          { host: fc.constantFrom('a.example.com', 'b.localhost'), path },
          { requiredKeys: ['path'] },
        ),
        { minLength: 1, maxLength: 3 },
      ),
    ),
    option('needs', fc.uniqueArray(name, { minLength: 1, maxLength: 3 })),
    option(
      'secrets',
      fc
        .dictionary(fc.stringMatching(/^[A-Z][A-Z_]{0,9}$/), secret, {
          minKeys: 1,
          maxKeys: 3,
        })
        .map((one) => ({ ...one })),
    ),
    option('delivery', fc.constantFrom('file', 'variable')),
    option('egress', fc.boolean()),
  )
  .map((parts) => Object.assign({}, ...parts) as Parameters<typeof formatAppFlag>[1]);

test('what the flag can say, it says: format and parse give the same app', () => {
  fc.assert(
    fc.property(name, app, (appName, one) => {
      expect(parseAppFlag(formatAppFlag(appName, one)!)).toEqual({ name: appName, app: one });
    }),
  );
});

test('what it cannot say, it does not pretend to', () => {
  for (const extra of [
    { limits: { memory: '1g' } },
    { writable: [] },
    { routes: [{ path: '/', maxBody: '1m' }] },
    { routes: [{ path: '/' }, { path: '/b', timeout: 5 }] },
    { secrets: { KEY: { overlap: false } } },
    { health: { probe: 'none' as const } },
    { health: { path: '/a,b' } },
    { image: undefined, static: { folder: 'x', singlePage: true } },
    { image: undefined, build: { context: './a ' } },
  ]) {
    expect(formatAppFlag('web', { image: 'sample', ...extra })).toBeUndefined();
  }
});

test.each([
  ['egress=maybe', '"egress" must be true or false, not "maybe"'],
  ['image=a:1,build=.', 'takes one of image, build, static, not image and build'],
  ['static=a,image=a:1', 'takes one of image, build, static, not image and static'],
  ['port=1,port=2', '"port" is given twice'],
  ['name=y', '"name" is given twice'],
  ['path=/a+/b,host=a.example.com', 'several paths: put the domain before each'],
  ['host=a.example.com,path=none', '"host" has no meaning with path=none'],
  ['secret=KEY,secret=KEY:hmac', 'secret KEY is given twice'],
  ['secret=KEY:hmac:file:file', 'secret KEY has more than a kind, a class and a delivery'],
  ['secret=KEY:hmac:file:variable', 'secret KEY has more than a kind, a class and a delivery'],
  ['secret=KEY:hmac:signing:encryption', 'secret KEY has more than a kind, a class and a delivery'],
])('a mistake is told, not guessed at: %s', (part, message) => {
  expect(() => parseAppFlag(`name=x,${part}`)).toThrow(message);
});

test('what stands between two colons may be left out', () => {
  const secret = (text: string) => parseAppFlag(`name=x,secret=${text}`).app.secrets;
  expect(secret('KEY:hmac::variable')).toEqual({ KEY: { kind: 'hmac', delivery: 'variable' } });
  expect(secret('KEY:::file')).toEqual({ KEY: { delivery: 'file' } });
  expect(secret('KEY:hmac:')).toEqual({ KEY: { kind: 'hmac' } });
});

test('the shortest flag is the sample page at /', () => {
  expect(parseAppFlag('name=web')).toEqual({
    name: 'web',
    app: { image: 'sample', routes: [{ path: '/' }] },
  });
});

test('any text is an app or a UserError, and what it gives is judged by the schema', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'name=,portpath+/:1x') })),
      (text) => {
        try {
          const { name: appName, app: one } = parseAppFlag(text);
          checkAnswers({
            version: 1,
            name: 'shop',
            environment: 'development',
            domains: ['localhost'],
            tls: { mode: 'dev-ca' },
            apps: { [appName]: one },
          });
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      },
    ),
  );
});
