import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../src/certs/authority.ts';
import { planDevelopmentCertificates } from '../../src/certs/development.ts';
import { distinguishedName, keyId, signCertificate } from '../../src/certs/encode.ts';
import { authorityRenewalReason, inspectCertificate, renewalReason } from '../../src/certs/inspect.ts';
import { issueLeaf } from '../../src/certs/leaf.ts';
import type { CertificatePair } from '../../src/certs/pem.ts';

const start = new Date('2026-01-01T00:00:00Z');
const names = ['shop.test', '*.shop.test'];
let authority: CertificatePair;
let leaf: CertificatePair;

const later = (days: number) => new Date(start.getTime() + days * 86_400_000);
const plan = (existing: object, now: Date, wanted = names) =>
  planDevelopmentCertificates({ stackName: 'shop', names: wanted, existing, now });
const onDisk = () => ({
  authorityCertificatePem: authority.certificatePem,
  authorityKeyPem: authority.keyPem,
  certificatePem: leaf.certificatePem,
  keyPem: leaf.keyPem,
});

beforeAll(async () => {
  authority = await createAuthority({ stackName: 'shop', domains: names, now: start });
  leaf = await issueLeaf({ authority, names, now: start });
});

describe('a leaf', () => {
  const reason = (changed: Partial<Parameters<typeof renewalReason>[0]> = {}) =>
    renewalReason({ ...leaf, authorityPem: authority.certificatePem, names, now: later(1), ...changed });

  test('serves until a third of its life is left', () => {
    expect(reason({ now: later(59) })).toBeUndefined();
    expect(reason({ now: later(60.1) })).toBe('it expires on 2026-04-01');
    expect(reason({ now: later(91) })).toBe('it expired on 2026-04-01');
    expect(reason({ now: later(-1) })).toBe('it is not valid before 2025-12-31');
  });

  test('is renewed for a name it lacks, not for one its wildcard covers', () => {
    expect(reason({ names: ['api.shop.test'] })).toBeUndefined();
    expect(reason({ names: [...names, 'other.test', '10.0.0.1'] })).toBe(
      'it does not cover other.test, 10.0.0.1',
    );
  });

  test('is renewed under another authority, even one of the same name', async () => {
    const other = await createAuthority({ stackName: 'shop', domains: names, now: start });
    expect(reason({ authorityPem: other.certificatePem })).toBe('another authority issued it');
    const bare = leaf.certificatePem.replace(authority.certificatePem, '');
    expect(reason({ certificatePem: bare })).toBe('another authority issued it');
  });

  test('is renewed when its key is not its own', () => {
    expect(reason({ keyPem: authority.keyPem })).toBe('its key does not match');
  });

  test.each(['', 'garbage', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    '%j is unreadable',
    (pem) => {
      expect(reason({ certificatePem: pem })).toBe('it cannot be read');
      expect(reason({ keyPem: pem })).toBe('it cannot be read');
    },
  );
});

describe('an authority', () => {
  const reason = (changed: Partial<Parameters<typeof authorityRenewalReason>[0]> = {}) =>
    authorityRenewalReason({ authority, names, now: later(1), ...changed });

  test('serves until a third of its life is left', () => {
    expect(reason({ now: later(486) })).toBeUndefined();
    expect(reason({ now: later(487) })).toBe('it expires on 2028-01-01');
  });

  test('is replaced when its constraints leave out a new domain', () => {
    expect(reason({ names: ['new.test', 'app.internal', 'localhost'] })).toBeUndefined();
    expect(reason({ names: [...names, 'shop.example.com', '10.0.0.1'] })).toBe(
      'it may not issue for shop.example.com, 10.0.0.1',
    );
  });

  test('is replaced when it is a leaf, has a strange key or cannot be read', () => {
    expect(reason({ authority: leaf })).toBe('it is no authority');
    expect(reason({ authority: { ...authority, keyPem: leaf.keyPem } })).toBe('its key does not match');
    expect(reason({ authority: { ...authority, certificatePem: 'x' } })).toBe('it cannot be read');
  });
});

test('an authority that is not one of ours, RSA or without constraints, is neither kept nor used', async () => {
  const foreign = (key: { publicKey: KeyObject; privateKey: KeyObject }): CertificatePair => ({
    certificatePem: signCertificate({
      subject: distinguishedName('foreign'),
      issuer: distinguishedName('foreign'),
      publicKey: key.publicKey,
      signingKey: createPrivateKey(authority.keyPem),
      notBefore: start,
      notAfter: later(700),
      ca: true,
      usage: ['keyCertSign', 'cRLSign'],
      issuerKeyId: keyId(key.publicKey),
      extensions: [],
    }),
    keyPem: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  });
  const rsa = foreign(generateKeyPairSync('rsa', { modulusLength: 2048 }));
  expect(authorityRenewalReason({ authority: rsa, names, now: later(1) })).toBe('its key is not an EC key');
  await expect(issueLeaf({ authority: rsa, names, now: later(1) })).rejects.toThrow('not an EC key');
  const free = foreign(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
  expect(authorityRenewalReason({ authority: free, names, now: later(1) })).toBe(
    'it may issue for every name',
  );
});

describe('the plan', () => {
  test('makes everything for a new stack', async () => {
    const made = await planDevelopmentCertificates({ stackName: 'shop', names, now: start });
    expect(made.changes).toEqual(['new development CA', 'new certificate for shop.test, *.shop.test']);
    expect(
      renewalReason({ ...made.leaf, authorityPem: made.authority.certificatePem, names, now: start }),
    ).toBeUndefined();
  });

  test('keeps what serves, byte for byte', async () => {
    expect(await plan(onDisk(), later(30))).toEqual({ authority, leaf, changes: [] });
  });

  test('renews the leaf alone when only that is due', async () => {
    const made = await plan(onDisk(), later(70));
    expect(made.authority).toEqual(authority);
    expect(made.changes).toEqual([
      'new certificate for shop.test, *.shop.test in place of the old one (it expires on 2026-04-01)',
    ]);
    expect(inspectCertificate(made.leaf.certificatePem).notAfter).toEqual(later(160));
  });

  test('replaces both for a domain outside of the constraints, then is content', async () => {
    const wanted = [...names, 'shop.example.com'];
    const made = await plan(onDisk(), later(1), wanted);
    expect(made.changes).toEqual([
      'new development CA in place of the old one (it may not issue for shop.example.com): devices that trust the old one must trust the new one instead',
      'new certificate for shop.test, *.shop.test, shop.example.com in place of the old one (another authority issued it)',
    ]);
    const again = await plan(
      {
        authorityCertificatePem: made.authority.certificatePem,
        authorityKeyPem: made.authority.keyPem,
        ...made.leaf,
      },
      later(1),
      wanted,
    );
    expect(again).toEqual({ ...made, changes: [] });
  });

  test('keeps a CA whose end is near, and says how the next one is brought in', async () => {
    const made = await plan(onDisk(), later(600));
    expect(made.authority).toEqual(authority);
    expect(made.changes[0]).toMatch(/^development CA: it expires on 2028-01-01; .*cert renew --ca/);
    expect(inspectCertificate(made.leaf.certificatePem).notAfter).toEqual(later(690));
  });

  test('lets the next CA, which devices know already, follow one that is of no use any more', async () => {
    const nextAuthority = await createAuthority({ stackName: 'shop', domains: names, now: later(700) });
    const made = await plan({ ...onDisk(), nextAuthority }, later(731));
    expect(made.authority).toEqual(nextAuthority);
    expect(made.changes[0]).toMatch(/^the next development CA takes over .*it expired on/);
    const strange = await plan({ ...onDisk(), nextAuthority: leaf }, later(731));
    expect(strange.changes[0]).toMatch(/^new development CA/);
  });

  test('says which file was lost', async () => {
    const lost = await plan({ ...onDisk(), keyPem: undefined }, later(1));
    expect(lost.authority).toEqual(authority);
    expect(lost.changes).toEqual([expect.stringContaining('(its key is missing)')]);
    const keyOnly = await plan({ ...onDisk(), certificatePem: undefined }, later(1));
    expect(keyOnly.changes).toEqual([expect.stringContaining('(the certificate is missing)')]);
    const noKey = await plan({ ...onDisk(), authorityKeyPem: undefined }, later(1));
    expect(noKey.changes).toHaveLength(2);
  });

  test('loads nothing that issues when everything is kept', async () => {
    vi.resetModules();
    const unwanted = () => {
      throw new Error('loaded');
    };
    vi.doMock('../../src/certs/encode.ts', unwanted);
    const fresh = await import('../../src/certs/development.ts');
    const kept = await fresh.planDevelopmentCertificates({
      stackName: 'shop',
      names,
      existing: onDisk(),
      now: later(1),
    });
    expect(kept.changes).toEqual([]);
    // The trap works: with something to issue it does spring.
    await expect(
      fresh.planDevelopmentCertificates({ stackName: 'shop', names, now: later(1) }),
    ).rejects.toThrow();
    vi.doUnmock('../../src/certs/encode.ts');
  });
});
