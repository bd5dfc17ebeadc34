import type { TlsMode } from '../stack/model.ts';
import { type CertificateSummary, inspectCertificate } from './inspect.ts';
import { CERTIFICATES, type CertificatePlace, NEXT_AUTHORITY } from './places.ts';
import { WARNING_DAYS } from './user-files.ts';
import { DAY, dateText } from './validity.ts';

/** `due`: should have been renewed by now. */
export type CertificateState = 'ok' | 'due' | 'expired' | 'placeholder' | 'missing' | 'unreadable';

export interface CertificateEntry {
  what: string;
  file: CertificatePlace;
  state: CertificateState;
  /** Absent for a certificate that is missing or cannot be read. */
  certificate?: CertificateSummary;
  /** Whole days until it expires; below 0 when it has. */
  daysLeft?: number;
}

/**
 * When a certificate counts as due: with this part of its life left, and at most so many days. The ACME client renews
 * when a third is left (of short lives: half): with a quarter left it has failed for long. Who brings files of their own
 * decides when.
 */
interface DueRule {
  share: number;
  days: number;
}

const DUE: Readonly<Record<TlsMode, DueRule>> = {
  'dev-ca': { share: 1 / 3, days: Number.POSITIVE_INFINITY },
  acme: { share: 1 / 4, days: Number.POSITIVE_INFINITY },
  files: { share: 1 / 3, days: WARNING_DAYS },
};

/**
 * The stack's certificates, the first to expire first. Pure: the files come through `read`.
 * @param read text of a file of the stack; undefined when there is none
 */
export function certificateEntries(
  mode: TlsMode,
  read: (path: CertificatePlace) => string | undefined,
  now: Date,
): CertificateEntry[] {
  const places: [CertificatePlace, string][] = [
    [CERTIFICATES.leaf, 'certificate'],
    ...(mode === 'dev-ca' ? [[CERTIFICATES.authority, 'development CA'] as [CertificatePlace, string]] : []),
  ];
  if (mode === 'dev-ca' && read(NEXT_AUTHORITY.certificate) !== undefined)
    places.push([NEXT_AUTHORITY.certificate, 'next development CA']);
  return places
    .map(([file, what]) => entryOf(file, what, read(file), DUE[mode], now))
    .sort((a, b) => (a.daysLeft ?? Number.NEGATIVE_INFINITY) - (b.daysLeft ?? Number.NEGATIVE_INFINITY));
}

function entryOf(
  file: CertificatePlace,
  what: string,
  pem: string | undefined,
  rule: DueRule,
  now: Date,
): CertificateEntry {
  if (pem === undefined) return { file, what, state: 'missing' };
  let certificate: CertificateSummary;
  try {
    certificate = inspectCertificate(pem);
  } catch {
    return { file, what, state: 'unreadable' };
  }
  const left = certificate.notAfter.getTime() - now.getTime();
  return {
    file,
    what,
    certificate,
    daysLeft: Math.floor(left / DAY),
    state: stateOf(certificate, rule, now),
  };
}

function stateOf(certificate: CertificateSummary, rule: DueRule, now: Date): CertificateState {
  if (certificate.placeholder) return 'placeholder';
  if (certificate.notAfter < now) return 'expired';
  return isDue(certificate, rule, now) ? 'due' : 'ok';
}

function isDue({ notBefore, notAfter }: CertificateSummary, { share, days }: DueRule, now: Date): boolean {
  const life = notAfter.getTime() - notBefore.getTime();
  return notAfter.getTime() - now.getTime() <= Math.min(share * life, days * DAY);
}

/** What is known of a certificate, in words: `expires on 2027-02-22, in 87 days`. */
export function expiryText({ certificate, daysLeft, state }: CertificateEntry): string {
  if (state === 'missing') return 'is missing';
  if (certificate === undefined || daysLeft === undefined) return 'cannot be read';
  const date = dateText(certificate.notAfter);
  if (state === 'placeholder') return 'is a placeholder; none has been issued yet';
  if (state === 'expired') return `expired on ${date}`;
  return `expires on ${date}, in ${daysLeft} day${daysLeft === 1 ? '' : 's'}`;
}
