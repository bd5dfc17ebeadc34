import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspect, requireDocker } from './docker.ts';
import { burst, type Call, call, raw } from './edge/client.ts';
import { dashPassword, type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { processorTime } from './edge/processor.ts';
import { labStack } from './edge/stacks.ts';

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const right = { authorization: basic('admin', dashPassword) };

describe.runIf(requireDocker())('#40 dashboards behind a login', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    edge = await lab.startEdge(labStack({ trustedProxies: [lab.gateway] }));
  });
  afterAll(() => lab?.close());

  const dash = (from: string, headers: Call['headers'] = {}) => call(edge, '/dash/x', { from, headers });

  test('the right login is let in; the app does not learn it', async () => {
    const answer = await dash('203.0.113.1', right);
    expect(answer.status).toBe(200);
    expect(answer.echo().headers).not.toHaveProperty('authorization');
  });

  test.each<[string, Record<string, string>]>([
    ['none', {}],
    ['another password', { authorization: basic('admin', 'admin') }],
    ['another user', { authorization: basic('root', dashPassword) }],
    ['an empty password', { authorization: basic('admin', '') }],
    ['the hash as the password', { authorization: basic('admin', '{SSHA}') }],
    ['another scheme', { authorization: `Bearer ${dashPassword}` }],
    ['a letter more', { authorization: basic('admin', `${dashPassword}x`) }],
    ['another case', { authorization: basic('admin', dashPassword.toLowerCase()) }],
  ])('login: %s → 401 after a second, with all headers', async (what, headers) => {
    const started = Date.now();
    const answer = await dash(`203.0.113.${10 + what.length}`, headers);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="Restricted"');
    expect(answer.all('strict-transport-security')).toHaveLength(1);
    expect(Date.now() - started).toBeGreaterThan(900);
  });

  test('guesses are limited to a burst and five a minute, the right login of the same client is not', async () => {
    const from = '203.0.113.50';
    const guess = { authorization: basic('admin', 'guess') };
    const statuses = (await burst(edge, 14, '/dash', { from, headers: guess })).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(11);
    expect(statuses.filter((status) => status === 429)).toHaveLength(3);
    await sleep(1200);
    expect((await dash(from, guess)).status).toBe(429);
    const page = await burst(edge, 40, '/dash', { from, headers: right });
    expect(page.map(({ status }) => status)).toEqual(Array(40).fill(200));
  });

  test.each(['/Dash/x', '/%64ash/x', '/dash;x', '/dash%20', '/dash/'])(
    '%s asks for the login too',
    async (path) => {
      expect((await call(edge, path, { from: `203.0.113.${100 + path.length}` })).status).toBe(401);
    },
  );

  test.each(['//dash/x', '/x/../dash/x'])(
    '%s, which an app may read as another path, reaches none',
    async (path) => {
      expect((await call(edge, path, { from: `203.0.113.${100 + path.length}` })).status).toBe(404);
    },
  );

  test('a WebSocket needs the login as well', async () => {
    const upgrade = (extra: string) =>
      raw(
        edge,
        `GET /dash-live HTTP/1.1\r\nHost: a.example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${extra}\r\n`,
      );
    expect(await upgrade('')).toMatch(/^HTTP\/1\.1 401/);
    expect(await upgrade(`Authorization: ${right.authorization}\r\n`)).toMatch(/^HTTP\/1\.1 101/);
  });

  test('checking the password costs the worker well below a millisecond', async () => {
    const before = await processorTime(edge.name);
    const count = 400;
    for (let i = 0; i < count / 40; i++)
      await burst(edge, 40, '/dash', { from: '203.0.113.60', headers: right });
    const guarded = (await processorTime(edge.name)) - before;
    const middle = await processorTime(edge.name);
    for (let i = 0; i < count / 40; i++) await burst(edge, 40, '/', { from: '203.0.113.60' });
    const open = (await processorTime(edge.name)) - middle;
    expect((guarded - open) / count).toBeLessThan(1);
  });

  test('the hash is not readable from outside, and the container runs as it was told', async () => {
    for (const path of ['/run/secrets/edge_login_dash', '/..%2f..%2frun/secrets/edge_login_dash'])
      expect((await call(edge, path, { from: '203.0.113.61' })).body).not.toContain('SSHA');
    expect((await inspect(edge.name)).Config.User).toBe('101:101');
  });
});
