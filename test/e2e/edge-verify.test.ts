import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GeneratedFile } from '../../src/fileset.ts';
import { requireDocker } from './docker.ts';
import { EdgeLab } from './edge/lab.ts';
import { labStack } from './edge/stacks.ts';

type Change = (path: string, content: string) => string;

/** Stand-ins may be older than what the stack demands; the self-test itself is under test here. */
const anyVersion: Change = (path, content) =>
  path.endsWith('verify-inside.sh') ? content.replace(/^minimum=.*$/m, 'minimum=1.0.0') : content;

const changed =
  (...changes: Change[]) =>
  (files: GeneratedFile[]): GeneratedFile[] =>
    files.map((file) => ({
      ...file,
      content: changes.reduce((content, change) => change(file.path, content), file.content),
    }));

/** Replaces a text that has to be there, in one file. */
const edit =
  (file: string, from: string | RegExp, to: string): Change =>
  (path, content) => {
    if (path !== `nginx/${file}`) return content;
    const after = content.replace(from, to);
    if (after === content) throw new Error(`${file} has no ${from}`);
    return after;
  };

describe.runIf(requireDocker())('#50 the self-test of the edge', () => {
  let lab: EdgeLab;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
  });
  afterAll(() => lab?.close());

  const failures = async (...changes: Change[]): Promise<string[]> => {
    const edge = await lab.startEdge(labStack({ http3: true }), changed(anyVersion, ...changes));
    const { code, lines } = await lab.selfTest(edge);
    const failed = lines.filter((line) => line.startsWith('FAIL'));
    expect(code).toBe(failed.length > 0 ? 1 : 0);
    expect(lines.length).toBeGreaterThan(50);
    return failed;
  };

  test('finds nothing on what was generated, and says what it tried', async () => {
    const edge = await lab.startEdge(labStack({ http3: true }), changed(anyVersion));
    const { code, lines } = await lab.selfTest(edge);
    expect({ code, failed: lines.filter((line) => !line.startsWith('ok ')) }).toEqual({
      code: 0,
      failed: [],
    });
    const points = new Set(lines.flatMap((line) => line.match(/#\d+/g) ?? []));
    expect(points.size).toBeGreaterThanOrEqual(18);
  });

  test('with addresses, and TLS 1.3 alone, too', async () => {
    const stack = labStack({ tls: { mode: 'files', policy: 'modern' } });
    const edge = await lab.startEdge(
      { ...stack, domains: [...stack.domains, '192.0.2.7'] },
      changed(anyVersion),
    );
    const { lines } = await lab.selfTest(edge);
    // The lab's certificate has no address in it.
    expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([
      'FAIL  #5 the certificate is not for 192.0.2.7',
    ]);
  });

  test('#1 an nginx older than the oldest sound one is refused', async () => {
    const failed = await failures((path, content) =>
      path.endsWith('verify-inside.sh') ? content.replace(/^minimum=.*$/m, 'minimum=99.0.0') : content,
    );
    expect(failed).toEqual([expect.stringMatching(/^FAIL {2}#1 nginx 1\.\d+\.\d+ has published holes/)]);
  });

  test.each<[what: string, points: string[], ...changes: Change[]]>([
    [
      'TLS 1.1 and old suites',
      ['#6', '#7'],
      edit('conf.d/tls.conf', /ssl_protocols .*;/, 'ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;'),
      edit('conf.d/tls.conf', /ssl_ciphers .*;/, 'ssl_ciphers ALL:@SECLEVEL=0;'),
    ],
    [
      'no post-quantum group, and tickets',
      ['#8', '#11'],
      edit('conf.d/tls.conf', 'X25519MLKEM768:', ''),
      edit('conf.d/tls.conf', 'ssl_session_tickets off', 'ssl_session_tickets on'),
    ],
    [
      'a content for unknown hosts',
      ['#14', '#20'],
      edit('sites/_default.conf', /return 421;/, 'return 200;'),
    ],
    [
      'unknown names accepted',
      ['#14'],
      edit('sites/_default.conf', 'ssl_reject_handshake on', 'ssl_reject_handshake off'),
    ],
    ['any host on any connection', ['#15', '#14'], edit('conf.d/tls.conf', 'default 1;', 'default 0;')],
    [
      'a redirect to whatever Host says',
      ['#16', '#14'],
      edit('sites/_default.conf', 'return 444;', 'return 308 https://$host$request_uri;'),
    ],
    ['a version in headers', ['#19'], edit('nginx.conf', 'server_tokens off', 'server_tokens on')],
    [
      'headers that get lost',
      ['#20', '#12', '#22'],
      edit('conf.d/headers.conf', 'add_header_inherit merge;', ''),
    ],
    ['a short HSTS', ['#12'], edit('conf.d/headers.conf', 'max-age=63072000', 'max-age=1')],
    [
      'no limit for bodies',
      ['#38'],
      edit('conf.d/limits.conf', /client_max_body_size .*;/, 'client_max_body_size 0;'),
    ],
    ['no limit for headers', ['#37'], edit('conf.d/limits.conf', 'max_headers 100', 'max_headers 1000')],
    [
      'an allow-list by its exact prefix',
      ['#39'],
      edit('sites/a.example.test.conf', 'location ~* "^/\\s*admin(?![a-z0-9_-])"', 'location /admin'),
    ],
    [
      'a dashboard without its login',
      ['#40'],
      edit('sites/a.example.test.conf', /auth_basic "Restricted";/, 'auth_basic off;'),
    ],
    ['compressed pages', ['#49'], edit('conf.d/compression.conf', 'gzip off', 'gzip on')],
    ['hidden files', ['#41', '#15'], edit('snippets/guard.conf', /location ~ "\/\\\..*\n/, '')],
    ['another number of workers', ['#2'], edit('nginx.conf', 'worker_processes 2', 'worker_processes 3')],
  ])('finds %s (%j)', async (_what, points, ...changes) => {
    const found = new Set((await failures(...changes)).flatMap((line) => line.match(/#\d+/g) ?? []));
    expect(found).toContain(points[0]);
    for (const point of found) expect(['#4', ...points]).toContain(point);
  });
});
