import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** The client on folders of its own, with a lego that notes how it is called and hangs, or makes a pair. */
class Client {
  readonly root = mkdtempSync(join(dir, 'run-'));
  readonly #path = join(this.root, 'client.sh');
  readonly #environment: NodeJS.ProcessEnv;

  constructor(lego: string) {
    for (const folder of ['acme', 'certs', 'challenge', 'tmp']) mkdirSync(join(this.root, folder));
    writeFileSync(
      join(this.root, 'lego'),
      `#!/bin/sh\nfor last; do case $last in run | renew) echo "$last" ;; esac; done >>${this.root}/calls\n${lego}\n`,
      { mode: 0o755 },
    );
    const placed = script
      .replaceAll('/tmp/', `${this.root}/tmp/`)
      .replaceAll('/var/lib/', `${this.root}/`)
      // `timeout` makes a process group of its own, which would outlive this one.
      .replace('timeout 900 /lego', `${this.root}/lego`)
      .replace('sleep 5', 'sleep 0.1');
    writeFileSync(this.#path, placed);
    this.#environment = {
      PATH: process.env['PATH'],
      LEGO_SERVER: 'https://ca.example.test/dir',
      LEGO_PATH: `${this.root}/acme/ca`,
      ACME_DOMAINS: 'shop.example.test',
      ACME_CERTIFICATE: 'shop.example.test',
    };
  }

  /** Starts it, waits until it has come to `reached`, and kills it with all it has started. */
  async start(reached: () => boolean | Promise<boolean>, more: NodeJS.ProcessEnv = {}): Promise<string> {
    const child = spawn('dash', [this.#path], {
      env: { ...this.#environment, ...more },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = once(child, 'close');
    try {
      const until = Date.now() + 10_000;
      while (!(await reached()))
        if (Date.now() > until) throw new Error(`not reached: ${said}`);
        else await sleep(20);
    } finally {
      process.kill(-child.pid!, 'SIGKILL');
      await ended;
    }
    return said;
  }

  read(path: string): string {
    return existsSync(join(this.root, path)) ? readFileSync(join(this.root, path), 'utf8') : '';
  }

  get calls(): string[] {
    return this.read('calls').split('\n').filter(Boolean);
  }
}

/** Time for a client that will do nothing to have done it. */
const quiet = async (): Promise<true> => {
  await sleep(500);
  return true;
};

const makesPair = [
  'mkdir -p "$LEGO_PATH/certificates" "$LEGO_PATH/accounts"',
  'echo account >"$LEGO_PATH/accounts/account.json"; echo key >"$LEGO_PATH/accounts/account.key"',
  'echo certificate >"$LEGO_PATH/certificates/$ACME_CERTIFICATE.crt"',
  'echo key >"$LEGO_PATH/certificates/$ACME_CERTIFICATE.key"',
].join('\n');

describe('an ACME client that is killed in the middle of an attempt', () => {
  test('asks no sooner again than after a failure, however often it is started', async () => {
    const client = new Client('sleep 60');
    await client.start(() => client.calls.length === 1);
    const said = [];
    for (let i = 0; i < 4; i++) said.push(await client.start(quiet));
    expect(client.calls).toEqual(['run']);
    expect(said[0]).toMatch(/ended in the middle of an attempt; next attempt in (?:600|59\d) seconds/);
    expect(client.read('acme/status')).toMatch(/^result=failed\n.*^delay=1200\n/ms);
  });

  test('each such end makes the wait longer, up to the longest', async () => {
    const client = new Client('sleep 60');
    const waits = { ACME_RETRY_SECONDS: '1', ACME_RETRY_MOST_SECONDS: '2' };
    for (let calls = 1; calls <= 3; calls++) {
      await client.start(() => client.calls.length === calls, waits);
      await client.start(quiet, waits);
    }
    expect(client.read('acme/status')).toMatch(/^delay=2$/m);
  });

  test('asks at once when something else is wanted, or the user says so', async () => {
    const client = new Client('sleep 60');
    await client.start(() => client.calls.length === 1);
    await client.start(() => client.calls.length === 2, { ACME_DOMAINS: 'other.example.test' });
    writeFileSync(join(client.root, 'acme/request'), 'due 1\n');
    await client.start(() => client.calls.length === 3, { ACME_DOMAINS: 'other.example.test' });
  });

  test('a renewal stays one: the pair that is served is whole', async () => {
    const client = new Client(`[ -e ${dir}/hang ] && sleep 60\n${makesPair}`);
    const now = { ACME_RETRY_SECONDS: '0' };
    await client.start(() => client.read('acme/status').includes('result=issued'), now);
    expect([client.calls, client.read('certs/fullchain.pem')]).toEqual([['run'], 'certificate\n']);
    writeFileSync(join(dir, 'hang'), '');
    await client.start(() => client.calls.length === 2, now);
    await client.start(() => client.calls.length === 3, now);
    expect(client.calls).toEqual(['run', 'renew', 'renew']);
    // Half of the next one: a certificate without its key.
    writeFileSync(join(client.root, 'acme/ca/certificates/shop.example.test.crt'), 'half\n');
    await client.start(() => client.calls.length === 4, now);
    expect([client.calls.at(-1), client.read('certs/fullchain.pem')]).toEqual(['run', 'certificate\n']);
  });
});
