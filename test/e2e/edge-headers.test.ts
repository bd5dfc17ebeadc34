import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hiddenCorsHeaders } from '../../src/policy/headers.ts';
import { strippedFor } from '../../src/policy/request-headers.ts';
import { requireDocker } from './docker.ts';
import { burst, call } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { labStack, reader } from './edge/stacks.ts';

describe.runIf(requireDocker())('between client and app', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;
  /** Believes the lab's gateway, so that tests can call from any address. */
  let trusting: EdgeContainer;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    edge = await lab.startEdge(labStack());
    trusting = await lab.startEdge(labStack({ trustedProxies: [lab.gateway] }));
  });
  afterAll(() => lab?.close());

  describe('what reaches the app', () => {
    test('#29 forged forwarding headers are overwritten', async () => {
      const { headers } = (
        await call(edge, '/', {
          headers: {
            'x-forwarded-for': '203.0.113.66, 10.0.0.1',
            'x-real-ip': '203.0.113.66',
            'x-forwarded-proto': 'http',
            'x-forwarded-host': 'evil.test',
            'x-forwarded-port': '1',
          },
        })
      ).echo();
      expect(headers).toMatchObject({
        host: 'a.example.test:8443',
        'x-forwarded-for': lab.gateway,
        'x-real-ip': lab.gateway,
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'a.example.test:8443',
        'x-forwarded-port': '8443',
      });
    });

    test.each(['/', '/api', '/limited', '/small', '/large', '/live'])(
      '#29 #30 internal headers never reach %s',
      async (path) => {
        const names = strippedFor('proxy')
          .flatMap(({ names }) => names)
          .map((name) => name.toLowerCase());
        const forged = [...names, ...names.slice(0, 20).map((name) => name.replaceAll('-', '_'))];
        // No more than a request may have.
        for (let first = 0; first < forged.length; first += 80) {
          const some = forged.slice(first, first + 80).map((name) => [name, 'forged']);
          const { headers } = (await call(edge, path, { headers: Object.fromEntries(some) })).echo();
          expect(JSON.stringify(headers)).not.toContain('forged');
          expect(headers['x-forwarded-for']).toBe(lab.gateway);
        }
      },
    );

    test.each([
      ['a path or method', 'x-forwarded-uri x-forwarded-method x-original-url x-rewrite-url'],
      ['a scheme', 'x-forwarded-protocol x-scheme x-forwarded-ssl'],
      ['an address', 'client-ip proxy-client-ip wl-proxy-client-ip x-forwarded-for-original'],
      ['a user', 'remote-user remote-groups remote-email remote-name x-webauth-groups'],
      ['what oauth2-proxy says', 'x-auth-request-preferred-username x-auth-request-access-token'],
      ['what authentik says', 'x-authentik-username x-authentik-groups x-authentik-email x-authentik-jwt'],
      ['what a cloud says', 'cf-access-jwt-assertion x-goog-iap-jwt-assertion x-amzn-oidc-data'],
      [
        'a client certificate',
        'x-forwarded-tls-client-cert x-forwarded-tls-client-cert-info ssl-client-cert',
      ],
      ['parts of one', 'ssl-client-s-dn ssl-client-verify x-ssl-client-s-dn x-ssl-client-issuer'],
    ])('#29 nobody outside asserts %s', async (_what, list) => {
      const forged = Object.fromEntries(list.split(' ').map((name) => [name, 'forged']));
      expect(JSON.stringify((await call(edge, '/', { headers: forged })).echo().headers)).not.toContain(
        'forged',
      );
    });

    test('#29 a trusted front proxy is believed, and only it', async () => {
      const seen = (await call(trusting, '/', { from: '203.0.113.9, 198.51.100.7' })).echo().headers;
      expect(seen['x-forwarded-for']).toBe('198.51.100.7');
    });

    test('#28 the path in the client’s own encoding', async () => {
      expect((await call(edge, '/a%2fb/%41?x=%20&y')).echo().url).toBe('/a%2fb/%41?x=%20&y');
    });

    test('#25 a harmless request id is kept, everywhere the same', async () => {
      const answer = await call(edge, '/', { headers: { 'x-request-id': 'good-ID_1.2-xyz' } });
      expect([answer.headers['x-request-id'], answer.echo().headers['x-request-id']]).toEqual([
        'good-ID_1.2-xyz',
        'good-ID_1.2-xyz',
      ]);
    });

    test.each([
      ['abc'],
      ['bad id here'],
      ['"quotes"aaaa'],
      ['a'.repeat(65)],
      ['-leading-dash'],
      [['first-id-1', 'second-id-2']],
    ])('#25 the request id %j is replaced by a UUID', async (id) => {
      const answer = await call(edge, '/', { headers: { 'x-request-id': id } });
      const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/;
      expect(answer.headers['x-request-id']).toMatch(uuid);
      expect(answer.echo().headers['x-request-id']).toBe(answer.headers['x-request-id']);
    });
  });

  test('#34 a response with 12 kB of headers passes', async () => {
    expect((await call(edge, '/big-header')).headers['x-large']).toHaveLength(12_000);
  });

  test('#35 the app’s own Retry-After stands alone', async () => {
    expect((await call(edge, '/busy/answer/503')).all('retry-after')).toEqual(['77']);
    expect((await call(edge, '/answer/503')).all('retry-after')).toEqual(['5']);
  });

  test.each([
    ['a route of one a second', '/often', {}, '1'],
    ['a route of three a minute', '/limited', {}, '20'],
    ['a login, at five a minute', '/dash', {}, '12'],
  ])('#35 Retry-After fits the limit of %s', async (_what, path, options, seconds) => {
    const answers = await burst(edge, 16, path, options);
    const refused = answers.filter(({ status }) => status === 429);
    expect(new Set(refused.flatMap(({ all }) => all('retry-after')))).toEqual(new Set([seconds]));
  });

  describe('#51 cookies get what the app forgot', () => {
    test('Secure, HttpOnly and SameSite; a CSRF token stays readable', async () => {
      expect((await call(edge, '/cookies')).all('set-cookie')).toEqual([
        'session=1; Path=/; Secure; HttpOnly; SameSite=Lax',
        'XSRF-TOKEN=2; Secure; SameSite=Lax',
      ]);
    });

    test('SameSite on one cookie of an answer leaves it to the app on all, and the rest is added', async () => {
      expect((await call(edge, '/cookies/mixed')).all('set-cookie')).toEqual([
        'session=1; Path=/; Secure; HttpOnly',
        'embed=2; SameSite=None; Secure; HttpOnly',
        'csrf=3; Path=/; Secure',
      ]);
    });

    test('the word alone, in a path or a value, is no SameSite', async () => {
      expect((await call(edge, '/cookies/word')).all('set-cookie')).toEqual([
        'a=samesite=none; Path=/samesite=none; Secure; HttpOnly; SameSite=Lax',
      ]);
    });

    test('an explicit SameSite stays', async () => {
      expect((await call(edge, '/cookies/none')).all('set-cookie')).toEqual([
        'embed=1; SameSite=None; Secure; HttpOnly',
      ]);
    });
  });

  describe('#24 CORS', () => {
    const cors = async (origin: string, path = '/api') =>
      (await call(edge, path, { headers: { origin } })).headers;

    test.each([reader, 'https://x.pr.example.test'])('%s may read, with credentials', async (origin) => {
      const headers = await cors(origin);
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      });
    });

    test.each([
      'https://evil.test',
      'null',
      'http://ui.example.test',
      `${reader}.evil.test`,
      'https://x.pr.example.test.evil.com',
      'https://x.y.pr.example.test',
      'https://evilpr.example.test',
      'https://ui-example.test',
      `${reader}:444`,
    ])('%s may not', async (origin) => {
      const headers = await cors(origin);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers.vary).toBe('Origin');
    });

    test('what the app says about origins does not count', async () => {
      const headers = await cors('https://evil.test', '/api/own-cors');
      for (const name of hiddenCorsHeaders.filter((name) => name.includes('Allow')))
        expect(headers[name.toLowerCase()]).toBeUndefined();
    });

    test.each([
      ['/api', 'X-Request-ID, Retry-After'],
      ['/api/total', 'X-Request-ID, Retry-After, X-Total-Count'],
      ['/api/odd', 'X-Request-ID, Retry-After'],
    ])(
      'a listed origin may read the edge’s headers and those that the app names: %s',
      async (path, exposed) => {
        const { all } = await call(edge, path, { headers: { origin: reader } });
        expect(all('access-control-expose-headers')).toEqual([exposed]);
        const other = await call(edge, path, { headers: { origin: 'https://evil.test' } });
        expect(other.all('access-control-expose-headers')).toEqual([]);
      },
    );

    test('on a route without the answer an app lets nobody read with the visitor’s cookies', async () => {
      const headers = await cors('https://evil.test', '/own-cors');
      expect(headers['access-control-allow-origin']).toBe('https://evil.test');
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    });

    const preflight = (origin: string, path = '/api', from?: string) =>
      call(path === '/guarded' ? trusting : edge, path, {
        method: 'OPTIONS',
        ...(from ? { from } : {}),
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'x-a, x-b',
        },
      });

    test('a preflight of an allowed origin is answered here', async () => {
      const { status, headers } = await preflight(reader);
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        'access-control-allow-origin': reader,
        'access-control-allow-headers': 'x-a, x-b',
        'access-control-max-age': '600',
      });
      expect(headers['access-control-allow-methods']).toContain('PUT');
    });

    test('another one goes to the app, without any permission', async () => {
      const answer = await preflight('https://evil.test');
      expect(answer.echo().method).toBe('OPTIONS');
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    });

    test('on a restricted route the allow-list comes before the preflight', async () => {
      expect((await preflight(reader, '/guarded', '203.0.113.5')).status).toBe(403);
      expect((await preflight(reader, '/guarded', '198.51.100.5')).status).toBe(204);
    });

    test('an allowed script can read why the edge refused it', async () => {
      const { status, headers } = await call(trusting, '/guarded', {
        from: '203.0.113.5',
        headers: { origin: reader },
      });
      expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([403, reader, 'Origin']);
    });

    test('a route without the answer has no CORS', async () => {
      expect((await cors(reader, '/'))['access-control-allow-origin']).toBeUndefined();
    });
  });
});
