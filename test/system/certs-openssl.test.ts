import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/certs/authority.ts';
import { issueLeaf } from '../../src/certs/leaf.ts';
import type { CertificatePair } from '../../src/certs/pem.ts';
import { trustInstructions } from '../../src/certs/trust.ts';
import { checkCertificateFiles } from '../../src/certs/user-files.ts';

const names = ['shop.example.com', '*.shop.example.com', 'shop.test', '10.1.2.3'];
const now = new Date();
let folder: string;
let authority: CertificatePair;
let leaf: CertificatePair;

/** Runs a program in the folder; resolves to its exit code and everything it printed. */
async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, { cwd: folder, env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { code: failed.code, output: failed.stdout + failed.stderr };
  }
}

const openssl = (...args: string[]) => run('openssl', args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certs-'));
  authority = await createAuthority({ stackName: 'Acme, "Inc." + CN=evil', domains: names, now });
  leaf = await issueLeaf({ authority, names, now });
  await writeFile(join(folder, 'ca.pem'), authority.certificatePem);
  await writeFile(join(folder, 'ca.key'), authority.keyPem, { mode: 0o600 });
  await writeFile(join(folder, 'leaf.pem'), leaf.certificatePem);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('OpenSSL', () => {
  const verify = (file: string, ...args: string[]) =>
    openssl('verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.pem', ...args, file);

  test('accepts the leaf by its strictest rules', async () => {
    for (const name of ['shop.example.com', 'a.shop.example.com', 'localhost']) {
      expect(await verify('leaf.pem', '-verify_hostname', name)).toEqual({
        code: 0,
        output: 'leaf.pem: OK\n',
      });
    }
    for (const address of ['10.1.2.3', '127.0.0.1', '::1']) {
      expect(await verify('leaf.pem', '-verify_ip', address)).toEqual({ code: 0, output: 'leaf.pem: OK\n' });
    }
    expect((await verify('leaf.pem', '-verify_hostname', 'a.b.shop.example.com')).code).not.toBe(0);
  });

  test('reads the extensions as meant', async () => {
    const ca = (await openssl('x509', '-in', 'ca.pem', '-noout', '-text')).output;
    expect(ca).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
    expect(ca).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(ca).toMatch(/Name Constraints: critical\s+Permitted:\n/);
    expect(ca).toContain('Signature Algorithm: ecdsa-with-SHA256');
    const id = /Subject Key Identifier: \s+([0-9A-F:]{59})\n/.exec(ca)![1]!;
    const text = (await openssl('x509', '-in', 'leaf.pem', '-noout', '-text')).output;
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE\n/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage: \s+TLS Web Server Authentication\n/);
    expect(text).toMatch(new RegExp(`Authority Key Identifier: \\s+${id}\n`));
    expect(text).not.toMatch(new RegExp(`Subject Key Identifier: \\s+${id}\n`));
  });

  test('sees one common name, whatever is in it', async () => {
    const { output } = await openssl('x509', '-in', 'ca.pem', '-noout', '-subject', '-nameopt', 'multiline');
    expect(output.split('\n').slice(1)).toEqual([
      '    organizationName          = create-secure-stack',
      '    commonName                = Acme, "Inc." + CN=evil development CA',
      '',
    ]);
  });

  test.each([
    'DNS:google.com',
    'DNS:ashop.example.com',
    'DNS:*.com',
    'IP:8.8.8.8',
    'IP:fd00::9',
    'DNS:shop.test,DNS:google.com',
  ])('refuses %s even from one who stole the authority’s key', async (alternatives) => {
    await sign('forged', `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth\n`);
    const { code, output } = await verify('forged.pem');
    expect(code).not.toBe(0);
    expect(output).toContain('permitted subtree violation');
  });

  test('accepts what a forger makes within the constraints: the refusals above have no other cause', async () => {
    await sign('within', 'subjectAltName=DNS:other.test\nextendedKeyUsage=serverAuth\n');
    expect((await verify('within.pem')).output).toBe('within.pem: OK\n');
  });

  test('refuses an authority under the authority', async () => {
    await sign('sub', 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n');
    await sign('below', 'subjectAltName=DNS:shop.test\nextendedKeyUsage=serverAuth\n', 'sub');
    const { code, output } = await verify('below.pem', '-untrusted', 'sub.pem');
    expect(code).not.toBe(0);
    expect(output).toContain('path length constraint exceeded');
  });

  /** What a thief of the key would do: sign with OpenSSL, which does not look at the constraints. */
  async function sign(name: string, extensions: string, by = 'ca') {
    const identifiers = 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';
    await writeFile(join(folder, `${name}.ext`), extensions + identifiers);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
    const request = await openssl('req', '-new', ...key, '-subj', `/CN=${name}`, '-out', `${name}.csr`);
    const issuer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
    const signed = await openssl('x509', '-req', '-days', '9', ...issuer, ...files);
    expect([request.code, signed.code]).toEqual([0, 0]);
  }
});

describe('clients in a handshake', () => {
  let port: number;
  let server: ReturnType<typeof createServer>;

  beforeAll(async () => {
    server = createServer({ cert: leaf.certificatePem, key: leaf.keyPem }, (_, response) =>
      response.end('hello'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });

  afterAll(() => server.close());

  const curl = (host: string, ...args: string[]) =>
    run('curl', [
      '-sS',
      '--noproxy',
      '*',
      '--connect-to',
      `::127.0.0.1:${port}`,
      ...args,
      `https://${host}:${port}/`,
    ]);

  test('curl trusts the authority’s names, and no server without the authority', async () => {
    for (const host of ['a.shop.example.com', 'shop.test', 'localhost', '127.0.0.1', '10.1.2.3', '[::1]']) {
      expect(await curl(host, '--cacert', 'ca.pem'), host).toEqual({ code: 0, output: 'hello' });
    }
    expect((await curl('other.test', '--cacert', 'ca.pem')).code).toBe(60);
    expect((await curl('shop.test')).code).toBe(60);
  });

  test('Python with the rules that it applies from 3.13 on', async () => {
    const script = `
import socket, ssl, sys
context = ssl.create_default_context(cafile='ca.pem')
context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as plain:
    with context.wrap_socket(plain, server_hostname=sys.argv[2]) as connection:
        print(connection.version())
`;
    for (const host of ['shop.test', 'a.shop.example.com', '127.0.0.1', '::1']) {
      expect(await run('python3', ['-c', script, String(port), host]), host).toEqual({
        code: 0,
        output: 'TLSv1.3\n',
      });
    }
    const wrong = await run('python3', ['-c', script, String(port), 'other.test']);
    expect(wrong.output).toContain('CERTIFICATE_VERIFY_FAILED');
  });

  test('Node, given the authority', async () => {
    const handshake = (ca?: string) =>
      new Promise<string>((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', servername: 'shop.test', ...(ca && { ca }) });
        socket.once('secureConnect', () => resolve('trusted'));
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
        socket.once('close', () => socket.destroy());
      });
    expect(await handshake(authority.certificatePem)).toBe('trusted');
    expect(await handshake()).toBe('SELF_SIGNED_CERT_IN_CHAIN');
  });

  test('Node, by NODE_EXTRA_CA_CERTS', async () => {
    const script = `require('node:https').get({ host: '127.0.0.1', port: ${port}, servername: 'shop.test', headers: { host: 'shop.test' } }, (answer) => answer.pipe(process.stdout))`;
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') };
    expect(await run(process.execPath, ['-e', script], env)).toEqual({ code: 0, output: 'hello' });
  });
});

describe('files that OpenSSL made', () => {
  const check = async (certificate: string, key: string) => {
    const { problems, warnings } = checkCertificateFiles({
      certificatePem: await readFile(join(folder, certificate), 'utf8'),
      keyPem: await readFile(join(folder, key), 'utf8'),
      names: ['shop.test'],
      now: new Date(),
      certificateFile: certificate,
      keyFile: key,
    });
    return {
      problems: problems.map(({ message }) => message),
      warnings: warnings.map(({ message }) => message),
    };
  };

  test('a SHA-1 signature is refused, as clients would', async () => {
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'old.key'];
    const parts = [
      '-subj',
      '/CN=x',
      '-addext',
      'subjectAltName=DNS:shop.test',
      '-addext',
      'basicConstraints=CA:FALSE',
    ];
    await openssl('req', '-x509', '-sha1', '-days', '30', ...key, ...parts, '-out', 'old.pem');
    expect(await check('old.pem', 'old.key')).toEqual({
      problems: ['the certificate is signed with SHA-1 or MD5'],
      warnings: ['the certificate is self-signed'],
    });
  });

  test('an encrypted key is refused, and the hint decrypts it', async () => {
    const key = ['-newkey', 'rsa:2048', '-passout', 'pass:secret', '-keyout', 'locked.key'];
    const parts = [
      '-subj',
      '/CN=x',
      '-addext',
      'subjectAltName=DNS:shop.test',
      '-addext',
      'basicConstraints=CA:FALSE',
    ];
    await openssl('req', '-x509', '-days', '30', ...key, ...parts, '-out', 'locked.pem');
    expect((await check('locked.pem', 'locked.key')).problems).toEqual([
      'the key is encrypted; the server could not start unattended',
    ]);
    await openssl('pkey', '-in', 'locked.key', '-passin', 'pass:secret', '-out', 'open.key');
    expect((await check('locked.pem', 'open.key')).problems).toEqual([]);
  });
});

describe('trust instructions', () => {
  const path = 'it\'s "$HOME" `id` $(id); ünï/ca.pem';

  test.each(['Debian, Ubuntu', 'Fedora, RHEL', 'Arch Linux', 'macOS', 'Chrome, Chromium on Linux'])(
    'for %s hand the path over whole',
    async (platform) => {
      const { commands, undo } = trustInstructions({ caFile: path, stackName: 'shop' }).find(
        (item) => item.platform === platform,
      )!;
      // Programs that only show what they were given stand in for those that change the machine.
      const stubs = ['sudo', 'security', 'certutil', 'openssl']
        .map((name) => `${name}() { printf '%s\\n' "$@" >&2; }`)
        .join('\n');
      const first = await run('sh', ['-euc', [stubs, commands[0]].join('\n')]);
      expect(first.output.split('\n')).toContain(path);
      expect(await run('sh', ['-euc', [stubs, ...commands, ...undo].join('\n')])).toMatchObject({ code: 0 });
    },
  );

  test.each(['Node.js', 'curl'])('for %s set the variable, and unset it', async (platform) => {
    const { commands, undo } = trustInstructions({ caFile: path, stackName: 'shop' }).find(
      (item) => item.platform === platform,
    )!;
    const variable = platform === 'curl' ? 'CURL_CA_BUNDLE' : 'NODE_EXTRA_CA_CERTS';
    const show = `printf '[%s]' "\${${variable}-none}"`;
    const { output } = await run('sh', ['-euc', [...commands, show, ...undo, show].join('\n')]);
    expect(output).toBe(`[${path}][none]`);
  });

  test.each([
    ['Chrome, Chromium on Linux', '.pki/nssdb'],
    ['Firefox on Linux', '.mozilla/firefox/a1b2.default'],
  ])('make %s trust the leaf until undone', async (platform, database) => {
    const home = join(folder, platform.slice(0, 6));
    const env = { ...process.env, HOME: home };
    const sh = (...lines: string[]) => run('sh', ['-euc', lines.join('\n')], env);
    const db = `sql:${home}/${database}`;
    const [first] = leaf.certificatePem.split(/(?<=-----END CERTIFICATE-----\n)/);
    await writeFile(join(folder, 'first.pem'), first!);
    await sh(`mkdir -p "$HOME/${database}"`, `certutil -N --empty-password -d "${db}"`);
    await run('certutil', ['-A', '-d', db, '-n', 'leaf', '-t', ',,', '-i', 'first.pem'], env);
    const valid = () => run('certutil', ['-V', '-u', 'V', '-e', '-d', db, '-n', 'leaf'], env);
    const { commands, undo } = trustInstructions({ caFile: 'ca.pem', stackName: 'shop' }).find(
      (item) => item.platform === platform,
    )!;

    expect((await valid()).output).not.toContain('certificate is valid');
    expect((await sh(...commands)).code).toBe(0);
    expect((await valid()).output).toContain('certificate is valid');
    expect((await sh(...undo)).code).toBe(0);
    expect((await valid()).output).not.toContain('certificate is valid');
  });
});
