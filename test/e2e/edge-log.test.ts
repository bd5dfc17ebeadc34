import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireDocker, waitFor } from './docker.ts';
import { burst, type Call, call, raw } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { labStack } from './edge/stacks.ts';

type Entry = Record<string, unknown>;

const always = [
  'timestamp',
  'request_id',
  'method',
  'path',
  'status',
  'duration_ms',
  'client_ip',
  'user_agent',
];

describe.runIf(requireDocker())('#43 the access log', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;
  /** Keeps more of an IPv6 address. */
  let household: EdgeContainer;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    edge = await lab.startEdge(labStack({ trustedProxies: [lab.gateway] }));
    household = await lab.startEdge(labStack({ trustedProxies: [lab.gateway], logIpv6: 'last-segment' }));
  });
  afterAll(() => lab?.close());

  /** The entry of the request with this id. */
  const entryOf = (id: string): Promise<Entry> =>
    waitFor(`log entry ${id}`, async () =>
      (await edge.accessLog()).find(({ request_id }) => request_id === id),
    );
  const logged = async (path: string, options: Call = {}): Promise<Entry> =>
    entryOf((await call(edge, path, options)).headers['x-request-id'] as string);

  test('has exactly these fields, and a query only where there is one', async () => {
    const plain = await logged('/p');
    expect(Object.keys(plain)).toEqual(always);
    expect(plain).toMatchObject({ method: 'GET', path: '/p', status: 200, user_agent: '' });
    expect(plain['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
    expect(plain['duration_ms']).toSatisfy(Number.isInteger);
    const query = await logged('/p?page=2&sort=name', { method: 'POST' });
    expect(Object.keys(query)).toEqual([...always.slice(0, 4), 'query', ...always.slice(4)]);
    expect(query).toMatchObject({ method: 'POST', path: '/p', query: 'page=2&sort=name' });
    expect(await logged('/p?')).not.toHaveProperty('query');
  });

  test('the path as the client wrote it, cut', async () => {
    expect((await logged('/a%2fb/../c')).path).toBe('/a%2fb/../c');
    expect((await logged(`/${'x'.repeat(5000)}`)).path).toHaveLength(1024);
  });

  test('durations are whole milliseconds', async () => {
    const started = Date.now();
    const { duration_ms: duration } = await logged('/slow?ms=1234');
    expect(duration).toBeGreaterThanOrEqual(1200);
    expect(duration).toBeLessThanOrEqual(Date.now() - started);
  });

  test.each([
    ['203.0.113.77', '203.0.113.xxx'],
    ['::ffff:203.0.113.77', '203.0.113.xxx'],
    ['2001:db8:aaaa:1:2:3:4:5', '2001:db8:aaaa::xxx'],
    ['2001:db8::5', '2001:db8::xxx'],
    ['::1', '::xxx'],
    ['fe80::1', 'fe80::xxx'],
  ])('#44 the client %s is logged as %s', async (from, client) => {
    expect((await logged('/', { from })).client_ip).toBe(client);
  });

  test.each([
    ['203.0.113.77', '203.0.113.xxx'],
    ['::ffff:203.0.113.77', '203.0.113.xxx'],
    ['2001:db8:aaaa:1:2:3:4:5', '2001:db8:aaaa:1:2:3:4:xxx'],
    ['2001:db8::5', '2001:db8::xxx'],
    ['2001:db8::', '2001:db8::xxx'],
    ['::1', '::xxx'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:xxx'],
  ])('#44 with "last-segment", the client %s is logged as %s', async (from, client) => {
    const answer = await call(household, '/', { from });
    const id = answer.headers['x-request-id'];
    const entry = await waitFor('its entry', async () =>
      (await household.accessLog()).find(({ request_id }) => request_id === id),
    );
    expect(entry.client_ip).toBe(client);
  });

  test.each([
    'token=abc',
    'Access_Token=abc',
    'a=1&api_key=abc',
    'apikey=abc',
    'x=1&PASSWORD=abc',
    'code=abc',
    'sig=abc',
    'jwt=abc',
    'key=abc',
    'a=1&pass=abc',
    'PIN=abc',
    'SAMLResponse=abc',
    'x=1&private_key=abc',
    't%6fken=abc',
    'a=1&%74oken=abc',
    'next=%2Fx&session_id=abc',
  ])('a secret in the query is not logged: %s', async (query) => {
    expect((await logged(`/?${query}`)).query).toBe('[redacted]');
  });

  test('the user agent is cut at 120 and at anything that is not ASCII', async () => {
    const agent = async (value: string) =>
      (await logged('/', { headers: { 'user-agent': value } })).user_agent;
    expect(await agent('Mozilla/5.0 "x" \\ {}')).toBe('Mozilla/5.0 "x" \\ {}');
    expect(await agent('a'.repeat(5000))).toHaveLength(120);
    expect(await agent(`ok${'\u00e9'.repeat(200)}`)).toBe('ok');
  });

  test('#46 health checks are not logged', async () => {
    await call(edge, '/health', { plain: true });
    const marker = await logged('/marker');
    const entries = await edge.accessLog();
    expect(entries).toContainEqual(marker);
    expect(entries.filter(({ path }) => path === '/health')).toEqual([]);
  });

  test('stays strict JSON under hostile bytes, each of them in one line', async () => {
    const hostile = [
      '"',
      '\\',
      '\\"',
      '","status":200,"x":"',
      '\x01',
      '\x1b[31m',
      '\x7f',
      '\x80',
      '\xff\xfe',
      '\xc3',
      '\u2028',
      '%00',
      '%0a{"x":1}',
      '\t',
      "'",
      '</script>',
      '$host',
      '${x}',
    ];
    const before = (await edge.accessLog()).length;
    for (const bytes of hostile) {
      const lines = [
        `GET /${bytes}?${bytes}=${bytes} HTTP/1.1`,
        'Host: a.example.test',
        `User-Agent: ${bytes}`,
        `Referer: ${bytes}`,
        `X-Request-ID: ${bytes}`,
        'Connection: close',
      ];
      await raw(edge, Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
    }
    await raw(edge, Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x80]), { plain: true });
    const entries = await waitFor('all entries', async () => {
      const all = (await edge.accessLog()).slice(before);
      return all.length > hostile.length && all;
    });
    for (const entry of entries) {
      expect(Object.keys(entry).filter((key) => key !== 'query')).toEqual(always);
      expect(JSON.stringify(entry)).toMatch(/^[\x20-\x7e]*$/);
    }
  });

  test('#45 lines stay whole when two workers write at once', async () => {
    const path = `/${"'".repeat(1100)}`;
    const agent = '\\'.repeat(200);
    for (let round = 0; round < 5; round++)
      await burst(edge, 40, `${path}?${'\\'.repeat(600)}`, { headers: { 'user-agent': agent } });
    // nginx writes an entry when the client has its answer already.
    const entries = await waitFor('all entries', async () => {
      const all = (await edge.accessLog()).filter((entry) => entry['path'] === path.slice(0, 1024));
      return all.length >= 200 && all;
    });
    expect(entries).toHaveLength(200);
    for (const entry of entries) expect(entry['user_agent']).toBe(agent.slice(0, 120));
  });

  describe('#43 #44 the error log does not undo it', () => {
    const secret = 'access_token=SECRET';
    const refused: [string, number, string, Call?][] = [
      ['an allow-list', 403, '/admin'],
      ['a missing login', 401, '/dash'],
      ['a wrong login', 401, '/dash', { headers: { authorization: `Basic ${btoa('admin:no')}` } }],
      ['an unknown user', 401, '/dash', { headers: { authorization: `Basic ${btoa('root:no')}` } }],
      ['a large body', 413, '/small', { method: 'POST', body: 'x'.repeat(3000) }],
      ['an app that is not there', 502, '/gone'],
      ['an app that hangs up', 502, '/reset'],
      ['an app with another certificate', 502, '/secure-stranger'],
      ['an app that takes long', 504, '/hasty/slow'],
    ];
    test.each(refused)('%s (%i)', async (_what, status, path, options) => {
      const answer = await call(edge, `${path}?ms=1500&${secret}`, {
        from: '203.0.113.211',
        ...options,
        headers: { ...options?.headers, referer: 'https://a.example.test/?code=SECRET' },
      });
      expect(answer.status).toBe(status);
      const entry = await entryOf(answer.headers['x-request-id'] as string);
      expect(entry).toMatchObject({ status, query: '[redacted]', client_ip: '203.0.113.xxx' });
      expect(await edge.errorLog()).not.toMatch(/SECRET|203\.0\.113|client: /);
    });

    test.each([
      ['a body in broken chunks', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'],
      ['two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\n'],
      ['a header that is none', 'X Y: 1\r\n\r\n'],
    ])('%s', async (_what, rest) => {
      const head = `POST /?${secret} HTTP/1.1\r\nHost: a.example.test\r\nX-Forwarded-For: 203.0.113.211\r\n`;
      expect(await raw(edge, head + rest)).toMatch(/^HTTP\/1\.1 400/);
      await logged('/marker-chunks');
      expect(await edge.errorLog()).not.toMatch(/SECRET|203\.0\.113|client: /);
    });

    test('limits', async () => {
      await burst(edge, 8, `/limited?${secret}`, { from: '203.0.113.211' });
      await logged('/marker-2');
      expect(await edge.errorLog()).not.toMatch(/SECRET|203\.0\.113|client: /);
    });

    test.each([
      ['/gone', 'not reached', 'gone-3000'],
      ['/secure-stranger', 'not reached', expect.stringMatching(/^[\d.]+:3443/)],
      ['/reset', 'no valid answer', expect.stringMatching(/^[\d.]+:3000/)],
      ['/hasty/slow?ms=1500', 'no answer in time', expect.stringMatching(/^[\d.]+:3000/)],
    ])('the reason of a failure on %s is told without either: %s', async (path, failure, address) => {
      const id = (await call(edge, path)).headers['x-request-id'] as string;
      const line = await waitFor('the reason', async () =>
        (await edge.errorLog()).split('\n').find((line) => line.includes(id)),
      );
      expect(JSON.parse(line)).toEqual({
        timestamp: expect.any(String),
        request_id: id,
        failure,
        address,
      });
    });

    test('an app’s own error is none of the edge’s', async () => {
      const { headers } = await call(edge, '/answer/502');
      await logged('/marker-3');
      expect(await edge.errorLog()).not.toContain(headers['x-request-id']);
    });
  });
});
