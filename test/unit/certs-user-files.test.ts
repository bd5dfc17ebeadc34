import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oid, sequence } from '../../src/certs/der-write.ts';
import { distinguishedName, extension, generalName, keyId, signCertificate } from '../../src/certs/encode.ts';
import { checkCertificateFiles } from '../../src/certs/user-files.ts';

const now = new Date('2026-03-01T00:00:00Z');
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

interface Party {
  name: string;
  key: { publicKey: KeyObject; privateKey: KeyObject };
}

const party = (name: string, key: Party['key'] = newKey()): Party => ({ name, key });

function certify(
  subject: Party,
  issuer: Party,
  { ca = false, names = ['shop.example'], from = -1, to = 60, use = '1.3.6.1.5.5.7.3.1' } = {},
): string {
  return signCertificate({
    subject: distinguishedName(subject.name),
    issuer: distinguishedName(issuer.name),
    publicKey: subject.key.publicKey,
    signingKey: issuer.key.privateKey,
    notBefore: later(from),
    notAfter: later(to),
    ca,
    usage: ca ? ['keyCertSign', 'cRLSign'] : ['digitalSignature'],
    issuerKeyId: keyId(issuer.key.publicKey),
    extensions: ca
      ? []
      : [
          extension('2.5.29.37', sequence(oid(use))),
          ...(names.length > 0
            ? [extension('2.5.29.17', sequence(...names.map((name) => generalName('dns', name))))]
            : []),
        ],
  });
}

const pkcs8 = ({ key }: Party) => key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const root = party('root');
const middle = party('middle');
const server = party('server');
const leafPem = certify(server, middle);
const middlePem = certify(middle, root, { ca: true });
const rootPem = certify(root, root, { ca: true });

function check(certificatePem: string, keyPem = pkcs8(server), names = ['shop.example']) {
  const files = { certificateFile: 'tls/cert.pem', keyFile: 'tls/key.pem' };
  const { problems, warnings } = checkCertificateFiles({ certificatePem, keyPem, names, now, ...files });
  for (const { file, hint } of [...problems, ...warnings]) {
    expect(['tls/cert.pem', 'tls/key.pem']).toContain(file);
    expect(hint).not.toBe('');
  }
  return {
    problems: problems.map(({ message }) => message),
    warnings: warnings.map(({ message }) => message),
  };
}

const nothing = { problems: [], warnings: [] };

describe('what serves', () => {
  test.each([
    ['with its intermediate', leafPem + middlePem],
    ['with the root too', leafPem + middlePem + rootPem],
    ['with text between', `subject: x\r\n${leafPem.replaceAll('\n', '\r\n')}# next\n${middlePem}`],
  ])('a chain %s', (_, pem) => {
    expect(check(pem)).toEqual(nothing);
  });

  test.each(['pkcs8', 'sec1'] as const)('a key as %s', (type) => {
    const key = server.key.privateKey.export({ type, format: 'pem' }).toString();
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    expect(check(leafPem + middlePem, parameters + key)).toEqual(nothing);
  });

  test('a wildcard, for one level', () => {
    const pem = certify(server, middle, { names: ['*.shop.example', 'SHOP.example'] }) + middlePem;
    expect(check(pem, undefined, ['shop.example', 'a.shop.example', '*.shop.example'])).toEqual(nothing);
    expect(check(pem, undefined, ['a.b.shop.example', '10.0.0.1']).problems).toEqual([
      'the certificate does not cover a.b.shop.example, 10.0.0.1',
    ]);
  });
});

describe('the chain', () => {
  test.each([
    ['leaf last', middlePem + leafPem],
    ['root in the middle', leafPem + rootPem + middlePem],
    ['backwards', rootPem + middlePem + leafPem],
  ])('in the wrong order: %s', (_, pem) => {
    expect(check(pem)).toEqual({ problems: ['the certificates are in the wrong order'], warnings: [] });
  });

  test('with a stranger in it', () => {
    const stranger = party('middle');
    expect(check(leafPem + certify(stranger, root, { ca: true })).problems).toEqual([
      'certificate 2 did not issue certificate 1',
    ]);
    expect(check(leafPem + rootPem).problems).toEqual(['certificate 2 did not issue certificate 1']);
  });

  test('with the same certificate twice', () => {
    expect(check(leafPem + leafPem + middlePem).problems).toEqual([
      'certificate 2 did not issue certificate 1',
    ]);
  });

  test('with an expired intermediate', () => {
    expect(check(leafPem + certify(middle, root, { ca: true, from: -9, to: -2 })).problems).toEqual([
      'certificate 2 expired on 2026-02-27',
    ]);
  });

  test('of the leaf alone, or self-signed, is worth a warning', () => {
    expect(check(leafPem)).toEqual({
      problems: [],
      warnings: ['the file holds the server’s certificate alone'],
    });
    expect(check(certify(server, server))).toEqual({
      problems: [],
      warnings: ['the certificate is self-signed'],
    });
  });

  test('with a damaged certificate', () => {
    const damaged = middlePem.replace(/\n[^-\n]+\n/, '\nAAAA\n');
    expect(check(leafPem + damaged).problems).toEqual(['certificate 2 is damaged']);
  });
});

