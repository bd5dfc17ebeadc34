import type { Stack } from '../stack/model.ts';
import type { Journal } from './journal.ts';
import { type Side, type Step, stepsOf, waysOut } from './machine.ts';

/** A step in words: as what is to come, or as what happened; a proof says what it proved. */
export function stepText(step: Step, when: 'ahead' | 'done' | 'unhealthy'): string {
  const words = (ahead: string, done: string): string => (when === 'ahead' ? ahead : done);
  const password = 'side' in step ? `${ageOf(step.side)} password` : '';
  switch (step.do) {
    case 'reread':
      return `${step.service}: ${words('restart it, which makes it read the passwords on disk', 'restarted, with the passwords on disk')}`;
    case 'accept': {
      const end = step.ends ? `, the ${ageOf(step.side === 'after' ? 'before' : 'after')} one ends` : '';
      return `${step.secret}: ${words(`set the ${password} in its service`, `${password} set in its service`)}${end}`;
    }
    case 'prove':
      return `${step.secret}: ${words(`log in with the ${password}`, `${password} logs in over the network`)}`;
    case 'refuse':
      return `${step.secret}: ${words(`see that the ${password} is refused`, `${password} is refused`)}`;
    case 'revoke':
      return `${step.secret}: ${step.ended ? words('end any other login', 'any other login ended') : words(`end the ${password}`, `${password} ended`)}`;
    case 'end-sessions':
      return `${step.secret}: ${words('end sessions', 'sessions ended')}`;
    case 'files': {
      const { overlap, side } = step.state;
      const files = words('write env file and secret files', 'env file and secret files written');
      const values = overlap
        ? { before: 'old values, services accept both', after: 'new values, old ones still accepted' }[side]
        : `${ageOf(side)} values only`;
      return `${files}: ${values}`;
    }
    case 'restart':
      return `${step.workload}: ${words('replace it and wait until it is healthy', `${when === 'unhealthy' ? 'not ' : ''}healthy with its values`)}`;
    case 'reload-edge':
      return `edge: ${words('take the certificate on disk', when === 'unhealthy' ? 'does not run; takes the certificate when it starts' : 'serves the certificate on disk')}`;
    case 'reencrypt':
      return `${step.workload}: ${words('encrypt stored data anew', 'stored data encrypted anew')}`;
  }
}

function ageOf(side: Side): 'new' | 'old' {
  return side === 'after' ? 'new' : 'old';
}

/** Where an interrupted rotation stands, and what can be done. */
export function openLines(journal: Journal, stack: Pick<Stack, 'secrets'>): string[] {
  const steps = stepsOf(journal);
  const next = steps[journal.done];
  return [
    `A rotation of ${changedSecrets(journal, stack).join(', ')} from ${journal.started} was interrupted${journal.direction === 'back' ? ' on its way back' : ''}.`,
    `${journal.done} of ${steps.length} steps are complete${next ? `; the next one: ${stepText(next, 'ahead')}` : ''}.`,
    `${waysOut(journal)}.`,
  ];
}

/** Counters and settings are no secrets. */
export function changedSecrets(
  { changes, certificate }: Journal,
  { secrets }: Pick<Stack, 'secrets'>,
): string[] {
  const settings = new Set(secrets.filter(({ kind }) => kind === 'setting').map(({ id }) => id));
  return [
    ...changes.map(({ id }) => id).filter((id) => !id.endsWith('_SECRETS_REV') && !settings.has(id)),
    ...(certificate ? ['CERTIFICATE'] : []),
  ];
}
