import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderNginx } from '../../src/render/nginx/index.ts';
import { edgeStack, route } from '../fixtures/edge.ts';
import { temporaryFolder } from '../program.ts';

/** What the host looks like to the script: an engine, its own addresses, and whom the edge takes for the client. */
interface World {
  running?: boolean;
  inside?: number;
  gateways?: string;
  ipv4?: string;
  ipv6?: string;
  /** `client_ip` of the log for a request over each family; absent: the request does not arrive. */
  seen?: { IPv4?: string; IPv6?: string };
  /** More lines of the log. */
  log?: string[];
  /** A line of the error log. */
  error?: string;
  /** `query` of the request that carries a token. */
  query?: string;
}

const entry = (path: string, client: string, query = '') =>
  `{"timestamp":"2026-11-26T12:00:00+00:00","request_id":"id-1","method":"GET","path":"${path}",${query && `"query":"${query}",`}"status":404,"duration_ms":1,"client_ip":"${client}","user_agent":""}`;

/** Runs nginx/verify.sh with programs of its own in place of docker, curl and ip. */
function verify(world: World, edge: Parameters<typeof edgeStack>[0] = {}) {
  const { running = true, inside = 0, gateways = '172.20.0.1 ', ipv4 = '198.51.100.7', seen = {} } = world;
  const folder = temporaryFolder();
  const program = (name: string, lines: string[]) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
  const log = join(folder, 'log');
  writeFileSync(log, (world.log ?? []).map((line) => `${line}\n`).join(''));
  const appended = entry('/.verify-log-MARK', '127.0.0.xxx', world.query ?? '[redacted]');
  program('docker', [
    'case $1 in',
    `ps) ${running ? 'echo 0123456789ab' : ':'} ;;`,
    `exec) echo 'ok    #2 inside'; printf '%s\\n' '${appended}' | sed "s/MARK/$5/" >>'${log}'; exit ${inside} ;;`,
    `logs) cat '${log}'; echo '${world.error ?? 'edge: the certificate files have changed'}' >&2 ;;`,
    `inspect) echo '${gateways}' ;;`,
    'esac',
  ]);
  const arrival = (family: 'IPv4' | 'IPv6') =>
    seen[family] === undefined
      ? ':'
      : `printf '%s\\n' '${entry('PATH', seen[family])}' | sed "s|PATH|$path|" >>'${log}'`;
  program('curl', [
    'for last; do :; done',
    'path=/$(echo "$last" | cut -d/ -f4)',
    `case $path in *IPv4) ${arrival('IPv4')} ;; *IPv6) ${arrival('IPv6')} ;; esac`,
  ]);
  program('ip', [
    `case $3 in *:*) echo '${world.ipv6 === undefined ? '' : `x from :: src ${world.ipv6} metric 1`}' ;; *) echo '${ipv4 && `x dev eth0 src ${ipv4} uid 0`}' ;; esac`,
  ]);
  const script = renderNginx(edgeStack(edge)).find(({ path }) => path === 'nginx/verify.sh')!.content;
  const { status, stdout, stderr } = spawnSync('sh', ['-s'], {
    input: script,
    encoding: 'utf8',
    env: { PATH: `${folder}:${process.env['PATH']}` },
  });
  return { status, stderr, lines: stdout.trim().split('\n') };
}

const own = { IPv4: '198.51.100.xxx' };
const listed = { routes: [route('/'), route('/admin', { allow: ['198.51.100.0/24'] })] };

