import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/certs/authority.ts';
import { inspectCertificate } from '../../src/certs/inspect.ts';
import { issueLeaf } from '../../src/certs/leaf.ts';
import { createPlaceholder } from '../../src/certs/placeholder.ts';
import { assemble } from '../../src/project/assemble.ts';
import type { CertificateInputs } from '../../src/project/inputs.ts';
import { answers, stackOf } from './verify-fixture.ts';

const now = new Date('2026-03-01T00:00:00Z');
const names = ['shop.example.com', '*.shop.example.com', '203.0.113.7'];
const stack = stackOf({ ...answers, tls: { mode: 'acme', terms: 'accepted' } });

async function certificatesIn(certificates: CertificateInputs) {
  const inputs = {
    env: undefined,
    secretFiles: new Map(),
    hadSecrets: 'never' as const,
    ages: undefined,
    known: undefined,
    certificates,
    digests: {},
  };
  const { tree, notes } = await assemble(stack, {
    inputs,
    supplied: {},
    now,
    random: (length) => Buffer.alloc(length, 7),
  });
  const files = tree.files.filter(({ path }) => path.startsWith('certs/'));
  return { files, notes };
}

test('a placeholder is a pair for all names, which nobody trusts and everybody can tell', async () => {
  const { certificatePem, keyPem } = await createPlaceholder({ stackName: 'shop', names, now });
  const certificate = new X509Certificate(certificatePem);
  expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(inspectCertificate(certificatePem)).toMatchObject({ names, placeholder: true });
});

test('a certificate of an authority is none, whatever its name', async () => {
  const authority = await createAuthority({ stackName: 'a placeholder', domains: names, now });
  const leaf = await issueLeaf({ authority, names: ['shop.example.com'], now });
  expect(inspectCertificate(leaf.certificatePem).placeholder).toBe(false);
});

describe('in mode acme', () => {
  test('a new stack has one, with the permissions that the edge needs', async () => {
    const { files, notes } = await certificatesIn({ mode: 'acme' });
    expect(files.map(({ path, mode, class: kind }) => [path, mode, kind])).toEqual([
      ['certs/live/fullchain.pem', 0o644, 'secret'],
      ['certs/live/privkey.pem', 0o444, 'secret'],
    ]);
    expect(inspectCertificate(files[0]!.content).placeholder).toBe(true);
    expect(notes).toEqual([expect.stringContaining('placeholder')]);
  });

  test('what lies there is kept byte for byte, be it what it may', async () => {
    const { files, notes } = await certificatesIn({
      mode: 'acme',
      leaf: 'the client’s\n',
      leafKey: 'its key',
    });
    expect(files.map(({ content }) => content)).toEqual(['the client’s\n', 'its key']);
    expect(notes).toEqual([]);
  });

  test.each([{ leaf: 'x' }, { leafKey: 'x' }])('half a pair is replaced: %j', async (half) => {
    const { files } = await certificatesIn({ mode: 'acme', ...half });
    expect(inspectCertificate(files[0]!.content).placeholder).toBe(true);
  });
});
