import { createHash, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

export const CURVE = 'prime256v1';

const ORGANIZATION = '2.5.4.10';
const COMMON_NAME = '2.5.4.3';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
/** Limit of a common name (RFC 5280, ub-common-name). */
const COMMON_NAME_LENGTH = 64;

export interface CertificateRequest {
  subject: Name;
  issuer: Name;
  publicKey: KeyObject;
  /** The issuer's ECDSA key. */
  signingKey: KeyObject;
  notBefore: Date;
  notAfter: Date;
  ca: boolean;
  /** Bits of `KeyUsageFlags`. */
  usage: number;
  /** Subject key identifier of the issuer. */
  issuerKeyId: Uint8Array;
  /** Beyond basic constraints, key usage and key identifiers. */
  extensions: readonly Extension[];
}

/** Builds and signs a certificate, ECDSA with SHA-256. @returns PEM */
export function signCertificate(request: CertificateRequest): string {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const body = new TBSCertificate({
    version: Version.v3,
    serialNumber: arrayBuffer(randomSerial()),
    signature: algorithm,
    issuer: request.issuer,
    validity: new Validity({ notBefore: request.notBefore, notAfter: request.notAfter }),
    subject: request.subject,
    subjectPublicKeyInfo: AsnConvert.parse(spki(request.publicKey), SubjectPublicKeyInfo),
    extensions: new Extensions([
      extension(id_ce_basicConstraints, authorityConstraints(request.ca), true),
      extension(id_ce_keyUsage, new KeyUsage(request.usage), true),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(arrayBuffer(keyId(request.publicKey)))),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(arrayBuffer(request.issuerKeyId)) }),
      ),
      ...request.extensions,
    ]),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(body)), request.signingKey);
  const certificate = new Certificate({
    tbsCertificate: body,
    signatureAlgorithm: algorithm,
    signatureValue: arrayBuffer(signature),
  });
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))).toString();
}

export function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/**
 * The subject's name from its parts, each its own attribute, so that no character of a value (`,` `+` `=` `"`) can
 * start another attribute as it would in a name written as text.
 */
export function distinguishedName(commonName: string): Name {
  const attribute = (type: string, utf8String: string) =>
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) }),
    ]);
  return new Name([attribute(ORGANIZATION, 'create-secure-stack'), attribute(COMMON_NAME, commonName)]);
}

/** `name` followed by `suffix`, the name cut where the whole would be longer than a common name may be. */
export function commonName(name: string, suffix = ''): string {
  return [...name].slice(0, COMMON_NAME_LENGTH - suffix.length).join('') + suffix;
}

/** A DNS name, an address, or for constraints an address block such as `127.0.0.0/8`. */
export function generalName(type: 'dns' | 'ip', value: string): GeneralName {
  return new GeneralName(type === 'dns' ? { dNSName: value } : { iPAddress: value });
}

/** Key identifier of a public key: the first 160 bits of its SHA-256 (RFC 7093 §2, method 1). */
export function keyId(publicKey: KeyObject): Uint8Array {
  const { subjectPublicKey } = AsnConvert.parse(spki(publicKey), SubjectPublicKeyInfo);
  return createHash('sha256').update(new Uint8Array(subjectPublicKey)).digest().subarray(0, 20);
}

/** Subject and key identifier of an authority, as the certificates that it issues have to repeat them. */
export function issuerOf(certificate: X509Certificate): { name: Name; keyId: Uint8Array } {
  const { tbsCertificate } = AsnConvert.parse(certificate.raw, Certificate);
  const identifier = tbsCertificate.extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  return {
    name: tbsCertificate.subject,
    keyId: identifier
      ? new Uint8Array(AsnConvert.parse(identifier.extnValue.buffer, SubjectKeyIdentifier).buffer)
      : keyId(certificate.publicKey),
  };
}

function authorityConstraints(ca: boolean): BasicConstraints {
  // Path length 0: the authority issues for servers, never for another authority.
  return ca ? new BasicConstraints({ cA: true, pathLenConstraint: 0 }) : new BasicConstraints();
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

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
