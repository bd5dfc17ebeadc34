import type { Stack, TlsMode } from '../stack/model.ts';
import { type CertificateSummary, inspectCertificate } from './inspect.ts';
import { CERTIFICATES, NEXT_AUTHORITY } from './places.ts';
import { WARNING_DAYS } from './user-files.ts';
import { DAY, dateText } from './validity.ts';

/** `due`: should have been renewed by now. */
export type CertificateState = 'ok' | 'due' | 'expired' | 'placeholder' | 'missing' | 'unreadable';

export interface CertificateEntry {
  what: string;
  /** Relative to the stack's folder. */
  file: string;
  state: CertificateState;
  /** Absent for a certificate that is missing or cannot be read. */
  certificate?: CertificateSummary;
  /** From when on it counts as due; absent like the certificate. */
  due?: Date;
  /** Whole days until it expires; below 0 when it has. */
  daysLeft?: number;
}

/** What the edge shows to an app that asks for a certificate. */
export interface ClientCertificate {
  app: string;
  file: string;
}

export function clientCertificates({
  edge,
  workloads,
}: Pick<Stack, 'workloads'> & { edge: Pick<Stack['edge'], 'routes'> }): ClientCertificate[] {
  const mounts = workloads.flatMap((one) => (one.name === 'edge' ? one.mounts : []));
  const shown = new Map(edge.routes.map(({ app, upstreamTls }) => [app, upstreamTls?.certificate]));
  return [...shown].flatMap(([app, path = '']) =>
    mounts
      .filter(({ target }) => path.startsWith(`${target}/`))
      .map(({ source, target }) => ({ app, file: `${source}${path.slice(target.length)}` })),
  );
}

/** What such a certificate is called. */
export function clientOf(app: string): string {
  return `client certificate for ${app}`;
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
  read: (path: string) => string | undefined,
  now: Date,
  clients: readonly ClientCertificate[] = [],
): CertificateEntry[] {
  const places: [string, string][] = [
    [CERTIFICATES.leaf, 'certificate'],
    ...(mode === 'dev-ca' ? [[CERTIFICATES.authority, 'development CA'] as [string, string]] : []),
  ];
  if (mode === 'dev-ca' && read(NEXT_AUTHORITY.certificate) !== undefined)
    places.push([NEXT_AUTHORITY.certificate, 'next development CA']);
  return [
    ...places.map(([file, what]) => entryOf(file, what, read(file), DUE[mode], now)),
    ...clients.map(({ app, file }) => entryOf(file, clientOf(app), read(file), DUE.files, now)),
  ].sort((a, b) => (a.daysLeft ?? Number.NEGATIVE_INFINITY) - (b.daysLeft ?? Number.NEGATIVE_INFINITY));
}

function entryOf(
  file: string,
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
  const due = dueDate(certificate, rule);
  const left = certificate.notAfter.getTime() - now.getTime();
  return {
    file,
    what,
    certificate,
    due,
    daysLeft: Math.floor(left / DAY),
    state: stateOf(certificate, due, now),
  };
}

function stateOf(certificate: CertificateSummary, due: Date, now: Date): CertificateState {
  if (certificate.placeholder) return 'placeholder';
  if (certificate.notAfter < now) return 'expired';
  return due <= now ? 'due' : 'ok';
}

function dueDate({ notBefore, notAfter }: CertificateSummary, { share, days }: DueRule): Date {
  const life = notAfter.getTime() - notBefore.getTime();
  return new Date(notAfter.getTime() - Math.min(share * life, days * DAY));
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
