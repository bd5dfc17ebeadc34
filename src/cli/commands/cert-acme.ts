import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACME_FILES, type AcmeState, parseAcmeState } from '../../certs/acme-state.ts';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { writeFileAtomically } from '../../workspace/atomic.ts';
import { readOptional } from '../../workspace/read.ts';
import type { CertSession } from './cert.ts';
import { proveServed } from './cert-renew.ts';

/** The client looks for requests every few seconds. */
const HEARD_WITHIN_SECONDS = 30;
/** Its own limit for asking the authority, twice: with a lost account it asks again. */
const LONGEST_ATTEMPT_SECONDS = 1830;
/** It may be at an attempt already. */
const DONE_WITHIN_SECONDS = 2 * LONGEST_ATTEMPT_SECONDS;
const LOG = 'docker compose logs acme';

/**
 * Has the ACME client ask the authority now, whatever it is waiting for, and waits for the outcome.
 * @throws {UserError} exit 1 when the authority issues nothing, exit 3 when the client does not run
 */
export async function renewByAcme(session: CertSession): Promise<ExitCode> {
  const { args, output, root } = session;
  const request = `${args.switches.has('force') ? 'force' : 'due'} ${randomBytes(8).toString('hex')}`;
  if (!existsSync(resolve(root, 'certs/acme')))
    throw new UserError(
      { message: 'certs/acme is missing', hint: 'run create-secure-stack on the folder' },
      EXIT.refused,
    );
  writeFileAtomically(resolve(root, ACME_FILES.request), `${request}\n`, 0o644);
  if (!args.switches.has('json'))
    output.note('Asking the authority; this takes some seconds, over DNS minutes.');
  const state = await outcome(root, request);
  if (state.result === 'failed')
    throw new UserError({ message: `no certificate: ${state.reason}`, hint: LOG }, EXIT.failed);
  return proveServed(session);
}

async function outcome(root: string, request: string): Promise<AcmeState> {
  const read = (path: string) => readOptional(resolve(root, path));
  const started = Date.now();
  let lastBusy = started;
  const passed = (since: number, seconds: number) => Date.now() - since > seconds * 1000;
  for (;;) {
    const state = parseAcmeState(read(ACME_FILES.status) ?? '');
    if (state?.request === request) return state;
    const heard = read(ACME_FILES.handled)?.trim() === request;
    const busy = Date.now() / 1000 - Number(read(ACME_FILES.busy) ?? 0) < LONGEST_ATTEMPT_SECONDS;
    if (busy) lastBusy = Date.now();
    if (!heard && passed(lastBusy, HEARD_WITHIN_SECONDS))
      throw new UserError(
        {
          message: 'the ACME client does not react; it takes the request up when it runs',
          hint: `docker compose up -d; ${LOG}`,
        },
        EXIT.refused,
      );
    if (passed(started, DONE_WITHIN_SECONDS))
      throw new UserError({ message: 'the ACME client has not come to an end', hint: LOG }, EXIT.failed);
    await sleep(500);
  }
}
