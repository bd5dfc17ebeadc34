import { ACME_FILES, parseAcmeState } from '../certs/acme-state.ts';
import { CERTIFICATES } from '../certs/places.ts';
import { certificateEntries, expiryText } from '../certs/report.ts';
import { checkCertificateFiles } from '../certs/user-files.ts';
import { dateText } from '../certs/validity.ts';
import type { Finding } from './finding.ts';

const LOG = 'docker compose logs acme';

/** What the ACME client has got so far, and how it fares. Both files that the edge serves are there. */
export function acmeFindings(
  read: (path: string) => string | undefined,
  names: readonly string[],
  now: Date,
): Finding[] {
  const [entry] = certificateEntries('acme', read, now);
  const state = parseAcmeState(read(ACME_FILES.status) ?? '');
  const fails = state?.result === 'failed';
  const due = entry!.state === 'due';
  const failure: Finding[] = fails
    ? [
        {
          rule: 'certs.acme',
          // The old certificate still serves: there is time.
          severity: entry!.state === 'ok' ? 'warning' : 'error',
          file: ACME_FILES.status,
          message: `no certificate could be had since ${dateText(state.failingSince ?? state.time)}: ${state.reason}`,
          hint: LOG,
        },
      ]
    : [];
  if (entry!.state === 'placeholder')
    return [
      ...failure,
      {
        rule: 'certs.placeholder',
        severity: 'note',
        file: CERTIFICATES.leaf,
        message: 'is a placeholder that no browser trusts; the ACME client replaces it when the stack runs',
        hint: LOG,
      },
    ];
  const { problems } = checkCertificateFiles({
    certificatePem: read(CERTIFICATES.leaf)!,
    keyPem: read(CERTIFICATES.leafKey)!,
    certificateFile: CERTIFICATES.leaf,
    keyFile: CERTIFICATES.leafKey,
    names,
    now,
  });
  return [
    ...failure,
    ...problems.map(
      ({ file = CERTIFICATES.leaf, message }): Finding => ({
        rule: 'certs.invalid',
        severity: 'error',
        file,
        message,
        hint: LOG,
      }),
    ),
    ...(due
      ? [
          {
            rule: 'certs.renew',
            severity: 'error',
            file: CERTIFICATES.leaf,
            message: `${expiryText(entry!)}, and has not been renewed`,
            hint: `is the stack running? ${LOG}`,
          } as const,
        ]
      : []),
  ];
}