describe('the leaf', () => {
  test('says everything that is wrong at once', () => {
    const bad = party('bad', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }));
    const pem = certify(bad, middle, { names: ['x.example'], from: 1, use: '1.3.6.1.5.5.7.3.2' }) + middlePem;
    expect(check(pem).problems).toEqual([
      'certificate 1 is not valid before 2026-03-02',
      'certificate 1 has a key of a kind that browsers do not accept (EC secp256k1)',
      'the certificate does not cover shop.example',
      'the certificate is not meant for servers',
      'the key does not belong to the certificate in tls/cert.pem',
    ]);
  });

  test('without alternative names', () => {
    expect(check(certify(server, middle, { names: [] }) + middlePem).problems).toEqual([
      'the certificate has no subject alternative names',
    ]);
  });

  test('that is an authority', () => {
    expect(check(middlePem + rootPem, pkcs8(middle)).problems).toEqual([
      'the certificate has no subject alternative names',
      'the certificate is that of an authority',
    ]);
  });

  test.each([
    [14, ['the certificate expires on 2026-03-15']],
    [15, []],
  ])('that expires in %d days', (to, warnings) => {
    expect(check(certify(server, middle, { to }) + middlePem)).toEqual({ problems: [], warnings });
  });

  test('that expired is a problem, not a warning', () => {
    expect(check(certify(server, middle, { from: -9, to: -1 }) + middlePem)).toEqual({
      problems: ['certificate 1 expired on 2026-02-28'],
      warnings: [],
    });
  });

  test('that lives too long for Apple', () => {
    expect(check(certify(server, middle, { to: 900 }) + middlePem).warnings).toEqual([
      'the certificate is valid for 901 days; Apple devices accept 825',
    ]);
  });

  test.each([
    [1024, ['certificate 1 has a weak key (RSA 1024)']],
    [2048, []],
  ])('with RSA of %d bits', (modulusLength, problems) => {
    const rsa = party('rsa', generateKeyPairSync('rsa', { modulusLength }));
    expect(check(certify(rsa, middle) + middlePem, pkcs8(rsa)).problems).toEqual(problems);
  });

  test('whose key is of another kind', () => {
    const rsa = party('rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }));
    expect(check(leafPem + middlePem, pkcs8(rsa)).problems).toEqual([
      'the key does not belong to the certificate in tls/cert.pem',
    ]);
  });

  test('shows no control characters of its names', () => {
    const pem = certify(server, middle, { names: ['evil\u001b[2J.example'] }) + middlePem;
    const found = checkCertificateFiles({
      certificatePem: pem,
      keyPem: pkcs8(server),
      names: ['shop.example'],
      now,
      certificateFile: 'c',
      keyFile: 'k',
    });
    expect(found.problems[0]!.hint).toContain('evil?[2J.example');
  });
});

describe('the key', () => {
  test.each(['pkcs8', 'sec1'] as const)('encrypted as %s is refused with what to do', (type) => {
    const passphrase = 'correct horse';
    const key = server.key.privateKey
      .export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase })
      .toString();
    expect(check(leafPem + middlePem, key).problems).toEqual([
      'the key is encrypted; the server could not start unattended',
    ]);
  });

  test('swapped with the certificate', () => {
    expect(check(pkcs8(server), leafPem).problems).toEqual(['holds no certificate', 'holds no private key']);
  });

  test('does not belong into the file of the certificate', () => {
    expect(check(leafPem + middlePem + pkcs8(server)).problems).toEqual([
      'holds a private key next to the certificate',
    ]);
  });

  test('never shows in a message, whatever the files hold', () => {
    const secret = pkcs8(server).split('\n')[1]!;
    const pieces = [
      leafPem,
      middlePem,
      pkcs8(server),
      secret,
      '-----BEGIN PRIVATE KEY-----\n',
      '-----END PRIVATE KEY-----\n',
    ];
    const text = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 4 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (certificatePem, keyPem) => {
        const names = ['shop.example'];
        const found = checkCertificateFiles({
          certificatePem,
          keyPem,
          names,
          now,
          certificateFile: 'c',
          keyFile: 'k',
        });
        expect(JSON.stringify(found)).not.toContain(secret.slice(0, 16));
      }),
    );
  });

  test.each([
    ['DER', new X509Certificate(leafPem).raw.toString('latin1'), 'DER form'],
    [
      'a request',
      '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----',
      'it is a request',
    ],
    ['PKCS#7', '-----BEGIN PKCS7-----\n-----END PKCS7-----', 'openssl pkcs7'],
    ['a byte order mark', `\ufeff${leafPem}`, 'byte order mark'],
    ['nothing', '', 'BEGIN CERTIFICATE'],
  ])('%s in place of the certificate is recognised', (_, certificatePem, hint) => {
    const files = { names: [], now, certificateFile: 'c', keyFile: 'k' };
    const { problems } = checkCertificateFiles({ certificatePem, keyPem: pkcs8(server), ...files });
    expect(problems).toEqual([
      { file: 'c', message: 'holds no certificate', hint: expect.stringContaining(hint) },
    ]);
  });
});

test('a certificate as the package `selfsigned` makes it by default, with SHA-1, is refused', async () => {
  const { generate } = await import('selfsigned');
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'shop.example' }], {
    keySize: 2048,
  });
  expect(check(cert, key).problems.join('\n')).toMatch(/SHA-?1/i);
});
