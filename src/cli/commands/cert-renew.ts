import { resolve } from 'node:path';
import { presentAuthority } from '../../certs/development.ts';
import { inspectCertificate } from '../../certs/inspect.ts';
import type { CertificatePair } from '../../certs/pem.ts';
import { CERTIFICATES, liveFiles } from '../../certs/places.ts';
import { edgeAddress, waitUntilServed } from '../../certs/served.ts';
import { checkCertificateFiles } from '../../certs/user-files.ts';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import type { GeneratedFile } from '../../fileset.ts';
import { type CertificateInputs, readInputs } from '../../project/inputs.ts';
import { applyPlan, planSecretFiles, recover, withLock } from '../../workspace/index.ts';
import { readOptional } from '../../workspace/read.ts';
import { version } from '../version.ts';
import type { CertSession } from './cert.ts';

/** The edge looks for new files every few seconds; a reload under load takes some more. */
const SERVED_WITHIN_SECONDS = 30;

/** A new certificate now, and the proof that it is served. */
export async function certRenew(session: CertSession): Promise<ExitCode> {
  const { args, root, spec, stack } = session;
  if (spec.tls.mode === 'acme') return (await import('./cert-acme.ts')).renewByAcme(session);
  return withLock(root, async () => {
    await recover(root);
    const { certificates } = readInputs(root, spec, stack);
    if (certificates.mode === 'files') return takeFiles(session, certificates);
    if (certificates.mode !== 'dev-ca') throw new Error(`no renewal for ${certificates.mode}`);
    if (args.switches.has('ca')) return (await import('./cert-ca.ts')).renewAuthority(session, certificates);
    return renewLeaf(session, issuer(session, certificates));
  });
}

async function renewLeaf(session: CertSession, authority: CertificatePair): Promise<ExitCode> {
  const { issueLeaf } = await import('../../certs/leaf.ts');
  const leaf = await issueLeaf({ authority, names: session.stack.domains, now: session.now });
  await write(session, liveFiles(leaf));
  return proveServed(session);
}

/** The files are read again, as a re-run would, and nothing else. */
async function takeFiles(
  session: CertSession,
  { certificate, key, certificateFile: file, keyFile }: Extract<CertificateInputs, { mode: 'files' }>,
): Promise<ExitCode> {
  const { problems, warnings } = checkCertificateFiles({
    certificatePem: certificate,
    keyPem: key,
    certificateFile: file,
    keyFile,
    names: session.stack.domains,
    now: session.now,
  });
  if (problems.length > 0) throw new UserError(problems, EXIT.refused);
  for (const { message } of warnings) session.output.note(`${file}: ${message}`);
  await write(session, liveFiles({ certificatePem: certificate, keyPem: key }));
  return proveServed(session);
}

/** @throws {UserError} when the CA cannot issue for the stack's names */
export function issuer(
  { stack, now }: CertSession,
  { authority, authorityKey }: Extract<CertificateInputs, { mode: 'dev-ca' }>,
): CertificatePair {
  return presentAuthority({
    certificatePem: authority,
    keyPem: authorityKey,
    names: stack.domains,
    now,
  });
}

/** All of the files or none. */
export async function write({ root }: CertSession, files: readonly GeneratedFile[]): Promise<void> {
  await applyPlan(planSecretFiles(root, files), { toolVersion: version });
}

/**
 * Waits until a client gets what is on disk, and says so.
 * @throws {UserError} exit 1 when the edge goes on with another certificate
 */
export async function proveServed({ args, output, root, stack }: CertSession): Promise<ExitCode> {
  const { fingerprint, notAfter, names } = inspectCertificate(
    readOptional(resolve(root, CERTIFICATES.leaf)) ?? '',
  );
  const address = edgeAddress(stack);
  const at = `${address.host}:${address.port}`;
  const served = await waitUntilServed(address, fingerprint, SERVED_WITHIN_SECONDS);
  if (served === 'another')
    throw new UserError(
      {
        message: `what answers at ${at} goes on with another certificate than ${CERTIFICATES.leaf}`,
        hint: 'docker compose logs edge',
      },
      EXIT.failed,
    );
  output.result(
    args.switches.has('json')
      ? JSON.stringify(
          { version, dir: root, fingerprint, names, notAfter, served: served === 'served' },
          null,
          2,
        )
      : [
          `Certificate for ${names.join(', ')}, until ${notAfter.toISOString().slice(0, 10)}`,
          `SHA-256 ${fingerprint}`,
          served === 'no answer'
            ? `Nobody answers at ${at}; the edge serves it when it starts.`
            : `Served at ${at}: this certificate.`,
        ].join('\n'),
  );
  return EXIT.ok;
}
