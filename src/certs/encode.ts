import { createHash, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { readDer, readOid } from './der.ts';
import {
  bits,
  derValue,
  explicit,
  implicit,
  integer,
  isTrue,
  namedBits,
  octets,
  oid,
  sequence,
  set,
  time,
  utf8,
} from './der-write.ts';
import { addressBytes } from './names.ts';

export const CURVE = 'prime256v1';

const ORGANIZATION = '2.5.4.10';
const COMMON_NAME = '2.5.4.3';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';
/** Limit of a common name (RFC 5280, ub-common-name). */
const COMMON_NAME_LENGTH = 64;

/** Bits of the key usage extension (RFC 5280, section 4.2.1.3). */
export const KEY_USAGES = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;

export interface CertificateRequest {
  /** DER of a Name. */
  subject: Buffer;
  issuer: Buffer;
  publicKey: KeyObject;
  /** The issuer's ECDSA key. */
  signingKey: KeyObject;
  notBefore: Date;
  notAfter: Date;
  ca: boolean;
  usage: readonly (keyof typeof KEY_USAGES)[];
  /** Subject key identifier of the issuer. */
  issuerKeyId: Uint8Array;
  /** Beyond basic constraints, key usage and key identifiers. */
  extensions: readonly Buffer[];
}

/** Builds and signs a certificate (RFC 5280, section 4.1), ECDSA with SHA-256. @returns PEM */
export function signCertificate(request: CertificateRequest): string {
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(randomSerial()),
    algorithm,
    request.issuer,
    sequence(time(request.notBefore), time(request.notAfter)),
    request.subject,
    spki(request.publicKey),
    explicit(
      3,
      sequence(
        extension(BASIC_CONSTRAINTS, authorityConstraints(request.ca), true),
        extension(KEY_USAGE, namedBits(...request.usage.map((name) => KEY_USAGES[name])), true),
        extension(SUBJECT_KEY_IDENTIFIER, octets(keyId(request.publicKey))),
        extension(AUTHORITY_KEY_IDENTIFIER, sequence(implicit(0, request.issuerKeyId))),
        ...request.extensions,
      ),
    ),
  );
  return new X509Certificate(
    sequence(body, algorithm, bits(sign('sha256', body, request.signingKey))),
  ).toString();
}

/** An extension by its object identifier and the DER of its value. */
export function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [isTrue()] : []), octets(value));
}

/**
 * The subject's name from its parts, each its own attribute, so that no character of a value (`,` `+` `=` `"`) can
 * start another attribute as it would in a name written as text.
 */
export function distinguishedName(name: string): Buffer {
  const attribute = (type: string, value: string) => set(sequence(oid(type), utf8(value)));
  return sequence(attribute(ORGANIZATION, 'create-secure-stack'), attribute(COMMON_NAME, name));
}

/** `name` followed by `suffix`, the name cut where the whole would be longer than a common name may be. */
export function commonName(name: string, suffix = ''): string {
  return [...name].slice(0, COMMON_NAME_LENGTH - suffix.length).join('') + suffix;
}

/** A DNS name, an address, or for constraints an address block such as `127.0.0.0/8`. */
export function generalName(type: 'dns' | 'ip', value: string): Buffer {
  return type === 'dns' ? implicit(2, Buffer.from(value, 'ascii')) : implicit(7, addressBytes(value));
}

/** Key identifier of a public key: the first 160 bits of its SHA-256 (RFC 7093 §2, method 1). */
export function keyId(publicKey: KeyObject): Uint8Array {
  const [info] = readDer(spki(publicKey));
  const [, key] = readDer(info!.content);
  // The first byte of a bit string counts its unused bits.
  return createHash('sha256').update(key!.content.subarray(1)).digest().subarray(0, 20);
}

/** Subject and key identifier of an authority, as the certificates that it issues have to repeat them. */
export function issuerOf(certificate: X509Certificate): { name: Buffer; keyId: Uint8Array } {
  const body = readDer(readDer(readDer(certificate.raw)[0]!.content)[0]!.content);
  const subject = body[5]!;
  const extensions = body.find(({ tag }) => tag === 0xa3);
  const identifier =
    extensions &&
    readDer(readDer(extensions.content)[0]!.content)
      .map(({ content }) => readDer(content))
      .find(([id]) => readOid(id!.content) === SUBJECT_KEY_IDENTIFIER);
  return {
    name: derValue(subject.tag, subject.content),
    keyId: identifier ? readDer(identifier.at(-1)!.content)[0]!.content : keyId(certificate.publicKey),
  };
}

function authorityConstraints(ca: boolean): Buffer {
  // Path length 0: the authority issues for servers, never for another authority.
  return ca ? sequence(isTrue(), integer(Buffer.from([0]))) : sequence();
}

/** 127 bits, the highest of them set: positive and without a leading zero byte, as DER wants; 126 bits are random. */
function randomSerial(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  return serial;
}

function spki(key: KeyObject): Buffer {
  return (key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'der' });
}
