import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAcmeState } from '../../src/certs/acme-state.ts';
import { createAuthority } from '../../src/certs/authority.ts';
import { issueLeaf } from '../../src/certs/leaf.ts';
import type { CertificatePair } from '../../src/certs/pem.ts';
import { createPlaceholder } from '../../src/certs/placeholder.ts';
import { CERTIFICATES, NEXT_AUTHORITY } from '../../src/certs/places.ts';
import { certificateEntries, expiryText } from '../../src/certs/report.ts';
import { acmeFindings } from '../../src/verify/acme-certificate.ts';

const start = new Date('2026-01-01T00:00:00Z');
const later = (days: number) => new Date(start.getTime() + days * 86_400_000);
const names = ['shop.test'];
let authority: CertificatePair;
let leaf: CertificatePair;
let placeholder: CertificatePair;

beforeAll(async () => {
  authority = await createAuthority({ stackName: 'shop', domains: names, now: start });
  leaf = await issueLeaf({ authority, names, now: start });
  placeholder = await createPlaceholder({ stackName: 'shop', names, now: start });
});

const reader =
  (files: Record<string, string>) =>
  (path: string): string | undefined =>
    files[path];

describe('the certificates of a stack', () => {
  test('come in the order in which they expire, the next CA too', () => {
    const read = reader({
      [CERTIFICATES.leaf]: leaf.certificatePem,
      [CERTIFICATES.authority]: authority.certificatePem,
      [NEXT_AUTHORITY.certificate]: authority.certificatePem,
    });
    const entries = certificateEntries('dev-ca', read, later(1));
    expect(entries.map(({ what, daysLeft, state }) => [what, daysLeft, state])).toEqual([
      ['certificate', 89, 'ok'],
      ['development CA', 729, 'ok'],
      ['next development CA', 729, 'ok'],
    ]);
  });

  test.each([
    ['dev-ca', 59, 'ok'],
    ['dev-ca', 61, 'due'],
    ['acme', 66, 'ok'],
    ['acme', 69, 'due'],
    ['files', 75, 'ok'],
    ['files', 77, 'due'],
    ['files', 91, 'expired'],
  ] as const)('%s after %i of 90 days: %s', (mode, days, state) => {
    const read = reader({
      [CERTIFICATES.leaf]: leaf.certificatePem,
      [CERTIFICATES.authority]: authority.certificatePem,
    });
    expect(certificateEntries(mode, read, later(days))[0]).toMatchObject({ what: 'certificate', state });
  });

  test('a missing, a damaged and a placeholder certificate say so', () => {
    const texts = [{}, { [CERTIFICATES.leaf]: 'x' }, { [CERTIFICATES.leaf]: placeholder.certificatePem }];
    expect(texts.map((files) => expiryText(certificateEntries('acme', reader(files), start)[0]!))).toEqual([
      'is missing',
      'cannot be read',
      'is a placeholder; none has been issued yet',
    ]);
  });
});

const STATUS =
  'result=failed\ntime=1767225600\nnext=1767226200\ndelay=1200\nfailing_since=1767139200\nwanted=https://ca/dir a\nrequest=due 1\nreason=a name = does not resolve\n';

describe('what the ACME client writes down', () => {
  test('is read', () => {
    expect(parseAcmeState(STATUS)).toEqual({
      result: 'failed',
      time: start,
      next: new Date('2026-01-01T00:10:00Z'),
      failingSince: new Date('2025-12-31T00:00:00Z'),
      reason: 'a name = does not resolve',
      request: 'due 1',
    });
  });

  test('nothing else is, and no control character of it gets through', () => {
    expect(parseAcmeState('')).toBeUndefined();
    expect(parseAcmeState(STATUS.replace('failed', 'maybe'))).toBeUndefined();
    expect(parseAcmeState(STATUS.replace('1767226200', 'soon'))).toBeUndefined();
    expect(parseAcmeState(STATUS.replace('a name', '\u001b[2Ja name'))!.reason).toBe(
      '?[2Ja name = does not resolve',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseAcmeState(`${STATUS}${text}`)?.reason ?? '').not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe('check, with an ACME client', () => {
  const rules = (pair: CertificatePair, day: number, status = '', wanted = names) =>
    acmeFindings(
      reader({
        [CERTIFICATES.leaf]: pair.certificatePem,
        [CERTIFICATES.leafKey]: pair.keyPem,
        'certs/acme/status': status,
      }),
      wanted,
      later(day),
    ).map(({ rule, severity }) => `${severity} ${rule}`);

  test('finds nothing with a certificate that serves', () => {
    expect(rules(leaf, 1)).toEqual([]);
    expect(rules(leaf, 62)).toEqual([]);
  });

  test('the end is near and nothing was renewed', () => {
    expect(rules(leaf, 70)).toEqual(['error certs.renew']);
    expect(rules(leaf, 95)).toEqual(['error certs.invalid']);
  });

  test('a failing client is a warning while the certificate serves, an error when it does not', () => {
    expect(rules(leaf, 1, STATUS)).toEqual(['warning certs.acme']);
    expect(rules(leaf, 70, STATUS)).toEqual(['error certs.acme', 'error certs.renew']);
    expect(rules(placeholder, 1, STATUS)).toEqual(['error certs.acme', 'note certs.placeholder']);
    expect(rules(placeholder, 1)).toEqual(['note certs.placeholder']);
  });

  test('a new domain is missed, and so is the key’s other half', () => {
    expect(rules(leaf, 1, '', ['shop.test', 'new.test'])).toEqual(['error certs.invalid']);
    expect(rules({ ...leaf, keyPem: placeholder.keyPem }, 1)).toEqual(['error certs.invalid']);
  });
});