describe('#50 nginx/verify.sh on the host', () => {
  test('all well', () => {
    expect(verify({ seen: own }, listed)).toEqual({
      status: 0,
      stderr: '',
      lines: [
        'ok    #2 inside',
        'ok    #43 secrets of queries are redacted',
        'ok    #43 #44 each line of the log has its form and no whole address',
        'ok    #44 no request in the error log',
        'ok    #42 clients over IPv4 have their own address',
        'note  #42 not tried over IPv6, of which there is no address',
        'The edge of demo holds.',
      ],
    });
  });

  test('no edge: exit code 2, and what to do', () => {
    const { status, stderr } = verify({ running: false });
    expect([status, stderr]).toEqual([2, 'the edge of demo does not run: start the stack first\n']);
  });

  test('a failure inside fails the whole', () => {
    expect(verify({ seen: own, inside: 1 })).toMatchObject({ status: 1 });
  });

  test.each([
    ['a secret', { query: 'access_token=SECRETx' }, /FAIL {2}#43 a secret of a query is in the log/],
    ['another form', { log: ['{"client":"1"}'] }, /FAIL {2}#43 #44 1 lines/],
    [
      'a request in the error log',
      { error: '[error] 8#8: *1 access forbidden by rule, client: 203.0.113.7, request: "GET / HTTP/1.1"' },
      /FAIL {2}#44 the error log tells/,
    ],
    ['a whole address', { log: [entry('/', '203.0.113.7')] }, /FAIL {2}#43 #44 1 lines/],
  ])('%s in the log is found', (_what, world, message) => {
    const { status, lines } = verify({ seen: own, ...world });
    expect([status, lines.filter((line) => line.startsWith('FAIL'))]).toEqual([
      1,
      [expect.stringMatching(message)],
    ]);
  });

  test('entries with hostile bytes in them have the right form', () => {
    const hostile = entry('/a\\"b\\\\', '2001:db8::xxx').replace(
      '"user_agent":""',
      '"user_agent":"\\"}{\\\\x\\""',
    );
    expect(verify({ seen: own, log: [hostile, entry('/', '::xxx', 'a=b')] }).status).toBe(0);
  });

  describe('#42 clients that all have the address of Docker’s gateway', () => {
    const relayed = { seen: { IPv4: '172.20.0.xxx' } };

    test('void an allow-list: failure', () => {
      const { status, lines } = verify(relayed, listed);
      expect(status).toBe(1);
      expect(lines).toContainEqual(
        'FAIL  #42 clients over IPv4 have the address of the gateway of Docker (172.20.0.1): allow-lists and limits take all of them for one',
      );
    });

    test('without any list: a warning', () => {
      const { status, lines } = verify(relayed);
      expect(status).toBe(0);
      expect(lines).toContainEqual(expect.stringMatching(/^note {2}#42 clients over IPv4 .*limits take all/));
    });

    test.each([
      ['172.20.0.1 ', '172.20.0.xxx'],
      ['10.9.0.1  172.20.0.1 fd12:3456:789a::1 ', 'fd12:3456:789a::xxx'],
      ['172.20.0.1 fd12::1 ', 'fd12::xxx'],
    ])('over IPv6, gateways %s, seen as %s', (gateways, IPv6) => {
      const { status, lines } = verify({ gateways, ipv6: '2001:db8::7', seen: { ...own, IPv6 } }, listed);
      expect(status).toBe(1);
      expect(lines.filter((line) => line.includes('IPv4'))).toEqual([
        'ok    #42 clients over IPv4 have their own address',
      ]);
      expect(lines).toContainEqual(expect.stringMatching(/^FAIL {2}#42 clients over IPv6/));
    });

    test('a port that does not lead here is a failure, over IPv6 only a note', () => {
      const { status, lines } = verify({ ipv6: '2001:db8::7' });
      expect(status).toBe(1);
      expect(lines).toContainEqual('FAIL  #42 port 443 of 198.51.100.7 does not lead to this edge');
      expect(lines).toContainEqual('note  #42 no answer at 2001:db8::7, IPv6');
    });

    test('an edge for this host alone is not tried', () => {
      const { status, lines } = verify({}, { bind: '127.0.0.1' });
      expect(status).toBe(0);
      expect(lines).toContainEqual(expect.stringMatching(/^note {2}#42 published on this host alone/));
    });
  });
});

test('#50 both scripts are sound for shellcheck, which finds a seeded fault', () => {
  const shellcheck = (input: string) =>
    spawnSync('shellcheck', ['-s', 'sh', '-S', 'style', '-'], { input, encoding: 'utf8' });
  const stacks = [
    edgeStack({ http3: true, bind: '203.0.113.5', tls: { mode: 'files', policy: 'modern' } }),
    edgeStack({ ...listed, bind: '127.0.0.1' }, { domains: ['192.0.2.7', '*.example.test'] }),
  ];
  for (const file of stacks
    .flatMap((stack) => renderNginx(stack))
    .filter(({ path }) => path.includes('verify'))) {
    const { status, stdout } = shellcheck(file.content);
    expect({ path: file.path, status, stdout }).toEqual({ path: file.path, status: 0, stdout: '' });
    expect(shellcheck(`${file.content}\nrm $1/*\n`).status).not.toBe(0);
  }
});
