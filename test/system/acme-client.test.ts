import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { renderAcmeClient } from '../../src/render/acme/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'acme-client-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const script = renderAcmeClient()[0]!.content;
const explain = /^explain\(\) \{\n.*?^\}\n/ms.exec(script)![0];

/** What the client makes of lego's output. */
function explained(log: string): string {
  const path = join(dir, 'lego.log');
  writeFileSync(path, log);
  const { stdout, stderr } = spawnSync(
    'dash',
    [
      '-c',
      `set -uf\nlego_log=$1\nLEGO_SERVER=https://ca.example.test/dir\n${explain}\nexplain`,
      'client',
      path,
    ],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return stdout.trimEnd();
}

/** As lego ends after the authority has answered with a problem (RFC 8555, 6.7). */
const problem = (status: number, type: string, detail: string): string =>
  [
    '2026/11/26 10:00:00 [INFO] [shop.example.test] acme: Obtaining bundled SAN certificate',
    `2026/11/26 10:00:01 Could not obtain certificates:`,
    `\tacme: error: ${status} :: POST :: https://ca.example.test/new-order :: urn:ietf:params:acme:error:${type} :: ${detail}`,
    '',
  ].join('\n');

describe('the ACME client says what to do about', () => {
  test.each([
    [
      'a rate limit',
      problem(429, 'rateLimited', 'too many certificates already issued'),
      /rate limit.*staging/,
    ],
    [
      'a CAA record',
      problem(403, 'caa', 'CAA record for shop.example.test prevents issuance'),
      /CAA record.*change/,
    ],
    [
      'a name the authority refuses',
      problem(400, 'rejectedIdentifier', 'forbidden by policy'),
      /look at domains/,
    ],
    ['a name that does not exist', problem(400, 'dns', 'NXDOMAIN looking up A'), /A or AAAA record/],
    ['a closed port', problem(400, 'connection', 'Timeout during connect'), /port 80.*firewalls/],
    ['another server', problem(403, 'unauthorized', 'Invalid response from http://…: 404'), /another server/],
    ['an account made elsewhere', problem(400, 'externalAccountRequired', 'EAB needed'), /not supported/],
    [
      'a DNS provider',
      '[shop] acme: error presenting token: cloudflare: invalid token\n',
      /the DNS record could not be made: .*cloudflare: invalid token/,
    ],
    [
      'a dead authority',
      'Get "https://ca.example.test/dir": dial tcp: connection refused\n',
      /ca\.example\.test\/dir cannot be reached/,
    ],
    [
      'an authority nobody trusts',
      'Get "https://ca": tls: x509: certificate signed by unknown\n',
      /not trusted/,
    ],
    ['anything else, in its words', 'first line\nsomething new\n\n', /^something new$/],
  ])('%s', (_, log, wanted) => {
    const said = explained(log);
    expect(said).toMatch(wanted);
    expect(said.split('\n')).toHaveLength(1);
  });

  test('nothing of the output is run, and it stays one short line', () => {
    const said = explained(`$(touch ${dir}/pwned) \`id\` %s ${'x'.repeat(1000)}\n`);
    expect(existsSync(join(dir, 'pwned'))).toBe(false);
    expect(said).toContain('$(touch');
    expect(said.length).toBeLessThanOrEqual(300);
  });
});
