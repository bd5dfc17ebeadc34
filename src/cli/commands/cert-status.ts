import { resolve } from 'node:path';
import { ACME_FILES, type AcmeState, parseAcmeState } from '../../certs/acme-state.ts';
import { CERTIFICATES } from '../../certs/places.ts';
import {
  type CertificateEntry,
  certificateEntries,
  clientCertificates,
  expiryText,
} from '../../certs/report.ts';
import { edgeAddress, servedCertificate } from '../../certs/served.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import { readOptional } from '../../workspace/read.ts';
import { wrap } from '../help.ts';
import { version } from '../version.ts';
import type { CertSession } from './cert.ts';

/** What is on disk, by expiry, and what a client gets. Exit code 4 when something is due or not served. */
export async function certStatus({ args, output, root, spec, stack, now }: CertSession): Promise<ExitCode> {
  const read = (path: string) => readOptional(resolve(root, path));
  const entries = certificateEntries(spec.tls.mode, read, now, clientCertificates(stack));
  const acme = spec.tls.mode === 'acme' ? parseAcmeState(read(ACME_FILES.status) ?? '') : undefined;
  const address = edgeAddress(stack);
  const fingerprint = (await servedCertificate(address))?.fingerprint256;
  const onDisk = entries.find(({ file }) => file === CERTIFICATES.leaf)?.certificate?.fingerprint;
  const served = {
    at: `${address.host}:${address.port}`,
    state: fingerprint === undefined ? 'no answer' : fingerprint === onDisk ? 'current' : 'another',
    ...(fingerprint === undefined ? {} : { fingerprint }),
  } as const;
  const ok =
    entries.every(({ state }) => state === 'ok') && served.state !== 'another' && acme?.result !== 'failed';
  output.result(
    args.switches.has('json')
      ? JSON.stringify({ version, dir: root, ok, certificates: entries, served, acme }, null, 2)
      : [
          ...entries.flatMap((entry) => entryLines(entry, output.width)),
          servedLine(served),
          ...(spec.tls.mode === 'acme' ? acmeLines(acme, output.width) : []),
        ].join('\n'),
  );
  return ok ? EXIT.ok : EXIT.findings;
}

function entryLines(entry: CertificateEntry, width: number): string[] {
  const { what, file, certificate } = entry;
  return [
    `${file}: ${what} ${expiryText(entry)}`,
    ...(certificate === undefined
      ? []
      : [
          ...(certificate.names.length > 0 ? wrap(`for ${certificate.names.join(', ')}`, width, '    ') : []),
          `    by ${certificate.issuer}, ${certificate.keyType}`,
          `    SHA-256 ${certificate.fingerprint}`,
        ]),
  ];
}

function servedLine({ at, state }: { at: string; state: 'no answer' | 'current' | 'another' }): string {
  if (state === 'no answer')
    return `Nobody answers at ${at}; the edge serves ${CERTIFICATES.leaf} when it starts.`;
  return state === 'current'
    ? `Served at ${at}: this certificate.`
    : `Served at ${at}: another certificate (docker compose logs edge).`;
}

function acmeLines(state: AcmeState | undefined, width: number): string[] {
  if (state === undefined) return ['The ACME client has not asked for a certificate yet.'];
  const at = (date: Date) => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (state.result === 'issued')
    return [`ACME client: all well at ${at(state.time)}; it looks again at ${at(state.next)}.`];
  return wrap(
    `ACME client: failed at ${at(state.time)}: ${state.reason}. It tries again at ${at(state.next)}; "create-secure-stack cert renew" makes it try now.`,
    width,
    '',
  );
}
