import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { keyType, readFields } from './fields.ts';
import { certificateNames, coversName, LOCAL_NAMES, permitsName } from './names.ts';
import { type CertificatePair, readCertificates } from './pem.ts';
import { dateText, validity } from './validity.ts';

/** How the common name ends of a certificate that stands in until an authority has issued one. */
export const PLACEHOLDER_MARK = ' placeholder';

export interface CertificateSummary {
  /** DNS names (punycode, perhaps with `*.`) and addresses the certificate is valid for. */
  names: string[];
  notBefore: Date;
  notAfter: Date;
  /** Common name of the issuer, or its organization where it has none. */
  issuer: string;
  /** `EC P-256`, `RSA 2048`. */
  keyType: string;
  /** SHA-256 in hexadecimal with colons, as browsers and OpenSSL show it. */
  fingerprint: string;
  /** Stands in until an authority has issued one. */
  placeholder: boolean;
}

/**
 * Reads the first certificate of a PEM file.
 * @throws {Error} when there is none, or it cannot be decoded
 */
export function inspectCertificate(pem: string): CertificateSummary {
  const [certificate] = readCertificates(pem);
  if (!certificate) throw new Error('there is no certificate');
  return {
    names: readFields(certificate).names.map(({ value }) => value),
    ...validity(certificate),
    issuer: issuerName(certificate),
    keyType: keyType(certificate.publicKey),
    fingerprint: certificate.fingerprint256,
    placeholder: selfSigned(certificate) && issuerName(certificate).endsWith(PLACEHOLDER_MARK),
  };
}

function selfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

/**
 * Why a development certificate has to be issued anew, e.g. `it expires on 2026-02-22`; undefined when it serves.
 * It is due when a third of its life is left, so that a stack which is re-run now and then never meets the end.
 */
export function renewalReason({
  certificatePem,
  keyPem,
  authorityPem,
  names,
  now,
}: {
  certificatePem: string;
  keyPem: string;
  authorityPem: string;
  names: readonly string[];
  now: Date;
}): string | undefined {
  const pair = readPair({ certificatePem, keyPem });
  const authority = readPair({ certificatePem: authorityPem })?.certificate;
  if (!pair || !authority) return 'it cannot be read';
  const { certificate, chain } = pair;
  if (!pair.keyMatches) return 'its key does not match';
  // The chain's copy too: an authority can be reissued with the same key and other constraints.
  const chainMatches = chain[1]?.raw.equals(authority.raw) ?? false;
  if (!chainMatches || !certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
    return 'another authority issued it';
  }
  const covered = readFields(certificate).names;
  const missing = certificateNames([...names, ...LOCAL_NAMES]).filter((name) => !coversName(covered, name));
  if (missing.length > 0) return `it does not cover ${missing.map(({ value }) => value).join(', ')}`;
  return invalidReason(certificate, now) ?? ageReason(certificate, now);
}

interface AuthorityQuestion {
  authority: CertificatePair;
  names: readonly string[];
  now: Date;
}

/** Why the development authority has to be replaced, now or, for its age, in good time; undefined when it serves. */
export function authorityRenewalReason(question: AuthorityQuestion): string | undefined {
  const problem = authorityProblem(question);
  if (problem !== undefined) return problem;
  return ageReason(readPair(question.authority)!.certificate, question.now);
}

/**
 * Why nothing can be issued with the development authority any more (every device then has to trust another one);
 * undefined when it serves, be it for a short time. One without name constraints will not do either: what trusts it
 * would trust it for every site.
 */
export function authorityProblem({ authority, names, now }: AuthorityQuestion): string | undefined {
  const pair = readPair(authority);
  if (!pair) return 'it cannot be read';
  const { certificate } = pair;
  if (!pair.keyMatches) return 'its key does not match';
  if (!certificate.ca) return 'it is no authority';
  // The one kind of key that leaves are signed with.
  if (certificate.publicKey.asymmetricKeyType !== 'ec') return 'its key is not an EC key';
  const { permitted } = readFields(certificate);
  if (!permitted) return 'it may issue for every name';
  const refused = certificateNames([...names, ...LOCAL_NAMES]).filter(
    (name) => !permitsName(permitted, name),
  );
  if (refused.length > 0) return `it may not issue for ${refused.map(({ value }) => value).join(', ')}`;
  return invalidReason(certificate, now);
}

function invalidReason(certificate: X509Certificate, now: Date): string | undefined {
  const { notBefore, notAfter } = validity(certificate);
  if (now < notBefore) return `it is not valid before ${dateText(notBefore)}`;
  if (now > notAfter) return `it expired on ${dateText(notAfter)}`;
  return undefined;
}

function ageReason(certificate: X509Certificate, now: Date): string | undefined {
  const { notBefore, notAfter } = validity(certificate);
  const left = notAfter.getTime() - now.getTime();
  return left * 3 <= notAfter.getTime() - notBefore.getTime()
    ? `it expires on ${dateText(notAfter)}`
    : undefined;
}

/** Certificate and key decoded; undefined when either cannot be. Errors of the decoder are dropped: they help nobody. */
function readPair({ certificatePem, keyPem }: { certificatePem: string; keyPem?: string }) {
  try {
    const chain = readCertificates(certificatePem);
    const certificate = chain[0]!;
    // Decoded here, where failure is expected, and not first by whoever asks for the names.
    readFields(certificate);
    const keyMatches = keyPem !== undefined && certificate.checkPrivateKey(createPrivateKey(keyPem));
    return { certificate, chain, keyMatches };
  } catch {
    return undefined;
  }
}

function issuerName(certificate: X509Certificate): string {
  // Values of a name that occurs twice are a list; unlike `issuer`, nothing in them is escaped.
  const issuer: Partial<Record<string, string | string[]>> = { ...certificate.toLegacyObject().issuer };
  return [issuer['CN'] ?? issuer['O'] ?? 'unnamed']
    .flat()
    .join(', ')
    .replace(/\p{Cc}/gu, '?');
}
