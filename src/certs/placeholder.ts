import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { sequence } from './der-write.ts';
import {
  CURVE,
  commonName,
  distinguishedName,
  extension,
  generalName,
  keyId,
  signCertificate,
} from './encode.ts';
import { PLACEHOLDER_MARK } from './inspect.ts';
import { certificateNames } from './names.ts';
import type { CertificatePair } from './pem.ts';
import { DAY } from './validity.ts';

const SUBJECT_ALT_NAME = '2.5.29.17';
const LIFETIME_DAYS = 365;

/**
 * A self-signed certificate for the time until an authority has issued one: nginx does not start without, and has to
 * run to answer the authority. Nobody trusts it, which is right: nobody has proved anything yet.
 */
export async function createPlaceholder({
  stackName,
  names,
  now,
}: {
  stackName: string;
  names: readonly string[];
  now: Date;
}): Promise<CertificatePair> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: CURVE });
  const name = distinguishedName(commonName(stackName, PLACEHOLDER_MARK));
  return {
    certificatePem: signCertificate({
      subject: name,
      issuer: name,
      publicKey,
      signingKey: privateKey,
      notBefore: new Date(now.getTime() - DAY / 24),
      notAfter: new Date(now.getTime() + LIFETIME_DAYS * DAY),
      ca: false,
      usage: ['digitalSignature'],
      issuerKeyId: keyId(publicKey),
      extensions: [
        extension(
          SUBJECT_ALT_NAME,
          sequence(...certificateNames(names).map(({ type, value }) => generalName(type, value))),
        ),
      ],
    }),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
