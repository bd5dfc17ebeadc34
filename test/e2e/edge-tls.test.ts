import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileServerConf } from '../../src/catalog/static.ts';
import { tlsPolicies } from '../../src/policy/tls.ts';
import { renderNginx } from '../../src/render/nginx/index.ts';
import { edgeStack, fullEdgeStack, route } from '../fixtures/edge.ts';
import { requireDocker } from './docker.ts';
import { call } from './edge/client.ts';
import { type EdgeContainer, EdgeLab, siteFiles } from './edge/lab.ts';
import { labStack } from './edge/stacks.ts';

describe.runIf(requireDocker())('TLS of the edge', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;
  let modern: EdgeContainer;
  let addressed: EdgeContainer;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    edge = await lab.startEdge(labStack());
    modern = await lab.startEdge(labStack({ tls: { mode: 'files', policy: 'modern' } }));
    addressed = await lab.startEdge(
      edgeStack(
        { publicPorts: { http: 8080, https: 8443 } },
        { domains: ['192.0.2.7', '2001:db8::7', 'a.example.test', '*.wild.example.test'] },
      ),
    );
  });
  afterAll(() => lab?.close());

  test.each([
    [
      'the full stack, without optional files of the user',
      fullEdgeStack().edge.routes.filter((r) => !r.upstreamTls),
    ],
    ['no route', []],
    ['a name of 200 characters', [route('/')]],
  ])('#4 the configuration is sound without network and without a warning: %s', async (what, routes) => {
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example.test`;
    const domains = what.includes('200') ? [long] : fullEdgeStack().domains;
    const stack = { ...fullEdgeStack(), domains, edge: { ...fullEdgeStack().edge, routes } };
    const output = await lab.configurationTest(renderNginx(stack), '/etc/secure-stack/nginx/nginx.conf');
    expect(output).toContain('test is successful');
    expect(output).not.toMatch(/\[(?:warn|error|alert|emerg)\]/);
  });

  test('#4 also with IPv6 inside the container', async () => {
    const files = renderNginx(edgeStack({ ipv6: true }, { domains: ['2001:db8::7', 'a.example.test'] }));
    const output = await lab.configurationTest(files, '/etc/secure-stack/nginx/nginx.conf');
    expect(output).toMatch(/^[^[]*test is successful\s*$/);
  });

  test.each([true, false])('#4 so is a static site’s, single page: %s', async (singlePage) => {
    const { target } = fileServerConf(singlePage);
    const output = await lab.configurationTest(siteFiles(singlePage), target);
    expect(output).toMatch(/^[^[]*test is successful\s*$/);
  });

  test('#4 #17 and with HTTP/3', async () => {
    const stack = { ...fullEdgeStack(), edge: { ...labStack().edge, http3: true, ipv6: true } };
    const output = await lab.configurationTest(
      renderNginx({ ...stack, domains: labStack().domains }),
      '/etc/secure-stack/nginx/nginx.conf',
    );
    expect(output).toMatch(/^[^[]*test is successful\s*$/);
  });

  // The wildcard stands for one level, as in its certificate.
  const unknown = ['', 'unknown.test', 'y.x.wild.example.test', 'wild.example.test'];
  const names = [...unknown, 'a.example.test', 'b.example.test'];
  const expected = (sni: string, host: string) => {
    if (unknown.includes(sni)) return 'refused';
    return sni === host ? 200 : 421;
  };
  const matrix = names.flatMap((sni) =>
    ['a.example.test', 'b.example.test', 'unknown.test', 'y.x.wild.example.test', 'A.Example.TEST:8443'].map(
      (host) => [sni, host, expected(sni, host.toLowerCase().replace(':8443', ''))] as const,
    ),
  );
  test.each(matrix)('#14 #15 handshake for "%s", Host %s: %s', async (sni, host, answer) => {
    const result = await call(edge, '/', { sni, host }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) =>
        /unrecognized name|handshake failure/i.test(error.message) ? 'refused' : error,
    );
    expect(result).toBe(answer);
  });

  test.each([
    ['upper case in the handshake', { sni: 'A.EXAMPLE.TEST', host: 'a.example.test' }, 200],
    ['a trailing dot in Host', { sni: 'a.example.test', host: 'a.example.test.' }, 200],
    ['a name under the wildcard', { sni: 'x.wild.example.test', host: 'x.wild.example.test' }, 200],
    ['a deeper name in Host alone', { sni: 'x.wild.example.test', host: 'y.x.wild.example.test' }, 421],
    ['the wildcard itself', { sni: 'x.wild.example.test', host: 'wild.example.test' }, 421],
    ['two names under the wildcard', { sni: 'x.wild.example.test', host: 'y.wild.example.test' }, 421],
    ['localhost', { host: 'localhost' }, 200],
  ])('#15 %s', async (_what, options, status) => {
    expect((await call(edge, '/', options)).status).toBe(status);
  });

  test.each([
    ['an address, dialled without a name', { sni: '', host: '192.0.2.7' }, 200],
    ['an IPv6 address', { sni: '', host: '[2001:db8::7]:8443' }, 200],
    ['an address with a port', { sni: '', host: '192.0.2.7:8443' }, 200],
    ['a domain without a name in the handshake', { sni: '', host: 'a.example.test' }, 421],
    ['the address on the domain', { sni: 'a.example.test', host: '192.0.2.7' }, 421],
    ['a name under a wildcard', { host: 'x.wild.example.test' }, 200],
    ['another address', { sni: '', host: '192.0.2.8' }, 421],
  ])('#14 addresses: %s', async (_what, options, status) => {
    expect((await call(addressed, '/', options)).status).toBe(status);
  });

  test.each(['unknown.test', 'y.x.wild.example.test'])(
    '#14 addresses: the unknown name %s is still refused in the handshake',
    async (sni) => {
      for (const host of ['192.0.2.7', sni])
        await expect(call(addressed, '/', { sni, host })).rejects.toThrow(
          /unrecognized name|handshake failure/i,
        );
    },
  );

  test.each([
    ['intermediate', () => edge],
    ['modern', () => modern],
  ] as const)('#6 #7 the scanner sees exactly the policy %s', async (policy, container) => {
    const target = `${container().address}:8443`;
    const scan = await lab.tlsTool([
      'sslscan',
      '--no-colour',
      '--sni-name=a.example.test',
      '--xml=-',
      target,
    ]);
    const enabled = [...scan.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)];
    expect(enabled.map(([, type, version]) => `${type} ${version}`.replace('tls ', 'TLSv'))).toEqual(
      tlsPolicies[policy].protocols,
    );
    const suites = [...scan.matchAll(/<cipher [^>]*sslversion="TLSv1\.2"[^>]*cipher="([\w-]+)"/g)];
    const ecdsa = tlsPolicies[policy].ciphers.filter((name) => name.includes('ECDSA'));
    expect(suites.map(([, name]) => name).sort()).toEqual([...ecdsa].sort());
    expect(scan).toContain('<heartbleed sslversion="TLSv1.3" vulnerable="0"');
  });

  const handshake = (container: EdgeContainer, ...options: string[]) =>
    lab.tlsTool([
      'openssl',
      's_client',
      '-connect',
      `${container.address}:8443`,
      '-servername',
      'a.example.test',
      ...options,
    ]);

  test('#6 TLS 1.1 is refused even by a client that insists, and modern refuses TLS 1.2', async () => {
    expect(await handshake(edge, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')).toMatch(/protocol version|alert/i);
    expect(await handshake(edge, '-tls1_2')).toMatch(/Protocol *: TLSv1\.2/);
    expect(await handshake(modern, '-tls1_2')).toMatch(/protocol version/i);
    expect(await handshake(modern, '-tls1_3')).toMatch(/New, TLSv1\.3/);
  });

  test('#8 the post-quantum hybrid is negotiated', async () => {
    expect(await handshake(edge, '-groups', 'X25519MLKEM768')).toMatch(
      /Negotiated TLS1\.3 group: X25519MLKEM768/,
    );
  });

  test('#11 no tickets, no early data', async () => {
    const output = await handshake(edge, '-tls1_2');
    expect(output).not.toMatch(/TLS session ticket:/);
    expect(await handshake(edge, '-tls1_3')).toMatch(/Max Early Data: 0|Early data was not sent/);
  });

  test('#10 no OCSP response is stapled, and none is asked for', async () => {
    expect(await handshake(edge, '-status')).toMatch(/OCSP responses?: no responses? sent/);
    expect(await edge.errorLog()).not.toMatch(/stapling|OCSP/i);
  });

  test('#17 HTTP/2 is offered', async () => {
    expect(await handshake(edge, '-alpn', 'h2,http/1.1')).toContain('ALPN protocol: h2');
  });
});
