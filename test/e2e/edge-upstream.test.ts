import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspect, requireDocker, waitFor } from './docker.ts';
import { call, grpcCall, raw } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { labStack } from './edge/stacks.ts';

describe.runIf(requireDocker())('the edge and its apps', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;
  let web: string;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    // Before any app is there.
    edge = await lab.startEdge(labStack());
    web = await lab.startUpstream('web');
    await lab.startUpstream('engine');
    await waitFor('the app is found', async () => (await call(edge, '/')).status === 200);
    await waitFor('the engine too', async () => (await grpcCall(edge, '/test.Echo/Call')).status === '0');
  });
  afterAll(() => lab?.close());

  test('#26 the edge starts without its apps, and finds them when they come', async () => {
    expect((await inspect(edge.name)).RestartCount).toBe(0);
    expect((await call(edge, '/')).status).toBe(200);
  });

  test('#26 connections to the app are kept', async () => {
    const seen = new Set<number>();
    for (let i = 0; i < 10; i++) seen.add((await call(edge, '/')).echo().connection);
    // One for each worker.
    expect(seen.size).toBeLessThanOrEqual(2);
  });

  test('#33 an app that is not there is answered for at once', async () => {
    const started = Date.now();
    expect((await call(edge, '/gone')).status).toBe(502);
    expect(Date.now() - started).toBeLessThan(4000);
  });

  test.each([
    ['with its pair is let in', '/secure', 200],
    ['refuses an app with another name', '/secure-elsewhere', 502],
    ['refuses an app whose certificate another authority signed', '/secure-stranger', 502],
    ['without its pair is refused by the app', '/secure-anonymous', 502],
  ])('#13 over TLS the edge %s', async (_what, path, status) => {
    expect((await call(edge, path)).status).toBe(status);
  });

  test.each(['/', '/page', '/static.css'])(
    '#49 what the app sends on %s is not compressed on its way',
    async (path) => {
      const { status, headers } = await call(edge, path, { headers: { 'accept-encoding': 'gzip' } });
      expect([status, headers['content-encoding']]).toEqual([200, undefined]);
    },
  );

  test('#49 an app that compresses is asked to, and its answer stays as it is', async () => {
    const { headers, body } = await call(edge, '/packed.css', { headers: { 'accept-encoding': 'gzip' } });
    expect([headers['content-encoding'], JSON.parse(body).headers['accept-encoding']]).toEqual([
      'gzip',
      'gzip',
    ]);
  });

  describe('#31 WebSocket', () => {
    const upgrade = (path: string, protocol: string, body = '') =>
      raw(
        edge,
        `GET ${path} HTTP/1.1\r\nHost: a.example.test\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n${body}`,
      );

    test('is upgraded on its route, and bytes pass both ways', async () => {
      expect(await upgrade('/live', 'WebSocket', 'frame')).toMatch(/^HTTP\/1\.1 101 [\s\S]+frame$/);
    });

    test.each([
      ['/live', 'h2c'],
      ['/live', 'h2c, websocket'],
      ['/live', 'websocket, h2c'],
      ['/', 'websocket'],
      ['/api', 'h2c'],
    ])('on %s an upgrade to "%s" is dropped', async (path, protocol) => {
      const answer = await upgrade(path, protocol);
      expect(answer).toMatch(/^HTTP\/1\.1 200/);
      expect(answer).not.toMatch(/"upgrade"/i);
    });
  });

  describe('#31 server-sent events', () => {
    /** What has come a moment after the first byte; the app lets seconds pass between its two events. */
    const arrival = async (path: string) => {
      const answer = await raw(edge, `GET ${path}/stream HTTP/1.1\r\nHost: a.example.test\r\n\r\n`, {
        quietMs: 500,
      });
      return [answer.includes('data: first'), answer.includes('data: second')];
    };

    test('each leaves the edge when the app sends it', async () => {
      expect(await arrival('/events')).toEqual([true, false]);
    });

    test('a plain route collects small answers, which is why the setting exists', async () => {
      expect(await arrival('')).toEqual([true, true]);
    });
  });

  test('#33 a host that does not answer at all is given up after three seconds', async () => {
    const silent = lab.gateway.replace(/\d+$/, '250');
    const cut = await lab.startEdge(labStack(), (files) =>
      files.map((file) => ({
        ...file,
        content: file.content.replace('server gone:3000 resolve;', `server ${silent}:3000;`),
      })),
    );
    const started = Date.now();
    // After three seconds the kernel gives up itself, which would be 502.
    expect((await call(cut, '/gone')).status).toBe(504);
    expect((Date.now() - started) / 1000).toBeGreaterThan(1);
  });

  test('#33 a route’s own time-out ends the wait for its app alone', async () => {
    const started = Date.now();
    expect((await call(edge, '/hasty/slow?ms=15000')).status).toBe(504);
    expect(Date.now() - started).toBeLessThan(10_000);
    expect((await call(edge, '/slow?ms=1500')).status).toBe(200);
  });

  test('#33 a request with side effects is never sent twice', async () => {
    const before = (await call(edge, '/counter')).echo().resets;
    expect((await call(edge, '/reset', { method: 'POST', body: 'x' })).status).toBe(502);
    expect((await call(edge, '/counter')).echo().resets).toBe(before + 1);
  });

  describe('#32 gRPC', () => {
    test.each([
      ['with its pair is let in', '/test.Secure/Call', '0'],
      ['refuses an engine with another name', '/test.Elsewhere/Call', '14'],
      ['without its pair is refused by the engine', '/test.Anonymous/Call', '14'],
    ])('#13 over TLS the edge %s', async (_what, path, status) => {
      expect(await grpcCall(edge, path)).toMatchObject({ http: 200, status });
    });

    test('a call passes, over HTTP/2, with the edge’s headers and none of the client’s', async () => {
      const answer = await grpcCall(edge, '/test.Echo/Call');
      expect(answer).toMatchObject({ http: 200, status: '0' });
      const seen = JSON.parse(answer.headers['x-seen'] as string);
      expect(seen).toMatchObject({
        ':path': '/test.Echo/Call',
        ':authority': 'engine-50052-grpc',
        'x-forwarded-for': lab.gateway,
        'x-forwarded-proto': 'https',
        'x-request-id': answer.headers['x-request-id'],
        te: 'trailers',
      });
    });

    test('a burst answers RESOURCE_EXHAUSTED, not a page', async () => {
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => grpcCall(edge, '/test.Limited/Call')),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual(['0', '0', '8', '8', '8']);
      for (const { http, body, headers } of answers.filter(({ status }) => status === '8')) {
        expect([http, body, headers['content-type']]).toEqual([200, '', 'application/grpc']);
        expect(headers['grpc-message']).toBe('limit reached');
      }
    });

    test.each([
      ['an engine that is down is UNAVAILABLE', '/test.Gone/Call', 0, '14'],
      ['a client that may not is PERMISSION_DENIED', '/test.Private/Call', 0, '7'],
    ])('%s', async (_what, path, size, status) => {
      expect(await grpcCall(edge, path, size)).toMatchObject({ http: 200, status, body: '' });
    });

    test('a message that is too large is RESOURCE_EXHAUSTED', async () => {
      expect(await grpcCall(edge, '/test.Small/Call')).toMatchObject({ http: 200, status: '0' });
      expect(await grpcCall(edge, '/test.Small/Call', 5000)).toMatchObject({ http: 200, status: '8' });
    });
  });

  test('#26 an app that comes back with another address is found again, while another took the old one', async () => {
    const { NetworkSettings } = await inspect(web);
    const old = Object.values(NetworkSettings.Networks)[0]!.IPAddress;
    await lab.stop(web);
    // Takes the lowest free address: the one just given up.
    const thief = await lab.startUpstream('thief');
    const taken = Object.values((await inspect(thief)).NetworkSettings.Networks)[0]!.IPAddress;
    expect(taken).toBe(old);
    const successor = await lab.startUpstream('web');
    const address = Object.values((await inspect(successor)).NetworkSettings.Networks)[0]!.IPAddress;
    expect(address).not.toBe(old);
    await lab.stop(thief);
    await waitFor('the successor answers', async () => (await call(edge, '/')).status === 200);
  });
});
