import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { renderNginx } from '../../src/render/nginx/index.ts';
import type { EdgeStack } from '../../src/render/nginx/validate.ts';
import { edgeStack, route } from '../fixtures/edge.ts';

function problems(stack: EdgeStack): string[] {
  try {
    renderNginx(stack);
  } catch (error) {
    if (error instanceof UserError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

const withRoute = (...routes: Parameters<typeof route>[]) =>
  edgeStack({ routes: routes.map((args) => route(...args)) });

describe('#18 #47 what nginx would accept and then not do is refused', () => {
  test.each<[string, EdgeStack, RegExp]>([
    [
      'a domain named twice',
      edgeStack({}, { domains: ['a.example.test', 'a.example.test'] }),
      /domains\[1\].*twice/,
    ],
    ['no domain', edgeStack({}, { domains: [] }), /domains: must name/],
    ['a domain with configuration in it', edgeStack({}, { domains: ['a.test; }'] }), /domains\[0\]/],
    ['a regular expression as a domain', edgeStack({}, { domains: ['~^.*$'] }), /domains\[0\]/],
    ['a host that is no domain', withRoute(['/', { host: 'b.test' }]), /routes\[0\]\.host.*b\.test/],
    ['two routes with one path', withRoute(['/api'], ['/api/', { app: 'b' }]), /routes\[1\].*routes\[0\]/],
    ['a relative path', withRoute(['api']), /routes\[0\]\.path: must start/],
    ['an empty path', withRoute(['']), /routes\[0\]\.path: must start/],
    ['a path with an empty part', withRoute(['/a//b']), /routes\[0\]\.path/],
    ['a path with a quote', withRoute(['/a" { return 200; }']), /routes\[0\]\.path/],
    ['an encoded path, which nginx never sees', withRoute(['/a%2fb']), /routes\[0\]\.path/],
    ['a hidden path', withRoute(['/.git']), /routes\[0\]\.path.*dot/],
    ['a path like a leftover', withRoute(['/app.conf']), /routes\[0\]\.path.*"\.conf"/],
    ['a path like a leftover, in capitals', withRoute(['/a/X.LOG/']), /routes\[0\]\.path.*"\.LOG"/],
    ['a path like a backup', withRoute(['/a~']), /routes\[0\]\.path.*"~"/],
    ['a body limit of 0, which means none', withRoute(['/', { maxBody: '0' }]), /routes\[0\]\.maxBody/],
    ['a body limit with a fraction', withRoute(['/', { maxBody: '1.5m' }]), /routes\[0\]\.maxBody/],
    [
      'a rate of 0',
      withRoute(['/', { rateLimit: { requestsPerSecond: 0, burst: 1 } }]),
      /requestsPerSecond: must be above 0/,
    ],
    [
      'a negative burst',
      withRoute(['/', { rateLimit: { requestsPerSecond: 1, burst: -1 } }]),
      /burst: must be/,
    ],
    ['every origin', withRoute(['/', { cors: ['*'] }]), /cors\[0\]/],
    ['the null origin', withRoute(['/', { cors: ['null'] }]), /cors\[0\]/],
    ['an origin with a path', withRoute(['/', { cors: ['https://a.test/'] }]), /cors\[0\]/],
    [
      'an origin with the port that browsers leave out',
      withRoute(['/', { cors: ['https://a.test:443'] }]),
      /cors\[0\].*must be https:\/\/a\.test:/,
    ],
    [
      'the same over HTTP',
      withRoute(['/', { cors: ['http://*.a.test:80'] }]),
      /cors\[0\].*http:\/\/\*\.a\.test:/,
    ],
    [
      'an address that browsers write shorter',
      withRoute(['/', { cors: ['http://[0:0::1]:3000'] }]),
      /cors\[0\].*must be http:\/\/\[::1\]:3000:/,
    ],
    ['an address that is none', withRoute(['/', { cors: ['http://[:]'] }]), /cors\[0\]/],
    ['a port that is none', withRoute(['/', { cors: ['http://a.test:70000'] }]), /cors\[0\]/],
    [
      'an origin with a wildcard in the middle',
      withRoute(['/', { cors: ['https://a.*.test'] }]),
      /cors\[0\]/,
    ],
    ['a CIDR that is none', withRoute(['/', { allow: ['10.0.0.0/33'] }]), /allow\[0\]/],
    ['everybody by name', withRoute(['/', { allow: ['all'] }]), /allow\[0\]/],
    ['a proxy that is none', edgeStack({ trustedProxies: ['unix:'] }), /trustedProxies\[0\]/],
    ['an app with a port in its name', withRoute(['/', { app: 'web:1' }]), /routes\[0\]\.app/],
    [
      'a variable in the Content-Security-Policy',
      edgeStack({ contentSecurityPolicy: { policy: "default-src 'self' $host" } }),
      /contentSecurityPolicy\.policy: must not contain "\$"/,
    ],
    [
      'a line break in a name of the app’s certificate',
      withRoute(['/', { upstreamTls: { name: 'a\nb', ca: '/ca.pem' } }]),
      /upstreamTls\.name/,
    ],
    ['port 0', withRoute(['/', { port: 0 }]), /routes\[0\]\.port/],
  ])('%s', (_what, stack, expected) => {
    expect(problems(stack)).toEqual([expect.stringMatching(expected)]);
  });

  test('all problems are reported at once', () => {
    expect(problems(withRoute(['/a//b', { port: 0 }], ['/', { maxBody: '0' }]))).toHaveLength(3);
  });

  test('a policy of several directives is fine', () => {
    const policy = "default-src 'self'; img-src *";
    expect(problems(edgeStack({ contentSecurityPolicy: { policy, reportOnly: true } }))).toEqual([]);
  });

  test('a sound stack has none', () => {
    expect(problems(withRoute(['/x.log/y'], ['/a~b'], ['/Ready'], ['/ready.txt']))).toEqual([]);
    expect(
      problems(
        withRoute(['/', { cors: ['https://*.a.test:8443', 'http://[::1]:3000', 'http://a.test:443'] }]),
      ),
    ).toEqual([]);
  });
});
