import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { fingerprint, PROGRAM, temporaryFolder } from '../program.ts';

const cwd = temporaryFolder();
let port: number;

/** Not `program`, which would keep a server of this process from answering. */
function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const file = (path: string) => readFileSync(join(cwd, path), 'utf8');
const certificate = (path: string) => new X509Certificate(file(path));

async function newStack(name: string, ...flags: readonly string[]): Promise<void> {
  const ports = ['--set', `edge.ports.https=${port}`, '--set', 'edge.ports.http=9080'];
  const { code, stderr } = await run([
    name,
    '--yes',
    ...(flags.includes('--domain') ? [] : ['--domain', 'shop.test']),
    '--preset',
    'empty',
    ...ports,
    ...flags,
  ]);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
}

/** Answers at the stack's port with the pair that lies there at that moment. */
async function serve(name: string): Promise<Server> {
  const pair = (): { cert: string; key: string } => ({
    cert: file(`${name}/certs/live/fullchain.pem`),
    key: file(`${name}/certs/live/privkey.pem`),
  });
  const server = createTlsServer(pair());
  server.on('connection', () => server.setSecureContext(pair()));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

beforeAll(async () => {
  port = await freePort();
});

describe('wrong use: exit 2, nothing written', () => {
  test.each<[string[], RegExp]>([
    [['cert'], /^error: cert: says not what to do \(there are status, renew, trust\)$/m],
    [['cert', 'stat'], /^error: cert stat: there is no such action \(did you mean "status"\?\)$/m],
    [['cert', 'status', 'use', '--ca'], /--ca: belongs to cert renew/],
    [['cert', 'renew', 'use', '--finish'], /--finish: goes with --ca/],
    [['cert', 'renew', 'use', '--force'], /--force: is for mode "acme"/],
    [['cert', 'renew', 'use', '--yes'], /--yes: cert renew asks nothing/],
  ])('%j', async (args, message) => {
    if (!readdirSync(cwd).includes('use')) await newStack('use');
    const before = fingerprint(join(cwd, 'use'));
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(fingerprint(join(cwd, 'use'))).toEqual(before);
  });

  test('no stack, or a mode without an authority of its own: exit 3', async () => {
    expect((await run(['cert', 'status', 'nowhere'])).code).toBe(3);
    await newStack(
      'public',
      '--environment',
      'production',
      '--domain',
      'shop.example.com',
      '--tls-terms',
      'accepted',
    );
    expect((await run(['cert', 'trust', 'public'])).code).toBe(3);
  });
});

describe('cert status', () => {
  test('by expiry, with what is served; 0 when all is well, 4 when something else answers', async () => {
    await newStack('shown');
    const { code, stdout } = await run(['cert', 'status', 'shown', '--json']);
    const { certificates, served } = JSON.parse(stdout);
    expect([code, served.state]).toEqual([0, 'no answer']);
    expect(certificates.map((one: { file: string }) => one.file)).toEqual([
      'certs/live/fullchain.pem',
      'certs/ca/ca.crt',
    ]);
    const answered = async (by: string) => {
      const server = await serve(by);
      const { code: exit, stdout: text } = await run(['cert', 'status', 'shown', '--json']);
      server.close();
      return [exit, JSON.parse(text).served.state];
    };
    expect(await answered('shown')).toEqual([0, 'current']);
    expect(await answered('use')).toEqual([4, 'another']);
  });

  test('acme: a placeholder is a finding, and so is a failure of the client, with its reason', async () => {
    writeFileSync(
      join(cwd, 'public/certs/acme/status'),
      'result=failed\ntime=1767225600\nnext=1767226200\nfailing_since=1767225600\nreason=it is \u001b[31mred\n',
    );
    const { code, stdout } = await run(['cert', 'status', 'public']);
    expect(code).toBe(4);
    expect(stdout).toContain('is a placeholder');
    expect(stdout).toContain('it is ?[31mred');
  });
});

describe('cert renew with a development CA', () => {
  test('a new certificate and key of the same CA, with the permissions of before, and the proof', async () => {
    await newStack('renew');
    const [before, key] = [
      certificate('renew/certs/live/fullchain.pem'),
      file('renew/certs/live/privkey.pem'),
    ];
    const server = await serve('renew');
    try {
      const { code, stdout } = await run(['cert', 'renew', 'renew']);
      const after = certificate('renew/certs/live/fullchain.pem');
      expect([code, stdout]).toEqual([0, expect.stringContaining(after.fingerprint256)]);
      expect(stdout).toContain(': this certificate.');
      expect(after.fingerprint256).not.toBe(before.fingerprint256);
      expect(after.verify(certificate('renew/certs/ca/ca.crt').publicKey)).toBe(true);
      expect(file('renew/certs/live/privkey.pem')).not.toBe(key);
      expect(stdout).not.toContain('PRIVATE');
    } finally {
      server.close();
    }
    const check = JSON.parse((await run(['check', 'renew', '--json'])).stdout);
    expect(check.ok).toBe(true);
  });

  test('what answers goes on with another certificate: exit 1', async () => {
    const server = createTlsServer({
      cert: file('use/certs/live/fullchain.pem'),
      key: file('use/certs/live/privkey.pem'),
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    try {
      const { code, stderr } = await run(['cert', 'renew', 'renew']);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/goes on with another certificate/)]);
    } finally {
      server.close();
    }
  });
});

