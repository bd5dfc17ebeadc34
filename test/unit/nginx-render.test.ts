import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { staticWorkload } from '../../src/catalog/static.ts';
import { renderFileServer } from '../../src/render/file-server/index.ts';
import { canonicalCidr } from '../../src/render/nginx/cidr.ts';
import { renderNginx } from '../../src/render/nginx/index.ts';
import { rate } from '../../src/render/nginx/values.ts';
import { renderSampleApp } from '../../src/render/sample/index.ts';
import { edgeStack, fullEdgeStack, route } from '../fixtures/edge.ts';

type Stack = Parameters<typeof renderNginx>[0];

const filesOf = (stack: Stack, ...more: [Parameters<typeof renderNginx>[1]?]) =>
  new Map(renderNginx(stack, ...more).map(({ path, content }) => [path, content]));
const textOf = (stack: Stack) =>
  renderNginx(stack)
    .map(({ content }) => content)
    .join('\n');
/** Directives without comments. */
const directives = (text: string) => text.replace(/^\s*#.*$/gm, '').replace(/^ *\n/gm, '');

const everything = textOf(fullEdgeStack());

describe('every file', () => {
  test('#47 is the same on each run, readable by the container, ours, and ends with one line break', () => {
    expect(renderNginx(fullEdgeStack())).toEqual(renderNginx(fullEdgeStack()));
    for (const file of [...renderNginx(fullEdgeStack()), ...renderSampleApp()]) {
      expect(file).toMatchObject({ mode: file.path.endsWith('.sh') ? 0o755 : 0o644, class: 'generated' });
      expect(file.content).toMatch(/[^\n]\n$/);
      expect(file.content).not.toMatch(/[ \t]$/m);
    }
  });

  test('is reached by an include, and every include is there', () => {
    const files = filesOf(fullEdgeStack());
    const included = [...everything.matchAll(/^\s*include ([^;*]+);/gm)].map(([, path]) => `nginx/${path}`);
    expect(
      [...files.keys()].filter((path) => path.endsWith('.conf') && !path.startsWith('nginx/sites/')).sort(),
    ).toEqual([...new Set([...included, 'nginx/nginx.conf'])].sort());
    expect(files.get('nginx/nginx.conf')).toMatch(/include custom\/\*\.conf;[^}]*include sites\/\*\.conf;/);
  });

  test('#47 says why: each file starts with a reason', () => {
    for (const { content } of renderNginx(fullEdgeStack()))
      expect(content).toMatch(/^(?:#!\/bin\/sh\n)?# \S/);
  });
});

describe('invariants', () => {
  test('#27 requests are passed to upstream names alone, #28 without a path', () => {
    const targets = [...everything.matchAll(/(?:proxy|grpc)_pass ([^;]+);/g)].map(([, target]) => target!);
    const upstreams = [...everything.matchAll(/^upstream (\S+) \{/gm)].map(([, name]) => name);
    expect(targets.length).toBeGreaterThan(5);
    for (const target of targets) expect(upstreams).toContain(target.replace(/^(?:http|grpc)s?:\/\//, ''));
  });

  test('#26 each upstream follows its name and keeps connections', () => {
    for (const [block] of everything.matchAll(/^upstream [^}]+\}/gm))
      expect(block).toMatch(/zone \S+ 64k;\s+server [\w-]+:\d+ resolve;\s+keepalive 32;/);
  });

  test('#2 nothing is written outside /tmp; #3 descriptors; no user line', () => {
    const main = directives(filesOf(edgeStack()).get('nginx/nginx.conf')!);
    for (const name of ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'])
      expect(main).toMatch(new RegExp(`${name}_temp_path +/tmp/`));
    expect(main).toContain('pid /tmp/nginx.pid;');
    expect(main).toContain('worker_processes 2;');
    expect(main).not.toMatch(/^user /m);
    const number = (name: string) => Number(new RegExp(`${name} (\\d+);`).exec(main)![1]);
    expect(number('worker_rlimit_nofile')).toBeGreaterThanOrEqual(2 * number('worker_connections'));
  });

  test('#7 #10 #17 #23 nothing that is dead or deprecated', () => {
    expect(directives(everything)).not.toMatch(
      /stapling|dhparam|X-XSS|Expect-CT|Public-Key-Pins|interest-cohort|listen [^;]*http2|8\.8\.8\.8|1\.1\.1\.1/,
    );
  });

  test('#14 #17 one default server for each port, #6 protocols once and not per server', () => {
    const text = directives(everything);
    expect(text.match(/listen 8080 default_server/g)).toHaveLength(1);
    expect(text.match(/listen 8443 ssl default_server/g)).toHaveLength(1);
    expect(text.match(/^ssl_protocols/gm)).toHaveLength(1);
    expect(text).toContain('ssl_reject_handshake on;');
  });

  test('#20 every response header is `always`, and merged', () => {
    const headers = [...directives(everything).matchAll(/add_header .+;$/gm)].map(([line]) => line);
    expect(headers.length).toBeGreaterThan(10);
    for (const line of headers) expect(line).toMatch(/ always;$/);
    expect(everything).toContain('add_header_inherit merge;');
  });

  test('#30 each location that passes requests on includes the request headers', () => {
    const locations = [...everything.matchAll(/^ {4}location [^{]+\{\n(?:.*\n)+? {4}\}/gm)]
      .map(([block]) => block)
      .filter((block) => block.includes('_pass '));
    expect(locations.length).toBeGreaterThanOrEqual(30);
    for (const block of locations)
      expect(block).toContain(
        block.includes('grpc_pass') ? 'snippets/grpc-headers.conf' : 'snippets/proxy-headers.conf',
      );
  });

  test('#13 TLS to an app is verified, whole', () => {
    const secure = /location [^{]+secure[\s\S]+?\n {4}\}/.exec(everything)![0];
    for (const part of [
      'verify on',
      'server_name on',
      'name web.internal',
      'trusted_certificate /',
      'certificate_key /',
    ])
      expect(secure).toContain(`proxy_ssl_${part}`);
    expect(secure).toContain('proxy_pass https://web-3443-tls1;');
  });

  test('#13 routes share kept-alive connections only where they verify the app alike', () => {
    const tls = { name: 'a.internal', ca: '/ca.pem' };
    const text = textOf(
      edgeStack({
        routes: [
          route('/a', { upstreamTls: tls }),
          route('/b', { upstreamTls: { ...tls, name: 'b.internal' } }),
          route('/c', { upstreamTls: { ...tls } }),
          route('/d', { protocol: 'grpc', upstreamTls: tls }),
          route('/e'),
        ],
      }),
    );
    const target = (path: string) => new RegExp(`"\\^${path}[\\s\\S]+?_pass \\w+://([^;]+)`).exec(text)![1];
    expect(['/a', '/b', '/c', '/d', '/e'].map(target)).toEqual([
      'web-3000-tls1',
      'web-3000-tls2',
      'web-3000-tls1',
      'web-3000-grpc-tls1',
      'web-3000',
    ]);
  });

  test('#48 captures have unique names and are used in their own map alone', () => {
    const maps = [...everything.matchAll(/^map [^\n]+\{\n([\s\S]*?)^\}/gm)].map(([, body]) => body!);
    const names = maps.flatMap((body) => [...body.matchAll(/\(\?<(\w+)>/g)].map(([, name]) => name!));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      const uses = new RegExp(`\\$\\{?${name}\\b`, 'g');
      const own = maps.find((body) => body.includes(`(?<${name}>`))!;
      expect(everything.match(uses)?.length ?? 0).toBe(own.match(uses)?.length ?? 0);
    }
    expect(everything).not.toMatch(/^\s*volatile;/m);
  });
});

describe('the sample', () => {
  test('is one page without inline code, which the default policy for pages would refuse', () => {
    const files = new Map(renderSampleApp().map(({ path, content }) => [path, content]));
    expect([...files.keys()]).toEqual(['sample/index.html', 'sample/style.css']);
    expect(files.get('sample/index.html')).not.toMatch(/<script|<style|style=|onclick|https?:/);
  });
});

describe('static sites', () => {
  test('bring only the configuration that one of them is started with', () => {
    const paths = (...sites: boolean[]) =>
      renderFileServer(sites.map((singlePage) => staticWorkload({ folder: 'dist', singlePage }))).map(
        ({ path }) => path,
      );
    expect(paths()).toEqual([]);
    expect(paths(true)).toEqual(['file-server/single-page.conf']);
    expect(paths(true, false, true)).toEqual(['file-server/nginx.conf', 'file-server/single-page.conf']);
  });
});

describe('answers', () => {
  test.each([
    ['modern', '3.5', 'TLSv1.3', 'X25519MLKEM768:X25519:prime256v1:secp384r1'],
    ['intermediate', '3.0.19', 'TLSv1.2 TLSv1.3', 'X25519:prime256v1:secp384r1'],
  ] as const)('#6 #8 policy %s with OpenSSL %s', (policy, openssl, protocols, groups) => {
    const tls = filesOf(edgeStack({ tls: { mode: 'files', policy } }), { nginx: '1.30', openssl }).get(
      'nginx/conf.d/tls.conf',
    )!;
    expect(tls).toContain(`ssl_protocols ${protocols};`);
    expect(tls).toContain(`ssl_ecdh_curve ${groups};`);
    expect(tls.includes('ssl_ciphers')).toBe(policy === 'intermediate');
  });

  test('#12 HSTS: as answered in production, none in development', () => {
    const hsts = { maxAgeSeconds: 300, includeSubdomains: true, preload: true };
    expect(textOf(edgeStack({ hsts }))).toContain('"max-age=300; includeSubDomains; preload"');
    const development = textOf(edgeStack({ hsts }, { environment: 'development' }));
    expect(directives(development)).not.toMatch(/max-age=300|add_header Strict-Transport/);
  });

  test('#22 a policy of the user’s, and only reported', () => {
    const policy = "default-src 'self'; img-src *";
    const headers = filesOf(edgeStack({ contentSecurityPolicy: { policy, reportOnly: true } })).get(
      'nginx/conf.d/headers.conf',
    );
    expect(headers).toMatch(/^ +"~\^:" +"default-src 'self'; img-src \*";$/m);
    expect(headers).toContain('add_header Content-Security-Policy-Report-Only $edge_csp always;');
  });

  test('#22 where others may embed pages, X-Frame-Options does not contradict the policy', () => {
    const frames = (framing: 'DENY' | 'SAMEORIGIN' | 'allowed') =>
      directives(textOf(edgeStack({ contentSecurityPolicy: { framing } }))).match(
        /\$edge_x_frame_options \{[^}]*""\s+("?\w+"?);/,
      )?.[1];
    expect([frames('DENY'), frames('SAMEORIGIN'), frames('allowed')]).toEqual([
      '"DENY"',
      '"SAMEORIGIN"',
      undefined,
    ]);
  });

  test('#17 HTTP/3 only by answer: one reuseport a port, Alt-Svc on every answer, no quic_bpf', () => {
    expect(directives(everything)).not.toMatch(/quic|h3=/);
    for (const ipv6 of [false, true]) {
      const text = directives(
        textOf({ ...fullEdgeStack(), edge: { ...fullEdgeStack().edge, http3: true, ipv6 } }),
      );
      expect(text.match(/quic reuseport/g)).toHaveLength(ipv6 ? 2 : 1);
      expect(text.match(/listen 8443 quic/g)).toHaveLength(fullEdgeStack().domains.length + 1);
      expect(text).toContain(`add_header Alt-Svc 'h3=":8443"; ma=86400' always;`);
      expect(text).not.toContain('quic_bpf');
    }
  });

  test('#33 a route’s own time-out stands in place of its protocol’s', () => {
    const waits = (extra: Parameters<typeof route>[1]) =>
      [
        ...textOf(edgeStack({ routes: [route('/', extra)] })).matchAll(
          / {8}(?:proxy|grpc)_read_timeout (\w+);/g,
        ),
      ].map(([, wait]) => wait);
    expect(waits({})).toEqual([]);
    expect(waits({ timeoutSeconds: 120 })).toEqual(['120s']);
    expect(waits({ protocol: 'ws' })).toEqual(['1h']);
    expect(waits({ protocol: 'grpc', timeoutSeconds: 5 })).toEqual(['5s']);
  });

  test('no two sites share a file, whatever they are called', () => {
    const domains = ['*.a.test', 'wildcard.a.test', 'default', '2001:db8::7'];
    const paths = renderNginx(edgeStack({}, { domains })).map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test('#16 redirects carry a port that is not 443, and the configured name', () => {
    const files = filesOf(fullEdgeStack());
    expect(files.get('nginx/sites/app.example.test.conf')).toContain(
      'return 308 https://app.example.test:8443$request_uri;',
    );
    expect(files.get('nginx/sites/2001-db8--7.conf')).toContain('return 308 https://[2001:db8::7]:8443');
    expect(textOf(edgeStack())).toContain('return 308 https://app.example.test$request_uri;');
  });

  test.each(['dev-ca', 'acme', 'files'] as const)(
    '#5 %s: nginx reads one place, where a certificate always lies',
    (mode) => {
      const text = textOf(edgeStack({ tls: { mode, policy: 'intermediate' } }));
      expect(text.match(/ssl_certificate(?:_key)? .*/g)).toEqual([
        'ssl_certificate     /etc/secure-stack/certs/fullchain.pem;',
        'ssl_certificate_key /etc/secure-stack/certs/privkey.pem;',
      ]);
      expect(text).not.toMatch(/load_module|acme_/);
    },
  );

  test.each([
    ['dev-ca', []],
    ['acme', ['root /etc/secure-stack/challenge;']],
    ['files', ['root /etc/secure-stack/nginx/webroot;']],
  ] as const)('#5 %s: where answers to HTTP-01 come from', (mode, expected) => {
    const text = textOf(edgeStack({ tls: { mode, policy: 'intermediate' } }));
    expect(text.match(/root .*;/g) ?? []).toEqual(expected);
  });

  test('the longest path comes first, hosts are kept apart, and what has no route is 404', () => {
    const stack = edgeStack(
      {
        routes: [
          route('/', { host: 'a.test', app: 'a' }),
          route('/x'),
          route('/x/y', { app: 'xy' }),
          route('/x', { host: 'b.test', app: 'b' }),
        ],
      },
      { domains: ['a.test', 'b.test'] },
    );
    const passes = (path: string) =>
      [
        ...filesOf(stack)
          .get(path)!
          .matchAll(/proxy_pass http:\/\/(\w+)/g),
      ].map(([, app]) => app);
    expect(passes('nginx/sites/a.test.conf')).toEqual(['xy', 'web', 'a']);
    expect(passes('nginx/sites/b.test.conf')).toEqual(['xy', 'b']);
    expect(filesOf(stack).get('nginx/sites/b.test.conf')).toMatch(/location \/ \{\s+try_files \/- =404;/);
  });

  test('#14 a wildcard stands for one level of names, as its certificate does', () => {
    const site = filesOf(fullEdgeStack()).get('nginx/sites/_.example.test.conf')!;
    const names = [...site.matchAll(/server_name "~(.+)";/g)].map(([, name]) => new RegExp(name!));
    expect(names).toHaveLength(2);
    for (const name of names) {
      for (const host of ['a.example.test', 'x_1-y.example.test']) expect(host).toMatch(name);
      for (const host of [
        'b.a.example.test',
        'example.test',
        '.example.test',
        'aXexample.test',
        'a.example.test.b',
      ])
        expect(host).not.toMatch(name);
    }
  });

  test('#38 bodies are streamed where one client could fill the room for them, by the route’s limit or the general one', () => {
    const streamed = (general: string, connections: number, ...routes: Parameters<typeof route>[1][]) => {
      const limits = { ...edgeStack().edge.limits, maxBody: general, connections };
      return routes.map((extra) =>
        /(?:proxy|grpc)_request_buffering off/.test(
          textOf(edgeStack({ limits, routes: [route('/', extra)] })),
        ),
      );
    };
    const cases = [{}, { maxBody: '512k' }, { maxBody: '2m' }, { protocol: 'grpc', maxBody: '2m' }] as const;
    expect(streamed('1m', 100, ...cases)).toEqual([false, false, true, false]);
    expect(streamed('200m', 100, ...cases)).toEqual([true, false, true, false]);
    expect(streamed('1m', 200, ...cases)).toEqual([true, false, true, false]);
    expect(streamed('1m', 300, ...cases)).toEqual([true, true, true, false]);
  });

  test('#41 /metrics and /ready are refused behind the routes, so that one which names them is met first', () => {
    const stack = edgeStack(
      { routes: [route('/'), route('/metrics', { host: 'a.test' }), route('/ready/deep')] },
      { domains: ['a.test', 'b.test'] },
    );
    const order = (domain: string) =>
      [
        ...filesOf(stack)
          .get(`nginx/sites/${domain}.conf`)!
          .matchAll(/location ~\*? "\^(\/[^"(]+)/g),
      ].map(([, path]) => path);
    expect(order('a.test')).toEqual(['/ready/deep', '/metrics', '/\\s*metrics', '/\\s*ready']);
    expect(order('b.test')).toEqual(['/ready/deep', '/\\s*metrics', '/\\s*ready']);
  });

  test('rates that are not whole per second are counted per minute', () => {
    expect([rate(20), rate(100 / 60), rate(0.001)]).toEqual(['20r/s', '100r/m', '1r/m']);
  });

  test('CIDR blocks lose the bits behind the prefix, which nginx only warns about', () => {
    expect(['10.1.2.3/8', '192.0.2.7', '2001:DB8::1/32', '0.0.0.0/0', '::/0'].map(canonicalCidr)).toEqual([
      '10.0.0.0/8',
      '192.0.2.7',
      '2001:db8::/32',
      '0.0.0.0/0',
      '::/0',
    ]);
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, prefix) => {
        const once = canonicalCidr(`${address}/${prefix}`);
        expect(canonicalCidr(once)).toBe(once);
      }),
    );
  });
});
