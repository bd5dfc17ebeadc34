import { resolve } from 'node:path';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { buildStack } from '../../stack/build.ts';
import { readSpec } from '../../stack/load.ts';
import type { Stack } from '../../stack/model.ts';
import type { StackSpec } from '../../stack/schema.ts';
import { givenAnswers } from '../answers.ts';
import type { Invocation } from '../main.ts';

/** A stack's folder, as the actions of `cert` find it. */
export interface CertSession extends Invocation {
  /** Absolute. */
  root: string;
  spec: StackSpec;
  stack: Stack;
  now: Date;
}

/** Shows, renews or has trusted what the edge identifies itself with. */
export async function cert({ args, output }: Invocation): Promise<ExitCode> {
  const { folder, source } = await givenAnswers(args);
  if (folder === undefined || source === undefined)
    throw new UserError(
      { message: 'there is no stack.yaml here', hint: 'name the folder of a stack' },
      EXIT.refused,
    );
  const spec = readSpec(source);
  const session: CertSession = {
    args,
    output,
    root: resolve(folder),
    spec,
    stack: buildStack(spec),
    now: new Date(),
  };
  refuseForeignFlags(session);
  switch (args.action!) {
    case 'status':
      return (await import('./cert-status.ts')).certStatus(session);
    case 'renew':
      return (await import('./cert-renew.ts')).certRenew(session);
    case 'trust':
      return (await import('./cert-trust.ts')).certTrust(session);
  }
}

/** A flag that would silently do nothing could be taken for one that did something. */
function refuseForeignFlags({ args, spec: { tls } }: CertSession): void {
  const { switches, action } = args;
  const refuse = (flag: string, message: string): never => {
    throw new UserError({ message: `--${flag}: ${message}` });
  };
  for (const flag of ['force', 'ca', 'finish'])
    if (switches.has(flag) && action !== 'renew') refuse(flag, 'belongs to cert renew');
  if (switches.has('yes') && action !== 'trust') refuse('yes', `cert ${action} asks nothing`);
  if (switches.has('finish') && !switches.has('ca')) refuse('finish', 'goes with --ca');
  if (switches.has('ca') && tls.mode !== 'dev-ca')
    refuse('ca', `there is no development CA in mode "${tls.mode}"`);
  if (switches.has('force') && tls.mode !== 'acme')
    refuse('force', 'is for mode "acme"; here a renewal is never put off');
}
