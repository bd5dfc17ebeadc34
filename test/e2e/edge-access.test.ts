import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { route } from '../fixtures/edge.ts';
import { requireDocker, waitFor } from './docker.ts';
import { burst, call, open, openHttp2, raw, streamStatus } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { labStack, SELDOM } from './edge/stacks.ts';

/** Connects and drips; how long the edge let it, in seconds, and what it said. */
function drip(
  edge: EdgeContainer,
  first: string,
  { more = '', plain = true }: { more?: string; plain?: boolean } = {},
): Promise<number> {
  return new Promise((resolve) => {
    const started = Date.now();
    const socket = open(edge, plain);
    const timer = setInterval(() => socket.write(more), 1000);
    const end = () => {
      clearInterval(timer);
      resolve((Date.now() - started) / 1000);
    };
    socket.on('error', () => {});
    socket.on('close', end);
    socket.write(first);
  });
}

/** Starts uploads that never end: all but the last bytes are there. */
async function hold(edge: EdgeContainer, path: string, count: number, size: number): Promise<Socket[]> {
  const head = `POST ${path} HTTP/1.1\r\nHost: a.example.test\r\nX-Forwarded-For: 203.0.113.70\r\nContent-Length: ${size}\r\n\r\n`;
  const sockets = Array.from({ length: count }, () => open(edge).on('error', () => {}));
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((sent) => {
          socket.write(head);
          socket.write(Buffer.alloc(size - 1000), () => sent());
        }),
    ),
  );
  await sleep(1500);
  return sockets;
}

