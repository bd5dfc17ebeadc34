import type { Journal } from '../rotation/journal.ts';
import { type Side, type Step, stepsOf, waysOut } from '../rotation/machine.ts';
import type { RotationPlan } from '../rotation/plan.ts';
import type { ScheduleEntry } from '../rotation/schedule.ts';
import type { Stack } from '../stack/model.ts';
import { wrap } from './help.ts';
import type { Output } from './output.ts';

const DAY = 86_400_000;

/** What a rotation will do, before the user agrees. */
export function planLines(
  { secrets, refused, restarts, idle, outsiders = [], locked = [], journal }: RotationPlan,
  width: number,
): string[] {
  const rolling = restarts.filter((one) => one.rolling).map(({ workload }) => workload);
  const plain = restarts
    .filter((one) => !one.rolling)
    .map(({ workload, awaySeconds: seconds }) =>
      seconds === undefined ? `${workload} (no health check tells for how long)` : about(workload, seconds),
    );
  const lockedOut = restarts.flatMap(({ workload, loginsRefusedSeconds: seconds }) =>
    seconds === undefined ? [] : [about(workload, seconds)],
  );
  const list = (what: string, names: readonly string[]): string[] =>
    names.length > 0 ? wrap(`${what}: ${names.join(', ')}.`, width, '') : [];
  return [
    ...secrets.flatMap(({ id, class: name, procedure }) => [
      `  ${id} (${name})`,
      ...wrap(procedure, width, '      '),
    ]),
    ...locked.flatMap(({ message, hint }) => wrap(`Refused now: ${message} (${hint}).`, width, '')),
    ...list('Restarted first, to read the passwords on disk', journal?.reread ?? []),
    ...list('Replaced one after another, the new container beside the old one, without a gap', rolling),
    ...list('Restarted one after another, each away until it has started', plain),
    ...list('New logins refused until it has the new password', lockedOut),
    ...(restarts.length === 0 && secrets.length > 0 ? ['Nothing is restarted.'] : []),
    ...list(
      'They have a value that changes, of which stack.yaml knows nothing, and are NOT restarted; do it yourself afterwards',
      outsiders,
    ),
    ...list('Not running; they take the new values when they start', idle),
    ...refusedLines(refused, width),
  ];
}

function about(workload: string, seconds: number): string {
  return `${workload} (about ${seconds} s)`;
}

export function refusedLines(refused: RotationPlan['refused'], width: number): string[] {
  if (refused.length === 0) return [];
  return [
    'Not rotated:',
    ...refused.flatMap(({ id, reason, hint }) => [
      `  ${id}`,
      ...wrap(`${reason}${hint ? ` (${hint})` : ''}`, width, '      '),
    ]),
  ];
}

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
      return overlap ? files : `${files}, ${ageOf(side)} values only`;
    }
    case 'restart':
      return `${step.workload}: ${words('replace it and wait until it is healthy', `${when === 'unhealthy' ? 'not ' : ''}healthy with its values`)}`;
    case 'reload-edge':
      return `edge: ${words('take the certificate on disk', 'serves the certificate on disk')}`;
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

/** Each secret in one line, as columns under a head. */
export function scheduleRows(
  entries: readonly ScheduleEntry[],
  now: Date,
): { titles: readonly string[]; head: string; rows: readonly string[] } {
  const titles = ['secret', 'class', 'kind', 'age', 'due', 'seen by'];
  const cells = entries.map((entry) => [
    entry.id,
    entry.class,
    entry.kind,
    ageText(entry, now),
    dueText(entry, now),
    entry.consumers.join(', '),
  ]);
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return { titles, head: line(titles), rows: cells.map(line) };
}

/** The same for a terminal. */
export function scheduleLines(entries: readonly ScheduleEntry[], now: Date, output: Output): string[] {
  const { head, rows } = scheduleRows(entries, now);
  return [
    output.style('bold', head, 'stdout'),
    ...rows.map((row, index) => (entries[index]!.overdue ? output.style('yellow', row, 'stdout') : row)),
  ];
}

function ageText({ since }: ScheduleEntry, now: Date): string {
  if (!since) return 'blank';
  const days = Math.floor((now.getTime() - since.getTime()) / DAY);
  return days < 1 ? 'today' : `${days} d`;
}

function dueText({ due, overdue, action }: ScheduleEntry, now: Date): string {
  if (!due) return 'never';
  if (overdue) return action === 'retire' ? 'now: --retire' : 'now';
  const days = Math.ceil((due.getTime() - now.getTime()) / DAY);
  return `in ${days} d`;
}
