import { createPrivateKey, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/certs/authority.ts';
import { readFields } from '../../src/certs/fields.ts';
import { inspectCertificate } from '../../src/certs/inspect.ts';
import { issueLeaf } from '../../src/certs/leaf.ts';
import { type CertificatePair, readCertificates } from '../../src/certs/pem.ts';

const now = new Date('2026-03-01T12:00:00.250Z');
const names = ['shop.example.com', '*.shop.example.com', 'bücher.test', '10.1.2.3', 'FD00::0:5'];
let authority: CertificatePair;
let leaf: CertificatePair;

beforeAll(async () => {
  authority = await createAuthority({ stackName: 'shop', domains: names, now });
  leaf = await issueLeaf({ authority, names, now });
});

describe('the authority', () => {
  test('lasts two years from an hour ago', () => {
    const { notBefore, notAfter, keyType, issuer } = inspectCertificate(authority.certificatePem);
    expect(notBefore.toISOString()).toBe('2026-03-01T11:00:00.000Z');
    expect(notAfter.toISOString()).toBe('2028-02-29T12:00:00.000Z');
    expect({ keyType, issuer }).toEqual({ keyType: 'EC P-256', issuer: 'shop development CA' });
  });

  test('is an authority that signed itself with its key', () => {
    const certificate = new X509Certificate(authority.certificatePem);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(authority.keyPem))).toBe(true);
  });

  test('is permitted exactly the names of the stack and those of this machine', () => {
    expect(readFields(new X509Certificate(authority.certificatePem)).permitted).toEqual({
      dns: ['shop.example.com', 'xn--bcher-kva.test', 'localhost', 'test', 'internal'],
      ip: ['127.0.0.0/8', '::1/128', '10.1.2.3/32', 'fd00::5/128'],
    });
  });

  test.each([
    'Acme, Inc.',
    'Acme+Co',
    'x, CN=evil.example',
    '"quoted" \\ # <;>',
    'Bücher',
    ' spaces ',
    '𝕊'.repeat(80),
  ])('keeps the name %j as one common name', async (stackName) => {
    const { certificatePem } = await createAuthority({ stackName, domains: [], now });
    const { subject } = new X509Certificate(certificatePem).toLegacyObject();
    expect({ ...subject }).toEqual({
      O: 'create-secure-stack',
      CN: `${[...stackName].slice(0, 49).join('')} development CA`,
    });
  });

  test('keeps any name intact', async () => {
    const text = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((name) => !name.includes('\0'));
    await fc.assert(
      fc.asyncProperty(text, async (stackName) => {
        const { certificatePem } = await createAuthority({ stackName, domains: [], now });
        expect(new X509Certificate(certificatePem).toLegacyObject().subject.CN).toBe(
          `${stackName} development CA`,
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe('the leaf', () => {
  test('covers the names, punycode, and this machine', () => {
    expect(inspectCertificate(leaf.certificatePem).names).toEqual([
      'shop.example.com',
      '*.shop.example.com',
      'xn--bcher-kva.test',
      '10.1.2.3',
      'fd00::5',
      'localhost',
      '127.0.0.1',
      '::1',
    ]);
  });

  test('is what Node finds for the names', () => {
    const certificate = new X509Certificate(leaf.certificatePem);
    for (const host of ['shop.example.com', 'a.shop.example.com', 'xn--bcher-kva.test', 'localhost']) {
      expect(certificate.checkHost(host), host).toBeDefined();
    }
    for (const host of ['a.b.shop.example.com', 'example.com', 'a.localhost']) {
      expect(certificate.checkHost(host), host).toBeUndefined();
    }
    for (const address of ['10.1.2.3', 'fd00::5', '127.0.0.1', '::1']) {
      expect(certificate.checkIP(address), address).toBeDefined();
    }
  });

  test('is for servers alone and lasts 90 days', () => {
    const certificate = new X509Certificate(leaf.certificatePem);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(inspectCertificate(leaf.certificatePem)).toMatchObject({
      notBefore: new Date('2026-03-01T11:00:00Z'),
      notAfter: new Date('2026-05-30T12:00:00Z'),
      issuer: 'shop development CA',
      keyType: 'EC P-256',
    });
  });

  test('comes with the chain and its own PKCS#8 key', () => {
    const [first, second, ...more] = readCertificates(leaf.certificatePem);
    expect(first!.checkIssued(second!) && first!.verify(second!.publicKey)).toBe(true);
    expect(second!.toString()).toBe(authority.certificatePem);
    expect(more).toEqual([]);
    expect(first!.checkPrivateKey(createPrivateKey(leaf.keyPem))).toBe(true);
    expect(leaf.keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  test('has a positive serial number of 127 bits, never the same', async () => {
    const more = await Promise.all(Array.from({ length: 20 }, () => issueLeaf({ authority, names, now })));
    const serials = more.map(({ certificatePem }) =>
      BigInt(`0x${new X509Certificate(certificatePem).serialNumber}`),
    );
    for (const serial of serials) expect(serial.toString(2)).toHaveLength(127);
    expect(new Set(serials).size).toBe(20);
  });

  test('never outlives its authority', async () => {
    const late = new Date('2028-02-01T00:00:00Z');
    const { certificatePem } = await issueLeaf({ authority, names, now: late });
    expect(inspectCertificate(certificatePem).notAfter.toISOString()).toBe('2028-02-29T12:00:00.000Z');
    await expect(issueLeaf({ authority, names, now: new Date('2028-03-01') })).rejects.toThrow('has expired');
  });

  test('is not issued with the key of another authority', async () => {
    const other = await createAuthority({ stackName: 'shop', domains: names, now });
    const mixed = { certificatePem: authority.certificatePem, keyPem: other.keyPem };
    await expect(issueLeaf({ authority: mixed, names, now })).rejects.toThrow('does not match');
  });

  test.each(['google.com', 'ashop.example.com', '*.com', '10.1.2.4', 'fd00::6', '::ffff:127.0.0.1'])(
    'is not issued for %s, which the authority may not vouch for',
    async (name) => {
      await expect(issueLeaf({ authority, names: [name], now })).rejects.toThrow('may not issue');
    },
  );

  test('fits a first name that is longer than a common name may be', async () => {
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.test`;
    const { certificatePem } = await issueLeaf({ authority, names: [long], now });
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.toLegacyObject().subject.CN).toHaveLength(64);
    expect(certificate.checkHost(long)).toBe(long);
  });
});
