import { resolve } from 'node:path';
import { authorityProblem, authorityRenewalReason, renewalReason } from '../certs/inspect.ts';
import { CERTIFICATES, placesOf } from '../certs/places.ts';
import { type CertificateFiles, checkCertificateFiles } from '../certs/user-files.ts';
import { UserError } from '../errors.ts';
import type { Stack } from '../stack/model.ts';
import type { StackSpec } from '../stack/schema.ts';
import { readOptional } from '../workspace/read.ts';
import { acmeFindings } from './acme-certificate.ts';
import { type Finding, findingsOf } from './finding.ts';

const ROLL_OVER = 'bring in the next one: create-secure-stack cert renew --ca';
const RERUN = 'run create-secure-stack on the folder to have it renewed';

export interface CertificateCheck {
  /** There is not one of the files that the edge needs. */
  absent: boolean;
  findings: Finding[];
}

/** Whether the certificates on disk serve the stack's domains, now and for a while. */
export function checkCertificates(root: string, spec: StackSpec, stack: Stack, now: Date): CertificateCheck {
  try {
    const read = (path: string) => readOptional(resolve(root, path));
    const paths = placesOf(spec.tls.mode);
    const missing = paths.filter((path) => read(path) === undefined);
    if (missing.length > 0)
      return { absent: missing.length === paths.length, findings: missing.map(missingFinding) };
    const check = {
      acme: () => acmeFindings(read, stack.domains, now),
      'dev-ca': () => developmentCertificates(read, stack, now),
      files: () => givenCertificates(read, spec, stack, now),
    }[spec.tls.mode];
    return { absent: false, findings: check() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const findings = findingsOf(error, { rule: 'certs.unreadable', severity: 'warning', file: 'certs' });
    return { absent: false, findings };
  }
}

type Read = (path: string) => string | undefined;

function developmentCertificates(read: Read, { domains: names }: Stack, now: Date): Finding[] {
  const authority = {
    certificatePem: read(CERTIFICATES.authority)!,
    keyPem: read(CERTIFICATES.authorityKey)!,
  };
  const leaf = { certificatePem: read(CERTIFICATES.leaf)!, keyPem: read(CERTIFICATES.leafKey)! };
  const ofAuthority = authorityRenewalReason({ authority, names, now });
  const ofLeaf = renewalReason({ ...leaf, authorityPem: authority.certificatePem, names, now });
  const due = (file: string, what: string, reason: string | undefined, hint = RERUN): Finding[] =>
    reason === undefined
      ? []
      : [{ rule: 'certs.renew', severity: 'error', file, message: `${what} is due: ${reason}`, hint }];
  return [
    ...due(
      CERTIFICATES.authority,
      'the development CA',
      ofAuthority,
      // For its age alone a run does not replace it.
      authorityProblem({ authority, names, now }) === undefined ? ROLL_OVER : RERUN,
    ),
    ...due(CERTIFICATES.leaf, 'the certificate', ofLeaf),
  ];
}

/** The copies that the edge serves are checked, and the files they were taken from where those can be read. */
function givenCertificates(read: Read, { tls }: StackSpec, { domains: names }: Stack, now: Date): Finding[] {
  const certificatePem = read(CERTIFICATES.leaf)!;
  const keyPem = read(CERTIFICATES.leafKey)!;
  const served: CertificateFiles = {
    certificatePem,
    keyPem,
    certificateFile: CERTIFICATES.leaf,
    keyFile: CERTIFICATES.leafKey,
    names,
    now,
  };
  const { problems, warnings } = checkCertificateFiles(served);
  const isOutdated = (given: string | undefined, copy: string) => {
    const text = given === undefined ? undefined : read(given);
    return text !== undefined && text !== copy;
  };
  return [
    ...problems.map(
      ({ file = CERTIFICATES.leaf, ...problem }): Finding => ({
        rule: 'certs.invalid',
        severity: 'error',
        file,
        ...problem,
      }),
    ),
    ...warnings.map(
      ({ file = CERTIFICATES.leaf, ...problem }): Finding => ({
        rule: 'certs.warning',
        severity: 'warning',
        file,
        ...problem,
      }),
    ),
    ...(isOutdated(tls.certificate, certificatePem) || isOutdated(tls.key, keyPem)
      ? [
          {
            rule: 'certs.out-of-step',
            severity: 'error',
            file: CERTIFICATES.leaf,
            message: `is not what ${tls.certificate} and ${tls.key} hold now`,
            hint: 'run create-secure-stack on the folder to take them over',
          } as const,
        ]
      : []),
  ];
}

function missingFinding(file: string): Finding {
  return {
    rule: 'certs.missing',
    severity: 'error',
    file,
    message: 'is missing',
    hint: 'run create-secure-stack on the folder',
  };
}
