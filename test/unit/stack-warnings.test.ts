import { expect, test } from 'vitest';
import { jsonSchemaText } from '../../build/json-schema.ts';
import { buildStack } from '../../src/stack/build.ts';
import { checkAnswers } from '../../src/stack/load.ts';

const answers = (more: object) =>
  checkAnswers({
    version: 1,
    name: 'shop',
    environment: 'production',
    domains: ['shop.example.com'],
    tls: { mode: 'acme', email: 'ops@example.com', terms: 'accepted' },
    ...more,
  });
const told = (more: object) => {
  const { warnings, exceptions } = buildStack(answers(more).spec!);
  return { warnings, controls: exceptions.map(({ control, reason }) => `${control}: ${reason}`) };
};
const problems = (more: object) =>
  answers(more).problems.map(({ path, message }) => `${path?.join('.')} ${message}`);
const believing = (...trustedProxies: string[]) => ({ edge: { trustedProxies } });

test.each(['0.0.0.0/0', '::/0', '0.0.0.0/1', '128.0.0.0/7', '10.0.0.0/7', '2000::/3', 'fc00::/6'])(
  '%s is no front proxy: every client could name its own address',
  (range) => {
    expect(problems(believing('10.0.0.0/8', range))).toEqual([
      expect.stringMatching(/^edge\.trustedProxies\.1 is so wide/),
    ]);
  },
);

test.each(['8.0.0.0/8', '104.0.0.0/10', '172.0.0.0/9', '2600::/16'])('%s is told as a wide one', (range) => {
  const { warnings, controls } = told(believing(range));
  expect(warnings).toEqual([expect.stringContaining(`edge.trustedProxies: ${range} is a wide public range`)]);
  expect(controls).toContainEqual(
    expect.stringMatching(`name their own address: trustedProxies has ${range}`),
  );
});

test.each([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
  'fd12::/16',
  'fe80::/10',
  '104.16.0.0/13',
  '23.192.0.0/11',
  '2a06:98c0::/29',
  '2600:1400::/24',
  '203.0.113.7',
  '2001:db8::7',
])('%s may well be one', (range) => {
  const { warnings, controls } = told(believing(range));
  expect([warnings, controls.filter((text) => text.includes('trustedProxies'))]).toEqual([[], []]);
});

test.each([
  [{ image: 'sample' }, 'the built-in page'],
  [{ static: { folder: 'dist' } }, 'a static site'],
])('%j speaks no other protocol than HTTP', (source, what) => {
  for (const protocol of ['grpc', 'ws'])
    expect(told({ apps: { a: { ...source, protocol } } }).warnings).toEqual([
      `apps.a.protocol: ${protocol} is left out; ${what} speaks HTTP alone`,
    ]);
  expect(told({ apps: { a: source } }).warnings).toEqual([]);
});

test('a gRPC app of one’s own is told what its health check sees', () => {
  expect(told({ apps: { a: { image: 'acme/a:1', protocol: 'grpc' } } }).warnings).toEqual([
    expect.stringContaining('the health check of a gRPC app only connects'),
  ]);
});

test('routes that would be dead, and origins that no browser sends, are refused where they stand', () => {
  const routes = [{ path: '/app.conf', cors: ['https://a.example:443'] }, { path: '/.x' }, { path: '/b b' }];
  expect(problems({ apps: { a: { image: 'sample', routes } } })).toEqual([
    expect.stringMatching(/^apps\.a\.routes\.0\.path must not end with "\.conf"/),
    expect.stringMatching(/^apps\.a\.routes\.0\.cors\.0 must be https:\/\/a\.example:/),
    expect.stringMatching(/^apps\.a\.routes\.1\.path must not have a part that starts with a dot/),
    expect.stringMatching(/^apps\.a\.routes\.2\.path must start with "\/" and consist/),
  ]);
});

test('what nginx can be told as a path or an origin may stand in the answers, and in the JSON Schema', () => {
  const routes = [{ path: '/@me/a:b+c/', cors: ['https://[::1]:8443', 'https://*.a.example'] }];
  expect(problems({ apps: { a: { image: 'sample', routes } } })).toEqual([]);
  const { path, cors } = JSON.parse(jsonSchemaText()).properties.apps.additionalProperties.properties.routes
    .items.properties;
  for (const { path: value } of [...routes, { path: '/' }])
    expect(value).toMatch(new RegExp(path.pattern, 'u'));
  for (const value of routes[0]!.cors) expect(value).toMatch(new RegExp(cors.items.pattern, 'u'));
});
