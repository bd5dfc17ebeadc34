import type { X509Certificate } from 'node:crypto';
import type { Problem } from '../errors.ts';
import { keyType, readFields } from './fields.ts';
import { dateText, validity } from './validity.ts';

/** Signatures that clients refuse: MD5 and SHA-1 with RSA, DSA and ECDSA. */
const BROKEN_SIGNATURES = new Set([
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.2.840.10040.4.3',
  '1.2.840.10045.4.1',
  '1.3.14.3.2.29',
]);
const MIN_RSA_BITS = 2048;

export const WRONG_ORDER: Problem = {
  message: 'the certificates are in the wrong order',
  hint: 'first the server’s, then the one that issued it, and so on',
};

/**
 * Checks certificates as they stand in a server's file: each usable by itself, each issued by the next.
 * @param chain the server's certificate first
 */
export function chainFindings(
  chain: readonly X509Certificate[],
  now: Date,
): { problems: Problem[]; warnings: Problem[] } {
  const problems = chain.flatMap((certificate, index) =>
    certificateProblems(certificate, title(chain, index), now),
  );
  const warnings: Problem[] = [];
  const breaks = chain.slice(1).flatMap((issuer, index) => linkProblem(chain, index, issuer));
  if (breaks.length > 0 && sortable(chain)) {
    problems.push(WRONG_ORDER);
  } else problems.push(...breaks);

  const [leaf, ...rest] = chain;
  if (leaf && rest.length === 0) {
    warnings.push(
      selfSigned(leaf)
        ? {
            message: 'the certificate is self-signed',
            hint: 'clients refuse it until they are told to trust it',
          }
        : {
            message: 'the file holds the server’s certificate alone',
            hint: 'most authorities issue through an intermediate certificate, which belongs after it (often called fullchain.pem)',
          },
    );
  }
  return { problems, warnings };
}

function certificateProblems(certificate: X509Certificate, what: string, now: Date): Problem[] {
  const problems: Problem[] = [];
  const { notBefore, notAfter } = validity(certificate);
  if (now < notBefore)
    problems.push({ message: `${what} is not valid before ${dateText(notBefore)}`, hint: 'check the clock' });
  if (now > notAfter)
    problems.push({ message: `${what} expired on ${dateText(notAfter)}`, hint: 'renew it' });
  const weakness = keyWeakness(certificate);
  if (weakness)
    problems.push({
      message: `${what} has a ${weakness}`,
      hint: 'use EC P-256 or RSA with 2048 bits or more',
    });
  // Nobody relies on the signature of a root under itself.
  if (
    BROKEN_SIGNATURES.has(readFields(certificate).signatureAlgorithm) &&
    !(certificate.ca && selfSigned(certificate))
  ) {
    problems.push({
      message: `${what} is signed with SHA-1 or MD5`,
      hint: 'clients refuse it; have it reissued with SHA-256',
    });
  }
  return problems;
}

function keyWeakness({ publicKey }: X509Certificate): string | undefined {
  const { modulusLength = 0 } = publicKey.asymmetricKeyDetails ?? {};
  const type = keyType(publicKey);
  if (/^EC P-(256|384|521)$/.test(type)) return undefined;
  if (!type.startsWith('RSA ')) return `key of a kind that browsers do not accept (${type})`;
  return modulusLength < MIN_RSA_BITS ? `weak key (${type})` : undefined;
}

function linkProblem(chain: readonly X509Certificate[], index: number, issuer: X509Certificate): Problem[] {
  const certificate = chain[index]!;
  if (issued(certificate, issuer)) {
    return issuer.ca
      ? []
      : [{ message: `${title(chain, index + 1)} is not that of an authority, yet issued one` }];
  }
  return [
    {
      message: `${title(chain, index + 1)} did not issue ${title(chain, index)}`,
      hint: 'each certificate is followed by the one that issued it; fetch the chain from the authority again',
    },
  ];
}

/** Whether the certificates form one chain when put in some other order. */
function sortable(chain: readonly X509Certificate[]): boolean {
  const start = chain.find((leaf) => !chain.some((other) => other !== leaf && issued(other, leaf)));
  let current = start;
  const left = new Set(chain);
  while (current) {
    left.delete(current);
    const certificate: X509Certificate = current;
    current = [...left].find((other) => issued(certificate, other));
  }
  return left.size === 0;
}

function issued(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Not `issued`, which demands the right to sign certificates: a server that vouches for itself need not have it. */
function selfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

function title(chain: readonly X509Certificate[], index: number): string {
  return chain.length === 1 ? 'the certificate' : `certificate ${index + 1}`;
}