describe('roll-over of the development CA', () => {
  const next = () => readdirSync(join(cwd, 'roll/certs/ca')).filter((name) => name.startsWith('next.'));

  test('not without the first step', async () => {
    await newStack('roll');
    const { code, stderr } = await run(['cert', 'renew', '--ca', '--finish', 'roll']);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/first "create-secure-stack cert renew --ca"/)]);
  });

  test('the first step changes nothing that is served, may be repeated, and outlives a re-run', async () => {
    const served = file('roll/certs/live/fullchain.pem');
    const authority = file('roll/certs/ca/ca.crt');
    expect((await run(['cert', 'renew', '--ca', 'roll'])).code).toBe(0);
    const made = file('roll/certs/ca/next.crt');
    expect((await run(['cert', 'renew', '--ca', 'roll'])).code).toBe(0);
    expect((await run(['roll', '--yes'])).code).toBe(0);
    expect(file('roll/certs/ca/next.crt')).toBe(made);
    expect([file('roll/certs/live/fullchain.pem'), file('roll/certs/ca/ca.crt')]).toEqual([
      served,
      authority,
    ]);
    const { certificates } = JSON.parse((await run(['cert', 'status', 'roll', '--json'])).stdout);
    expect(certificates.map((one: { what: string }) => one.what)).toContain('next development CA');
    const trust = JSON.parse((await run(['cert', 'trust', 'roll', '--json'])).stdout).authorities;
    expect(new Set(trust.flatMap((one: { commands: string[] }) => one.commands[0])).size).toBe(2);
    expect(JSON.parse((await run(['check', 'roll', '--json'])).stdout).ok).toBe(true);
  });

  test('the second makes it the CA, with a certificate of it, and takes the files away', async () => {
    const made = file('roll/certs/ca/next.crt');
    const { code, stderr } = await run(['cert', 'renew', '--ca', '--finish', 'roll']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/may now forget the old one/)]);
    expect(file('roll/certs/ca/ca.crt')).toBe(made);
    expect(certificate('roll/certs/live/fullchain.pem').verify(new X509Certificate(made).publicKey)).toBe(
      true,
    );
    expect(next()).toEqual([]);
    const leaf = file('roll/certs/live/fullchain.pem');
    expect((await run(['cert', 'renew', '--ca', '--finish', 'roll'])).code).toBe(3);
    expect([file('roll/certs/ca/ca.crt'), file('roll/certs/live/fullchain.pem')]).toEqual([made, leaf]);
    expect(JSON.parse((await run(['check', 'roll', '--json'])).stdout).ok).toBe(true);
    expect((await run(['roll', '--yes'])).stderr).not.toMatch(/development CA|new certificate/);
  });

  test('cut off after it took over, before its files went: the second step ends it, and nothing is issued twice', async () => {
    copyFileSync(join(cwd, 'roll/certs/ca/ca.crt'), join(cwd, 'roll/certs/ca/next.crt'));
    copyFileSync(join(cwd, 'roll/certs/ca/ca.key'), join(cwd, 'roll/certs/ca/next.key'));
    const leaf = file('roll/certs/live/fullchain.pem');
    expect((await run(['cert', 'renew', '--ca', '--finish', 'roll'])).code).toBe(0);
    expect(next()).toEqual([]);
    expect(file('roll/certs/live/fullchain.pem')).toBe(leaf);
  });

  test('the present CA is lost meanwhile: a re-run lets the next one take over, which devices know', async () => {
    expect((await run(['cert', 'renew', '--ca', 'roll'])).code).toBe(0);
    const made = file('roll/certs/ca/next.crt');
    rmSync(join(cwd, 'roll/certs/ca/ca.key'));
    expect((await run(['roll', '--yes'])).stderr).toMatch(/the next development CA takes over/);
    expect(file('roll/certs/ca/ca.crt')).toBe(made);
  });
});

describe('cert trust', () => {
  const tools = join(cwd, 'tools');
  const ran = () => readFileSync(join(cwd, 'ran'), 'utf8');

  beforeAll(async () => {
    await newStack('trust');
    mkdirSync(tools);
    for (const name of [
      'sudo',
      'install',
      'update-ca-certificates',
      'update-ca-trust',
      'trust',
      'security',
    ]) {
      writeFileSync(join(tools, name), `#!/bin/sh\necho "${name} $*" >>'${join(cwd, 'ran')}'\n`);
      chmodSync(join(tools, name), 0o755);
    }
  });

  test('prints, and runs nothing unasked', async () => {
    writeFileSync(join(cwd, 'ran'), '');
    const { code, stdout, stderr } = await run(['cert', 'trust', 'trust'], {
      PATH: `${tools}:${process.env['PATH']}`,
    });
    expect([code, ran()]).toEqual([0, '']);
    expect(stdout).toContain('trust/certs/ca/ca.crt');
    expect(stderr).toContain('--yes runs it');
  });

  test('--yes runs it; sudo, where it is needed, may not ask', async () => {
    writeFileSync(join(cwd, 'ran'), '');
    const { code } = await run(['cert', 'trust', 'trust', '--yes'], {
      PATH: `${tools}:${process.env['PATH']}`,
    });
    expect(code).toBe(0);
    expect(ran().trim().split('\n')).toHaveLength(2);
    expect(ran()).toMatch(process.geteuid?.() === 0 ? /^(?!sudo)/ : /^sudo -n /);
  });

  test('a command that fails ends it with exit 1', async () => {
    for (const name of ['sudo', 'install', 'trust']) writeFileSync(join(tools, name), '#!/bin/sh\nexit 7\n');
    const { code, stderr } = await run(['cert', 'trust', 'trust', '--yes'], {
      PATH: `${tools}:${process.env['PATH']}`,
    });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/ended with 7/)]);
  });
});
