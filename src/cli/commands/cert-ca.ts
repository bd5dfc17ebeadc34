import { rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { authorityProblem, inspectCertificate } from '../../certs/inspect.ts';
import { CERTIFICATES, certificateFile, liveFiles, NEXT_AUTHORITY } from '../../certs/places.ts';
import { dateText } from '../../certs/validity.ts';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import type { CertificateInputs } from '../../project/inputs.ts';
import { syncDirectory } from '../../workspace/atomic.ts';
import type { CertSession } from './cert.ts';
import { issuer, proveServed, write } from './cert-renew.ts';

type Authorities = Extract<CertificateInputs, { mode: 'dev-ca' }>;

/**
 * Rolls the development CA over in two steps, between which devices trust both: the next one is made and shown around
 * while the present one still issues; then it takes over. Each step is one transaction;
 * one that was cut off may be repeated.
 */
export async function renewAuthority(session: CertSession, found: Authorities): Promise<ExitCode> {
  return session.args.switches.has('finish') ? takeOver(session, found) : bringIn(session, found);
}

async function bringIn(session: CertSession, found: Authorities): Promise<ExitCode> {
  const { output, stack, now } = session;
  issuer(session, found);
  const next = nextAuthority(found);
  const usable = next && authorityProblem({ authority: next, names: stack.domains, now }) === undefined;
  if (!usable || isPresent(found)) {
    const { createAuthority } = await import('../../certs/authority.ts');
    const { certificatePem, keyPem } = await createAuthority({
      stackName: stack.name,
      domains: stack.domains,
      now,
    });
    await write(session, [
      certificateFile(NEXT_AUTHORITY.certificate, certificatePem),
      certificateFile(NEXT_AUTHORITY.key, keyPem),
    ]);
  }
  output.result(
    [
      `The next development CA is ${NEXT_AUTHORITY.certificate}. The present one still issues, so nothing changes yet.`,
      '1. Have every device trust it too: create-secure-stack cert trust',
      '2. Then let it take over: create-secure-stack cert renew --ca --finish',
    ].join('\n'),
  );
  return EXIT.ok;
}

async function takeOver(session: CertSession, found: Authorities): Promise<ExitCode> {
  const { output, stack, now } = session;
  const next = nextAuthority(found);
  if (!next)
    throw new UserError(
      {
        message: 'there is no next development CA that devices could have learned to trust',
        hint: 'first "create-secure-stack cert renew --ca"',
      },
      EXIT.refused,
    );
  // Cut off between the two steps below, the first is done already.
  if (!isPresent(found)) {
    const problem = authorityProblem({ authority: next, names: stack.domains, now });
    if (problem !== undefined)
      throw new UserError(
        {
          file: NEXT_AUTHORITY.certificate,
          message: `the next development CA cannot be used: ${problem}`,
          hint: 'have another one made: create-secure-stack cert renew --ca',
        },
        EXIT.refused,
      );
    const { issueLeaf } = await import('../../certs/leaf.ts');
    const leaf = await issueLeaf({ authority: next, names: stack.domains, now });
    await write(session, [
      certificateFile(CERTIFICATES.authority, next.certificatePem),
      certificateFile(CERTIFICATES.authorityKey, next.keyPem),
      ...liveFiles(leaf),
    ]);
  }
  for (const path of Object.values(NEXT_AUTHORITY)) rmSync(resolve(session.root, path), { force: true });
  syncDirectory(dirname(resolve(session.root, NEXT_AUTHORITY.key)));
  const code = await proveServed(session);
  if (!isPresent(found) && found.authority !== undefined) output.note(farewell(found.authority));
  return code;
}

function farewell(certificatePem: string): string {
  const { issuer, notAfter, fingerprint } = inspectCertificate(certificatePem);
  return `Devices may now forget the old one: ${issuer}, until ${dateText(notAfter)}, SHA-256 ${fingerprint}.`;
}

function nextAuthority({ next, nextKey }: Authorities) {
  return next !== undefined && nextKey !== undefined ? { certificatePem: next, keyPem: nextKey } : undefined;
}

function isPresent({ next, authority }: Authorities): boolean {
  return next !== undefined && next === authority;
}
