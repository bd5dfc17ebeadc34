import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { explicit, sequence } from './der-write.ts';
import {
  CURVE,
  commonName,
  distinguishedName,
  extension,
  generalName,
  keyId,
  signCertificate,
} from './encode.ts';
import { permittedFor } from './names.ts';
import type { CertificatePair } from './pem.ts';
import { DAY } from './validity.ts';

const NAME_CONSTRAINTS = '2.5.29.30';

/** Devices have to be told to trust a new authority, so it outlives its certificates by far. */
const LIFETIME_DAYS = 730;

/**
 * Makes a certificate authority for development: ECDSA P-256, valid for two years from an hour ago.
 *
 * Whoever trusts it opens their browser to everything it signs, so it is bound (critical name constraints, RFC 5280
 * §4.2.1.10) to the stack's own names with all below them, `localhost`, `test`, `internal` and this machine's
 * addresses; and it cannot make further authorities (path length 0).
 * @param domains names and addresses of the stack; for `*.example.com` it permits `example.com`
 */
export async function createAuthority({
  stackName,
  domains,
  now,
}: {
  stackName: string;
  domains: readonly string[];
  now: Date;
}): Promise<CertificatePair> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: CURVE });
  const name = distinguishedName(commonName(stackName, ' development CA'));
  const permitted = permittedFor(domains);
  const subtrees = (['dns', 'ip'] as const).flatMap((type) =>
    permitted[type].map((value) => sequence(generalName(type, value))),
  );
  return {
    certificatePem: signCertificate({
      subject: name,
      issuer: name,
      publicKey,
      signingKey: privateKey,
      notBefore: new Date(now.getTime() - DAY / 24),
      notAfter: new Date(now.getTime() + LIFETIME_DAYS * DAY),
      ca: true,
      usage: ['keyCertSign', 'cRLSign'],
      issuerKeyId: keyId(publicKey),
      extensions: [extension(NAME_CONSTRAINTS, sequence(explicit(0, ...subtrees)), true)],
    }),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
