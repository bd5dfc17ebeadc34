import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { renderStack } from '../../src/library.ts';
import { checkAnswers } from '../../src/stack/load.ts';
import type { StackInput } from '../../src/stack/schema.ts';
import { stackOf } from './verify-fixture.ts';

/** Runs of the property; `RENDER_RUNS=20000` for a long one. */
const numRuns = Number(process.env['RENDER_RUNS'] ?? 40);

const some = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
const whole = (max: number) => fc.oneof(fc.integer({ min: -1, max: 3 }), fc.integer({ min: 1, max }));
const text = (pattern: RegExp, ...odd: string[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.stringMatching(pattern) }, fc.constantFrom(...odd));
const list = <Value>(item: fc.Arbitrary<Value>) => some(fc.array(item, { maxLength: 3 }));

const path = text(
  /^\/(?:[A-Za-z0-9._~@:+-]{1,3}\/?){0,3}$/,
  ...[
    '/',
    '//',
    '/a/../b',
    '/.hidden',
    '/.well-known/x',
    '/a~',
    '/app.conf',
    '/x.LOG',
    '/Ready',
    '/a@b',
    '/metrics',
  ],
);
const size = text(/^[0-9]{1,3}[kmg]$/, '0m', '999999g', '1M');
const cidr = text(
  /^(?:1?\d\.){3}\d\/[0-3]?\d$/,
  '10.0.0.0/8',
  '::/0',
  '2001:DB8::/32',
  '::ffff:1.2.3.4',
  'all',
  '1.2.3.4',
);
const origin = text(
  /^https?:\/\/(?:\*\.)?[a-z0-9.-]{1,6}(?::\d{1,5})?$/,
  ...[
    '*',
    'null',
    'https://a.test:443',
    'http://[::1]:80',
    'https://[::1]:8443',
    'https://-a',
    'https://a.test:0',
  ],
);
const source = text(
  /^https?:\/\/[a-z0-9.-]{1,6}(?::\d{1,3})?(?:\/[a-z.~]{1,3})?$/,
  "'none'",
  "'self'",
  'data:',
  '*',
);
const host = fc.constantFrom(
  'a.example.com',
  '*.example.com',
  'b.example.com',
  'bücher.example',
  '203.0.113.7',
);
const absolute = text(/^\/[A-Za-z0-9._/-]{1,6}$/, '/tmp', '/tmp/', '/data', '/..');
const word = text(/^[a-z](?:[a-z0-9-]{0,3}[a-z0-9])?$/, 'redis');
const rate = some(fc.record({ requestsPerSecond: whole(200_000), burst: some(whole(200_000)) }));

const app = fc.record({
  image: fc.constantFrom('acme/web:1', 'sample'),
  port: some(whole(70_000)),
  protocol: some(fc.constantFrom('http', 'ws', 'grpc')),
  routes: list(
    fc.record({
      host: some(host),
      path,
      rateLimit: rate,
      maxBody: some(size),
      cors: list(origin),
      allow: list(cidr),
      auth: some(fc.constantFrom('none', 'basic')),
      timeout: some(whole(100_000)),
    }),
  ),
  health: some(fc.record({ path: some(text(/^\/[a-z.~/-]{0,5}$/, '/../x', '//')) })),
  needs: list(fc.constantFrom('redis', 'postgres', 'a', 'b')),
  secrets: some(
    fc.dictionary(text(/^[A-Za-z_]{1,3}$/, 'PATH', 'REDIS_URL'), fc.constant({}), { maxKeys: 2 }),
  ),
  delivery: some(fc.constantFrom('file', 'variable')),
  egress: some(fc.boolean()),
  writable: list(absolute),
  volumes: list(fc.record({ name: word, path: absolute })),
  upstreamTls: some(
    fc.record({ folder: fc.constantFrom('tls', '../x', '.'), name: some(text(/^[a-z0-9.-]{1,5}$/, 'A')) }),
  ),
  expose: list(
    fc.record({
      port: whole(70_000),
      hostPort: whole(70_000),
      address: some(fc.constantFrom('127.0.0.1', '::1', '::', '0.0.0.0', 'x')),
      allow: fc.array(cidr, { maxLength: 2 }),
    }),
  ),
});

const answers = fc.record({
  version: fc.constant(1),
  name: word,
  environment: fc.constantFrom('development', 'staging', 'production'),
  domains: fc.uniqueArray(host, { minLength: 1, maxLength: 3 }),
  tls: fc.constantFrom({ mode: 'dev-ca' }, { mode: 'dev-ca', policy: 'modern' }),
  services: some(fc.constantFrom({ redis: {}, postgres: {} }, { redis: {} }, { valkey: null })),
  apps: fc.dictionary(fc.constantFrom('a', 'b', 'a-b'), app, { maxKeys: 3 }),
  edge: some(
    fc.record({
      limits: some(
        fc.record({
          requestsPerSecond: some(whole(200_000)),
          burst: some(whole(200_000)),
          connections: some(whole(200_000)),
          maxBody: some(size),
        }),
      ),
      trustedProxies: list(cidr),
      http3: some(fc.boolean()),
      bind: some(fc.constantFrom('127.0.0.1', '::', 'x')),
      contentSecurityPolicy: some(fc.record({ script: list(source), embeddedBy: list(source) })),
    }),
  ),
  firewall: some(
    fc.record({
      sshPorts: list(whole(70_000)),
      sshFrom: list(cidr),
      trustedInterfaces: list(text(/^[A-Za-z0-9_.-]{1,6}$/, 'eth*', '-')),
      backend: some(fc.constantFrom('nftables', 'iptables', 'ufw')),
    }),
  ),
  network: some(fc.record({ pool: some(text(/^10\.\d\.0\.0\/(?:8|16|24)$/, '8.8.8.0/24')) })),
});

/** Names of secrets that meet, and a pool that is too small, are told with their place when the stack is put together. */
function isBuilt(sound: StackInput): boolean {
  try {
    return stackOf(sound) !== undefined;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** Every wrong answer is taken out, as often as it takes: what is left is as odd as the schema allows. */
function accepted(given: object): StackInput | undefined {
  const rest = JSON.parse(JSON.stringify(given));
  for (let round = 0; round < 60; round += 1) {
    const [problem] = checkAnswers(rest).problems;
    if (problem === undefined) return isBuilt(rest) ? rest : undefined;
    const keys = [...problem.path];
    const parentOf = () => keys.slice(0, -1).reduce((at, key) => at?.[key], rest);
    while (keys.length > 0 && parentOf()?.[keys.at(-1)!] === undefined) keys.pop();
    if (keys.length < 2) return undefined;
    const [parent, key] = [parentOf(), keys.at(-1)!];
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  }
  return undefined;
}

test('what the answers may be, every renderer can write', { timeout: numRuns * 3000 }, () => {
  let rendered = 0;
  fc.assert(
    fc.property(answers, (given) => {
      const sound = accepted(given);
      if (sound === undefined) return;
      rendered += 1;
      renderStack(sound, { redactSecrets: true });
    }),
    { numRuns },
  );
  expect(rendered).toBeGreaterThan(numRuns / 3);
});
