import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireDocker } from './docker.ts';
import { type Call, call, raw } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { labStack, reader } from './edge/stacks.ts';

const securityHeaders = [
  'strict-transport-security',
  'x-content-type-options',
  'content-security-policy',
  'x-frame-options',
  'referrer-policy',
  'permissions-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'x-request-id',
];

describe.runIf(requireDocker())('answers of the edge', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;
  const hsts = { maxAgeSeconds: 63_072_000, includeSubdomains: true, preload: false };

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    edge = await lab.startEdge(labStack({ hsts }));
    await call(edge, '/');
  });
  afterAll(() => lab?.close());

  describe('plain HTTP', () => {
    test.each([
      ['a domain', 'a.example.test', 'https://a.example.test:8443/p?q=1'],
      ['another', 'b.example.test:8080', 'https://b.example.test:8443/p?q=1'],
      ['a name under a wildcard', 'x.wild.example.test', 'https://x.wild.example.test:8443/p?q=1'],
      ['localhost', 'localhost', 'https://localhost:8443/p?q=1'],
    ])('#16 redirects %s with the port and the method kept', async (_what, host, location) => {
      const { status, headers } = await call(edge, '/p?q=1', {
        plain: true,
        host,
        method: 'POST',
        body: 'x',
      });
      expect([status, headers.location]).toEqual([308, location]);
    });

    test('#16 never redirects to a host that the client made up', async () => {
      const request = 'GET http://evil.test/ HTTP/1.1\r\nHost: a.example.test\r\n\r\n';
      expect(await raw(edge, request, { plain: true })).not.toMatch(/location: https:\/\/evil/i);
      const answer = await call(edge, '//evil.test', { plain: true });
      expect(answer.headers.location).toBe('https://a.example.test:8443//evil.test');
    });

    test.each(['a.example.test', 'unknown.test', '127.0.0.1'])(
      '#14 #16 /health answers for Host %s',
      async (host) => {
        expect(await call(edge, '/health', { plain: true, host })).toMatchObject({
          status: 200,
          body: 'ok\n',
        });
      },
    );

    test.each(['unknown.test', 'y.x.wild.example.test', 'wild.example.test'])(
      '#14 the unknown host %s gets no answer at all',
      async (host) => {
        expect(await raw(edge, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, { plain: true })).toBe('');
      },
    );

    test('#16 the certificate authority’s path is not redirected', async () => {
      const { status } = await call(edge, '/.well-known/acme-challenge/token', { plain: true });
      expect(status).toBe(404);
    });
  });

  describe('#20 #21 security headers', () => {
    const cases: [string, number, string, Call?][] = [
      ['the app', 200, '/'],
      ['the app’s redirect', 302, '/answer/302'],
      ['the app’s "not modified"', 304, '/answer/304'],
      ['the app’s 401', 401, '/answer/401'],
      ['the app’s 404', 404, '/answer/404'],
      ['the app’s 500', 500, '/answer/500'],
      ['a route with CORS', 200, '/api/x'],
      ['a route with CORS, failing', 500, '/api/answer/500'],
      [
        'a preflight',
        204,
        '/api',
        { method: 'OPTIONS', headers: { origin: reader, 'access-control-request-method': 'PUT' } },
      ],
      ['a restricted route', 403, '/admin'],
      ['a hidden file', 404, '/.env'],
      ['/metrics', 404, '/metrics'],
      ['a body that is too large', 413, '/small', { method: 'POST', body: 'x'.repeat(3000) }],
      ['an app that is down', 502, '/gone'],
      ['a WebSocket route', 200, '/live'],
      ['a name that does not fit', 421, '/', { sni: 'b.example.test', host: 'a.example.test' }],
    ];
    test.each(cases)('%s (%i): each exactly once', async (_what, status, path, options) => {
      const answer = await call(edge, path, options);
      expect(answer.status).toBe(status);
      const counts = Object.fromEntries(securityHeaders.map((name) => [name, answer.all(name).length]));
      expect(counts).toEqual(Object.fromEntries(securityHeaders.map((name) => [name, 1])));
    });

    test('#12 #22 their values are the policy’s', async () => {
      const { headers } = await call(edge, '/');
      expect(headers['strict-transport-security']).toBe('max-age=63072000; includeSubDomains');
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['x-frame-options']).toBe('DENY');
    });

    test('#21 the app’s own policies win, except HSTS, nosniff and the request id', async () => {
      const { all } = await call(edge, '/own');
      expect(all('content-security-policy')).toEqual(["default-src 'self' https://cdn.example"]);
      expect(all('x-frame-options')).toEqual(['SAMEORIGIN']);
      expect(all('referrer-policy')).toEqual(['no-referrer']);
      expect(all('permissions-policy')).toEqual(['camera=(self)']);
      expect(all('cross-origin-opener-policy')).toEqual(['unsafe-none']);
      expect(all('cross-origin-resource-policy')).toEqual(['cross-origin']);
      expect(all('strict-transport-security')).toEqual(['max-age=63072000; includeSubDomains']);
      expect(all('x-content-type-options')).toEqual(['nosniff']);
      expect(all('x-request-id')).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
      expect(all('x-powered-by')).toEqual([]);
    });

    test.each([
      ['/framed', 'SAMEORIGIN', false],
      ['/framed-never', 'deny', false],
      // Which browsers do not know, and the edge's answer stands.
      ['/framed-nonsense', 'ALLOWALL', true],
    ])('#21 X-Frame-Options of the app is not contradicted: %s', async (path, framing, own) => {
      const { all } = await call(edge, path);
      expect(all('x-frame-options')).toEqual([framing]);
      const [policy] = all('content-security-policy');
      expect(policy).toMatch(/^default-src 'none'; .*form-action 'self'$/);
      expect(policy!.includes('frame-ancestors')).toBe(own);
    });

    test('#21 an app that only tries a policy is left to it', async () => {
      const { all } = await call(edge, '/own-report-only');
      expect(all('content-security-policy-report-only')).toEqual(["default-src 'self'"]);
      expect(all('content-security-policy')).toEqual([]);
    });

    test('#22 a policy on trial: reported, nothing blocked', async () => {
      const trial = await lab.startEdge(labStack({ contentSecurityPolicy: { reportOnly: true } }));
      const { all } = await call(trial, '/');
      expect(all('content-security-policy-report-only')).toEqual([
        expect.stringMatching(/^default-src 'none'/),
      ]);
      expect(all('content-security-policy')).toEqual([]);
    });

    test.each(['/', '/.env', '/gone', '/admin'])(
      '#23 %s has none that browsers have dropped',
      async (path) => {
        const { headers } = await call(edge, path);
        for (const dead of ['x-xss-protection', 'expect-ct', 'public-key-pins', 'feature-policy'])
          expect(headers).not.toHaveProperty(dead);
        expect(headers['permissions-policy']).not.toContain('interest-cohort');
      },
    );

    test('#12 plain HTTP carries no HSTS', async () => {
      const { headers } = await call(edge, '/', { plain: true });
      expect(headers['strict-transport-security']).toBeUndefined();
    });

    test('#12 neither does localhost', async () => {
      const { headers } = await call(edge, '/', { host: 'localhost' });
      expect(headers['strict-transport-security']).toBeUndefined();
    });
  });

  test.each([
    ['/.env', 404],
    ['/gone', 502],
    ['/admin', 403],
  ])('#19 the edge’s own answer for %s tells status and id, no product version', async (path, status) => {
    const { headers, body } = await call(edge, path);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({ error: { status, request_id: headers['x-request-id'] } });
    expect(headers.server).not.toMatch(/\d/);
    expect(headers['cache-control']).toBe('no-store');
  });

  test.each([
    ['a malformed request', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['a method that is none', 'g{}t / HTTP/1.1\r\nHost: a.example.test\r\n\r\n', 400],
    ['a long address', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: a.example.test\r\n\r\n`, 414],
    ['a large header', `GET / HTTP/1.1\r\nHost: a.example.test\r\nX: ${'a'.repeat(9000)}\r\n\r\n`, 400],
  ])('#19 #37 %s is refused in few words', async (_what, request, status) => {
    const answer = await raw(edge, request);
    expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    expect(answer).not.toMatch(/nginx\/\d/);
  });

  test('#37 more than 100 headers are refused', async () => {
    const headers = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-n-${i}`, '1']));
    expect((await call(edge, '/', { headers: headers(90) })).status).toBe(200);
    expect((await call(edge, '/', { headers: headers(120) })).status).toBe(400);
  });
});