describe.runIf(requireDocker())('who may ask the edge what, and how often', () => {
  let lab: EdgeLab;
  /** Believes the lab's gateway, so that tests can call from any address. */
  let edge: EdgeContainer;
  let narrow: EdgeContainer;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    edge = await lab.startEdge(labStack({ trustedProxies: [lab.gateway] }));
    const limits = { requestsPerSecond: SELDOM, burst: 3, connections: 500, maxBody: '1m' };
    narrow = await lab.startEdge(labStack({ trustedProxies: [lab.gateway], limits }));
  });
  afterAll(() => lab?.close());

  const statuses = async (...args: Parameters<typeof burst>) =>
    (await burst(...args)).map(({ status }) => status).sort();

  describe('#35 rates', () => {
    test('a burst is served, the rest is 429 with Retry-After', async () => {
      const answers = await burst(edge, 6, '/limited', { from: '203.0.113.1' });
      const refused = answers.filter(({ status }) => status === 429);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
      expect(refused).toHaveLength(3);
      for (const { headers, body } of refused) {
        expect(headers['retry-after']).toBe('20');
        expect(JSON.parse(body).error.status).toBe(429);
      }
    });

    test('the general limit holds on every route, and one client does not use up another’s', async () => {
      expect(await statuses(narrow, 6, '/', { from: '203.0.113.2' })).toEqual([200, 200, 200, 200, 429, 429]);
      expect(await statuses(narrow, 1, '/', { from: '203.0.113.3' })).toEqual([200]);
    });

    test.each(
      ['/.env', '/x.bak', '/metrics', '/x/../admin', '/x;/y', '/admin'].map((path, i) => [path, i] as const),
    )('what the edge refuses is counted as well: %s', async (path, i) => {
      const from = `203.0.113.${100 + i}`;
      const found = await statuses(narrow, 6, path, { from });
      expect(found.filter((status) => status !== 429)).toHaveLength(4);
      expect(await statuses(narrow, 1, '/', { from })).toEqual([429]);
    });

    test('a route with a limit of its own keeps the general one', async () => {
      await burst(narrow, 4, '/', { from: '203.0.113.4' });
      expect(await statuses(narrow, 2, '/limited', { from: '203.0.113.4' })).toEqual([429, 429]);
    });

    test('all addresses of a /64 are one client, the next /64 is another', async () => {
      for (const from of ['2001:db8:1:2::1', '2001:db8:1:2::9', '2001:db8:1:2:ffff::3'])
        expect(await statuses(edge, 1, '/limited', { from })).toEqual([200]);
      expect(await statuses(edge, 1, '/limited', { from: '2001:db8:1:2:abcd:1:2:3' })).toEqual([429]);
      expect(await statuses(edge, 1, '/limited', { from: '2001:db8:1:3::1' })).toEqual([200]);
    });

    test('an IPv4 address written as IPv6 is the same client', async () => {
      await burst(edge, 3, '/limited', { from: '::ffff:203.0.113.9' });
      expect(await statuses(edge, 1, '/limited', { from: '203.0.113.9' })).toEqual([429]);
    });

    test('#46 the health check is never limited', async () => {
      expect(await statuses(narrow, 30, '/health', { plain: true })).toEqual(Array(30).fill(200));
    });
  });

  test('#36 connections with an unfinished body are counted per client', async () => {
    const request =
      'POST / HTTP/1.1\r\nHost: a.example.test\r\nX-Forwarded-For: 203.0.113.20\r\nContent-Length: 9\r\n\r\n1';
    const { limits } = labStack().edge;
    const four = await lab.startEdge(
      labStack({ trustedProxies: [lab.gateway], limits: { ...limits, connections: 4 } }),
    );
    const sockets = new Set<ReturnType<typeof open>>();
    const hold = () => {
      const socket = open(four);
      sockets.add(socket);
      // Answered is one that met a request of ours, below, and was itself too many.
      socket.on('error', () => {}).on('data', () => sockets.delete(socket.destroy()));
      socket.write(request);
    };
    // They count once the edge has read their headers.
    const { headers } = await waitFor(
      'one too many is refused',
      async () => {
        while (sockets.size < 4) hold();
        const answer = await call(four, '/', { from: '203.0.113.20' });
        return answer.status === 429 && answer;
      },
      { timeoutMs: 8000, everyMs: 50 },
    );
    expect(headers['retry-after']).toBe('1');
    expect((await call(four, '/', { from: '203.0.113.21' })).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test('#36 so are the requests that one HTTP/2 connection carries at once', async () => {
    const { limits } = labStack().edge;
    const few = await lab.startEdge(labStack({ limits: { ...limits, connections: 10 } }));
    const session = openHttp2(few);
    const all = Array.from({ length: 25 }, () => streamStatus(session, { ':path': '/slow?ms=2500' }));
    const answers = await Promise.all(all);
    session.close();
    expect(answers.filter((status) => status === 200)).toHaveLength(10);
    expect(answers.filter((status) => status === 429)).toHaveLength(15);
  });

  describe('#38 bodies', () => {
    const chunked = (path: string, size: number) =>
      raw(
        edge,
        `POST ${path} HTTP/1.1\r\nHost: a.example.test\r\nTransfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`,
      );

    test('the general limit, by length and chunked', async () => {
      expect((await call(edge, '/', { method: 'POST', body: 'x'.repeat(2 * 1024 ** 2) })).status).toBe(413);
      expect(await chunked('/', 1024 ** 2 + 1)).toMatch(/^HTTP\/1\.1 413/);
      expect((await call(edge, '/', { method: 'POST', body: 'x'.repeat(1024 ** 2) })).echo().size).toBe(
        1024 ** 2,
      );
    });

    test('a route’s own limit, smaller or larger', async () => {
      expect((await call(edge, '/small', { method: 'POST', body: 'x'.repeat(2049) })).status).toBe(413);
      expect(await chunked('/small', 2049)).toMatch(/^HTTP\/1\.1 413/);
      expect((await call(edge, '/small', { method: 'POST', body: 'x'.repeat(2048) })).echo().size).toBe(2048);
      const body = Buffer.alloc(19 * 1024 ** 2);
      expect((await call(edge, '/large', { method: 'POST', body })).echo().size).toBe(body.length);
    });
  });

  describe('#38 room for bodies', () => {
    const general = (maxBody: string) => ({ ...labStack().edge.limits, connections: 100, maxBody });
    const trustedProxies = () => [lab.gateway];

    test.each([
      ['of the ordinary size, as many as a client may have', '/', 100, 1024 ** 2],
      ['of a large size', '/film', 5, 15 * 1000 ** 2],
    ])('unfinished uploads %s leave room for other clients', async (_what, path, count, size) => {
      const { routes } = labStack().edge;
      const roomy = await lab.startEdge(
        labStack({
          trustedProxies: trustedProxies(),
          limits: general('1m'),
          routes: [...routes, route('/film', { maxBody: '16m' })],
        }),
      );
      const held = await hold(roomy, path, count, size);
      const upload = { method: 'POST', body: Buffer.alloc(size - 5000), from: '203.0.113.71' };
      const { status, echo } = await call(roomy, path, upload);
      for (const socket of held) socket.destroy();
      expect(status).toBe(200);
      expect(echo().size).toBe(size - 5000);
    });

    test('one upload may be as large as the general limit says', async () => {
      const large = await lab.startEdge(labStack({ limits: general('200m') }));
      const body = Buffer.alloc(180 * 1024 ** 2);
      expect((await call(large, '/', { method: 'POST', body })).echo().size).toBe(body.length);
    });

    test('an ordinary one reaches the app when it is whole, so that no slow sender holds a worker', async () => {
      const patient = await lab.startEdge(labStack({ limits: general('1m') }));
      const before = (await call(patient, '/')).echo().requests;
      const held = await hold(patient, '/', 3, 200_000);
      const after = (await call(patient, '/')).echo().requests;
      for (const socket of held) socket.destroy();
      expect(after).toBe(before + 1);
    });
  });

  describe('#39 allow-lists', () => {
    test.each(['198.51.100.7', '2001:db8:aaaa:1::5'])('%s may', async (from) => {
      expect((await call(edge, '/admin/x', { from })).echo().url).toBe('/admin/x');
    });

    test.each([
      '/admin',
      '/admin/',
      '/admin/x',
      '/%61dmin',
      '/admin%2fx',
      '/Admin',
      '/ADMIN/x',
      '/admin;x',
      '/admin%20',
      '/%20admin',
      '/admin%23',
      '/admin%3fx',
      '/admin.json',
      '/admin?',
      '/admin?x=/../',
      '/v1/private',
      '/V1/private;x',
      '/v1%20/private',
      '/v1./private/x',
      '/v1/%20private',
      '/v1%2fprivate',
    ])('%s from elsewhere is refused', async (path) => {
      expect((await call(edge, path, { from: '203.0.113.5' })).status).toBe(403);
    });

    const differing = [
      // Dot segments: nginx takes them away, routers of apps often do not, and the other way round.
      '/x/../admin',
      '/./admin',
      '/admin/..',
      '/admin/.',
      '/admin/../x',
      '/admin/../x?y',
      '/admin/x/../../y',
      '/admin/%2e%2E/x',
      '/admin/.%2e/x',
      '/admin%2f..%2fx',
      '/admin/..%2fx',
      '/admin/..%2f',
      '/api/..%2fadmin',
      '/admin;/../admin/x',
      '/x/..;/admin',
      '/.;/admin',
      '/api/..;/admin',
      '/api/.%2e;/admin',
      // URL parsers read a backslash as a slash.
      '/x\\..\\admin',
      '/v1\\private',
      '/admin\\x/..',
      '/x/..\\admin',
      '/x%5c..%5Cadmin',
      '/\\x/admin',
      '/x\\..\\dash',
      '/x\\..\\metrics',
      '/x\\.git\\config',
      // Java servers drop path parameters of each part.
      '/v1;x/private',
      '/v1;/private',
      '/;x/admin',
      '/v1%3bx/private',
      '/v1;x%2fprivate',
      '/;x/metrics',
      // `new URL('//x/admin', base)` has the path /admin.
      '//admin',
      '//x/admin',
      '///x/admin',
      '/%2fx/admin',
      '//x/metrics',
      '/x#/../admin',
      '/ad%09min',
      '/admin%0a',
      '/x%7f',
    ];
    test.each(differing)('%s never reaches an app', async (path) => {
      const lines = `GET ${path} HTTP/1.1\r\nHost: a.example.test\r\n`;
      const answer = await raw(edge, `${lines}X-Forwarded-For: 203.0.113.5\r\nConnection: close\r\n\r\n`);
      expect(answer.slice(0, 12)).toBe('HTTP/1.1 404');
    });

    test('and neither does any of them over HTTP/2', async () => {
      const session = openHttp2(edge);
      for (const path of differing)
        expect([path, await streamStatus(session, { ':path': path })]).toEqual([path, 404]);
      session.close();
    });

    test('a zero byte is no request', async () => {
      expect((await call(edge, '/x%00/../admin')).status).toBe(400);
    });

    test.each([
      '/admins',
      '/admin-x',
      '/admin_x',
      '/administrator',
      '/x;jsessionid=1',
      '/x?y=/../\\;/#',
      '/a//b',
      '/a..b/c',
      '/x/a%2fb',
      '/x%20/y',
      '/100%25',
    ])('%s is another path', async (path) => {
      expect((await call(edge, path, { from: '203.0.113.5' })).echo().url).toBe(path);
    });

    test.each(['GET', 'POST', 'OPTIONS', 'HEAD', 'PROPFIND'])(
      'the method %s makes no difference',
      async (method) => {
        expect((await call(edge, '/admin', { method, from: '203.0.113.5' })).status).toBe(403);
      },
    );

    test.each(['x-original-url', 'x-rewrite-url'])('%s cannot name another path', async (name) => {
      const { headers } = (
        await call(edge, '/', { from: '203.0.113.5', headers: { [name]: '/admin' } })
      ).echo();
      expect(headers[name]).toBeUndefined();
    });
  });

  test('a route belongs to its host alone', async () => {
    expect((await call(edge, '/other')).status).toBe(200);
    expect((await call(edge, '/other', { host: 'b.example.test' })).status).toBe(502);
  });

  test.each([
    '/.env',
    '/.git/config',
    '/static/.env',
    '/a/.b',
    '/.well-knownX',
    '/%2eenv',
    '/x.bak',
    '/x.SQL',
    '/backup.old',
    '/x~',
    '/app.log',
    '/metrics',
    '/Metrics',
    '/metrics/',
    '/metrics;x',
    '/metrics.json',
    '//metrics',
    '/ready',
    '/ready%20',
    '/%72eady',
  ])('#41 %s is refused from outside', async (path) => {
    expect((await call(edge, path)).status).toBe(404);
  });

  test.each(['/.well-known/security.txt', '/metricsx', '/ready-to-wear', '/api/metrics', '/a.b', '/log'])(
    '#41 %s is the app’s',
    async (path) => {
      expect((await call(edge, path)).status).toBe(200);
    },
  );

  test('#41 a route opens /metrics on its own host alone, and in its own spelling', async () => {
    const ask = async (host: string, path: string) => (await call(edge, path, { host })).status;
    expect(await ask('b.example.test', '/metrics')).toBe(200);
    expect(await ask('b.example.test', '/metrics/x')).toBe(200);
    for (const path of ['/Metrics', '/metrics;x', '/metrics%20', '/ready'])
      expect([path, await ask('b.example.test', path)]).toEqual([path, 404]);
    for (const host of ['a.example.test', 'x.wild.example.test'])
      expect([host, await ask(host, '/metrics')]).toEqual([host, 404]);
  });

  test('#37 a client that opens and resets streams as fast as it can is cut off, others are served', async () => {
    const session = openHttp2(edge);
    session.on('error', () => {});
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(64);
    let opened = 0;
    for (let round = 0; round < 100 && !session.closed && !session.destroyed; round++) {
      for (let i = 0; i < 100 && !session.closed && !session.destroyed; i++, opened++) {
        const stream = session.request({ ':path': '/slow?ms=2000', 'x-forwarded-for': '203.0.113.30' });
        stream.on('error', () => {}).close(constants.NGHTTP2_CANCEL);
      }
      // Time for the edge to notice, on a busy machine too.
      await sleep(20);
    }
    expect(session.closed || session.destroyed).toBe(true);
    expect(opened).toBeLessThan(10_000);
    expect((await call(edge, '/', { from: '203.0.113.31' })).status).toBe(200);
  });

  test('#37 headers by the hundred are refused over HTTP/2 as well', async () => {
    const session = openHttp2(edge);
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`x-n-${i}`, '1']));
    expect(await streamStatus(session, { ':path': '/', ...many })).toBe(400);
    session.destroy();
  });

  test('#37 slow clients are cut off', async () => {
    const head = (method: string) => `${method} / HTTP/1.1\r\nHost: a.example.test\r\n`;
    const durations = await Promise.all([
      drip(edge, ''),
      drip(edge, head('GET'), { more: 'X-A: b\r\n' }),
      drip(edge, `${head('POST')}Content-Length: 9\r\n\r\n`, { plain: false }),
    ]);
    for (const seconds of durations) {
      expect(seconds).toBeGreaterThan(8);
      expect(seconds).toBeLessThan(14);
    }
  });
});
