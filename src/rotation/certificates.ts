import { resolve } from 'node:path';
import { renewalReason } from '../certs/inspect.ts';
import { CERTIFICATES, NEXT_AUTHORITY } from '../certs/places.ts';
import { certificateEntries, clientCertificates } from '../certs/report.ts';
import { UserError } from '../errors.ts';
import { readOptional } from '../workspace/read.ts';
import { certificateFiles, type StackFolder } from './folder.ts';
import type { Outcome, Refused, Situation } from './outcomes.ts';
import type { ScheduleEntry } from './schedule.ts';
import { CERTIFICATE, CERTIFICATE_AUTHORITY } from './select.ts';

const IDS: Readonly<Record<string, string>> = {
  [CERTIFICATES.leaf]: CERTIFICATE,
  [CERTIFICATES.authority]: CERTIFICATE_AUTHORITY,
  [NEXT_AUTHORITY.certificate]: `NEXT_${CERTIFICATE_AUTHORITY}`,
};

/** The certificates as if they were secrets, due when `cert status` says so; those that have no name by their file. */
export function certificateSchedule(folder: StackFolder, now: Date): ScheduleEntry[] {
  const { root, stack } = folder;
  const { mode } = stack.edge.tls;
  const read = (path: string): string | undefined => {
    try {
      return readOptional(resolve(root, path));
    } catch (error) {
      // One that may not be read is one that cannot be.
      if (error instanceof UserError) return '';
      throw error;
    }
  };
  const clients = clientCertificates(stack);
  return certificateEntries(mode, read, now, clients).map(({ file, state, certificate, due }) => {
    const id = IDS[file] ?? file;
    const isOurs = mode === 'dev-ca' && id === CERTIFICATE;
    const isMissing = state === 'missing';
    const { app } = clients.find((one) => one.file === file) ?? {};
    return {
      id,
      class: 'certificate',
      kind: 'certificate',
      consumers: file === CERTIFICATES.leaf || app ? ['edge', ...(app ? [app] : [])] : [],
      state: certificate ? 'known' : isMissing ? 'missing' : 'unknown',
      ...(certificate ? { since: certificate.notBefore } : {}),
      ...(due ? { due } : {}),
      // A run makes those that are missing, but for the user's.
      overdue:
        (app !== undefined || !isMissing) &&
        (state !== 'ok' || (isOurs && certificateDue(folder, now) !== undefined)),
      action: isOurs ? 'rotate' : file === CERTIFICATES.leaf ? 'renew' : app ? 'replace' : 'roll over',
    };
  });
}

/** Why the development certificate is due; undefined: it is not, or there is none. */
export function certificateDue(folder: StackFolder, now: Date): string | undefined {
  const files = certificateFiles(folder);
  if (files === undefined) return undefined;
  const authorityPem = readOptional(resolve(folder.root, CERTIFICATES.authority)) ?? '';
  return renewalReason({
    certificatePem: files[CERTIFICATES.leaf]!,
    keyPem: files[CERTIFICATES.leafKey]!,
    authorityPem,
    names: folder.stack.domains,
    now,
  });
}

/** What a rotation does to the development certificate, or why nothing can. */
export function certificateOutcome({ certificate, running, offline }: Situation): Outcome | Refused {
  if (certificate === undefined) return { id: CERTIFICATE, reason: 'there is no development certificate' };
  if ('reason' in certificate) return { id: CERTIFICATE, ...certificate };
  if (!running.has('edge') && !offline)
    return { id: CERTIFICATE, reason: 'edge does not run', hint: 'docker compose up -d --wait edge' };
  return {
    planned: {
      id: CERTIFICATE,
      class: 'certificate',
      procedure: `new key and certificate from the same CA; the edge takes ${offline ? 'it when it starts' : 'them without dropping a connection'}`,
      endsSessions: false,
    },
    changes: [],
  };
}
