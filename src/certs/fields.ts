import type { KeyObject, X509Certificate } from 'node:crypto';
import { type DerValue, readDer, readOid } from './der.ts';
import { addressFromBytes, type CertificateName, type PermittedNames } from './names.ts';

/**
 * What `X509Certificate` of Node 20 does not tell, or tells only as text for people (alternative names). Read here
 * rather than with the ASN.1 library, because a re-run that has nothing to issue must not pay for loading that.
 */
export interface CertificateFields {
  /** Subject alternative names; other kinds than DNS names and addresses are left out. */
  names: CertificateName[];
  /** Dotted object identifier, e.g. `1.2.840.10045.4.3.2` for ecdsa-with-SHA256. */
  signatureAlgorithm: string;
  /** Permitted subtrees of the name constraints; undefined when the certificate has no constraints. */
  permitted: PermittedNames | undefined;
}

const SUBJECT_ALT_NAME = '2.5.29.17';
const NAME_CONSTRAINTS = '2.5.29.30';
const TAG = { extensions: 0xa3, permitted: 0xa0, dns: 0x82, ip: 0x87 } as const;

/** @throws {Error} when the certificate's structure is not that of RFC 5280 */
export function readFields(certificate: X509Certificate): CertificateFields {
  const [whole] = readDer(certificate.raw);
  const [body, algorithm] = readDer(whole!.content);
  const extensions = readExtensions(body!);
  const alternatives = extensions.get(SUBJECT_ALT_NAME);
  const constraints = extensions.get(NAME_CONSTRAINTS);
  return {
    names: alternatives ? readDer(alternatives).flatMap(readName) : [],
    signatureAlgorithm: readOid(readDer(algorithm!.content)[0]!.content),
    permitted: constraints && readPermitted(constraints),
  };
}

/** A public key as people name it: `EC P-256`, `RSA 2048`, `ed25519`. */
export function keyType(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return `EC ${CURVES[namedCurve ?? ''] ?? namedCurve ?? 'unknown'}`;
  if (key.asymmetricKeyType?.startsWith('rsa')) return `RSA ${modulusLength}`;
  return key.asymmetricKeyType ?? 'unknown';
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

/** Contents of the extensions' values (each a SEQUENCE in those read here) by object identifier. */
function readExtensions(body: DerValue): Map<string, Buffer> {
  const wrapper = readDer(body.content).find(({ tag }) => tag === TAG.extensions);
  if (!wrapper) return new Map();
  return new Map(
    readDer(readDer(wrapper.content)[0]!.content).map(({ content }) => {
      const parts = readDer(content);
      return [readOid(parts[0]!.content), readDer(parts.at(-1)!.content)[0]!.content];
    }),
  );
}

function readName({ tag, content }: DerValue): CertificateName[] {
  if (tag === TAG.dns) return [{ type: 'dns', value: printable(content) }];
  if (tag === TAG.ip) return [{ type: 'ip', value: addressFromBytes(content) }];
  return [];
}

function readPermitted(constraints: Buffer): PermittedNames {
  const subtrees = readDer(constraints).find(({ tag }) => tag === TAG.permitted);
  const bases = subtrees ? readDer(subtrees.content).map(({ content }) => readDer(content)[0]!) : [];
  return {
    dns: bases.filter(({ tag }) => tag === TAG.dns).map(({ content }) => printable(content)),
    ip: bases.filter(({ tag }) => tag === TAG.ip).map(({ content }) => readBlock(content)),
  };
}

/** An address block is the address followed by its mask (RFC 5280 §4.2.1.10). */
function readBlock(content: Buffer): string {
  const half = content.length / 2;
  const mask = [...content.subarray(half)].map((byte) => byte.toString(2)).join('');
  return `${addressFromBytes(content.subarray(0, half))}/${mask.replaceAll('0', '').length}`;
}

/** An IA5String for people's eyes too: control characters could steer the terminal it is shown on. */
function printable(content: Buffer): string {
  return content.toString('latin1').replace(/[^!-~]/g, '?');
}
