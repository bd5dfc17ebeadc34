import { EXIT, UserError } from '../errors.ts';
import { authorityProblem, authorityRenewalReason, renewalReason } from './inspect.ts';
import type { CertificatePair } from './pem.ts';
import { CERTIFICATES } from './places.ts';

/** PEM texts found on disk; a file that is missing is absent. */
export interface ExistingCertificates {
  authorityCertificatePem?: string | undefined;
  authorityKeyPem?: string | undefined;
  /** The authority that is to follow, which devices may trust already. */
  nextAuthority?: CertificatePair | undefined;
  /** The leaf followed by the authority's certificate. */
  certificatePem?: string | undefined;
  keyPem?: string | undefined;
}

export interface DevelopmentCertificates {
  authority: CertificatePair;
  leaf: CertificatePair;
  /** What was issued and why, one line for the user each; empty when everything was kept. */
  changes: string[];
}

/**
 * The present authority, for issuing under it.
 * @param names what it has to be able to issue for
 * @throws {UserError} exit 3 when it cannot
 */
export function presentAuthority({
  certificatePem,
  keyPem,
  names,
  now,
}: {
  certificatePem: string | undefined;
  keyPem: string | undefined;
  names: readonly string[];
  now: Date;
}): CertificatePair {
  const authority = pair(certificatePem, keyPem);
  const problem = authority
    ? authorityProblem({ authority, names, now })
    : (lossReason(certificatePem, keyPem) ?? 'it is missing');
  if (authority && problem === undefined) return authority;
  throw new UserError(
    {
      file: CERTIFICATES.authority,
      message: `the development CA cannot be used: ${problem}`,
      hint: 'run create-secure-stack on the folder to have a new one made',
    },
    EXIT.refused,
  );
}

/**
 * Decides what of a development stack's certificates is kept and issues the rest. What is kept is returned byte for
 * byte, and nothing heavy is loaded when that is everything.
 * @param names domains and addresses the edge answers for
 */
export async function planDevelopmentCertificates({
  stackName,
  names,
  existing = {},
  now,
}: {
  stackName: string;
  names: readonly string[];
  existing?: ExistingCertificates;
  now: Date;
}): Promise<DevelopmentCertificates> {
  const changes: string[] = [];
  let authority = pair(existing.authorityCertificatePem, existing.authorityKeyPem);
  const authorityReason = authority
    ? authorityProblem({ authority, names, now })
    : lossReason(existing.authorityCertificatePem, existing.authorityKeyPem);
  const successor = existing.nextAuthority;
  if (authority && authorityReason === undefined) {
    const age = authorityRenewalReason({ authority, names, now });
    // Not replaced here: that takes the devices' trust away before they could have been told of another one.
    if (age !== undefined)
      changes.push(
        `development CA: ${age}; bring in the next one with "create-secure-stack cert renew --ca"`,
      );
  } else if (successor && authorityProblem({ authority: successor, names, now }) === undefined) {
    authority = successor;
    changes.push(`the next development CA takes over from the old one (${authorityReason})`);
  } else {
    const { createAuthority } = await import('./authority.ts');
    authority = await createAuthority({ stackName, domains: names, now });
    changes.push(
      authorityReason === undefined
        ? 'new development CA'
        : `new development CA in place of the old one (${authorityReason}): devices that trust the old one must trust the new one instead`,
    );
  }

  let leaf = pair(existing.certificatePem, existing.keyPem);
  const leafReason = leaf
    ? renewalReason({ ...leaf, authorityPem: authority.certificatePem, names, now })
    : lossReason(existing.certificatePem, existing.keyPem);
  if (!leaf || leafReason !== undefined) {
    const { issueLeaf } = await import('./leaf.ts');
    leaf = await issueLeaf({ authority, names, now });
    const what = `new certificate for ${names.join(', ')}`;
    changes.push(leafReason === undefined ? what : `${what} in place of the old one (${leafReason})`);
  }
  return { authority, leaf, changes };
}

function pair(certificatePem: string | undefined, keyPem: string | undefined): CertificatePair | undefined {
  return certificatePem !== undefined && keyPem !== undefined ? { certificatePem, keyPem } : undefined;
}

/** Why a pair is not whole; undefined when there was never one. */
function lossReason(certificatePem: string | undefined, keyPem: string | undefined): string | undefined {
  if (certificatePem !== undefined) return 'its key is missing';
  return keyPem !== undefined ? 'the certificate is missing' : undefined;
}
