import { createPrivateKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { oid, sequence } from './der-write.ts';
import {
  CURVE,
  commonName,
  distinguishedName,
  extension,
  generalName,
  issuerOf,
  signCertificate,
} from './encode.ts';
import { readFields } from './fields.ts';
import { certificateNames, LOCAL_NAMES, permitsName } from './names.ts';
import type { CertificatePair } from './pem.ts';
import { DAY } from './validity.ts';

const SUBJECT_ALT_NAME = '2.5.29.17';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/**
 * Issues a certificate for a server: ECDSA P-256, valid from an hour ago, never longer than the authority itself.
 *
 * 90 days by default: Apple refuses more than 825 even under private authorities, Chrome on Android more than 397, and
 * a key that leaks is soon worthless.
 * @param names domains (`*.` allowed) and addresses; `localhost`, `127.0.0.1` and `::1` are always added
 * @returns the certificate followed by the authority's
 * @throws {Error} when the authority's key is another's, or its constraints do not permit a name: clients would refuse
 *   the result with messages that hide the cause
 */
export async function issueLeaf({
  authority,
  names,
  now,
  days = 90,
}: {
  authority: CertificatePair;
  names: readonly string[];
  now: Date;
  days?: number;
}): Promise<CertificatePair> {
  const issuer = new X509Certificate(authority.certificatePem);
  const signingKey = createPrivateKey(authority.keyPem);
  if (!issuer.checkPrivateKey(signingKey))
    throw new Error("the authority's key does not match its certificate");
  if (signingKey.asymmetricKeyType !== 'ec') throw new Error("the authority's key is not an EC key");
  const { permitted } = readFields(issuer);
  const alternatives = certificateNames([...names, ...LOCAL_NAMES]);
  const refused = alternatives.find((name) => permitted && !permitsName(permitted, name));
  if (refused) throw new Error(`the authority may not issue for ${refused.value}`);
  const notAfter = Math.min(now.getTime() + days * DAY, Date.parse(issuer.validTo));
  if (notAfter <= now.getTime()) throw new Error('the authority has expired');

  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: CURVE });
  const { name, keyId } = issuerOf(issuer);
  const certificatePem = signCertificate({
    subject: distinguishedName(commonName(alternatives[0]!.value)),
    issuer: name,
    publicKey,
    signingKey,
    notBefore: new Date(now.getTime() - DAY / 24),
    notAfter: new Date(notAfter),
    ca: false,
    usage: ['digitalSignature'],
    issuerKeyId: keyId,
    extensions: [
      extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTH))),
      extension(
        SUBJECT_ALT_NAME,
        sequence(...alternatives.map(({ type, value }) => generalName(type, value))),
      ),
    ],
  });
  return {
    certificatePem: certificatePem + issuer.toString(),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
