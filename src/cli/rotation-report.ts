import type { RotationPlan } from '../rotation/plan.ts';
import type { ScheduleEntry } from '../rotation/schedule.ts';
import { wrap } from './help.ts';
import type { Output } from './output.ts';

const DAY = 86_400_000;

/** What a rotation will do, before the user agrees. */
export function planLines(
  { secrets, refused, restarts, idle, outsiders = [], locked = [], journal }: RotationPlan,
  width: number,
): string[] {
  return [
    ...secrets.flatMap(({ id, class: name, procedure }) => [
      `  ${id} (${name})`,
      ...wrap(procedure, width, '      '),
    ]),
    ...locked.flatMap(({ message, hint }) => wrap(`Refused now: ${message} (${hint}).`, width, '')),
    ...list('Restarted first, to read the passwords on disk', journal?.reread ?? [], width),
    ...(secrets.length > 0 ? restartLines(restarts, width) : []),
    ...list(
      'They have a value that changes, of which stack.yaml knows nothing, and are NOT restarted; do it yourself afterwards',
      outsiders,
      width,
    ),
    ...list('Not running; they take the new values when they start', idle, width),
    ...refusedLines(refused, width),
  ];
}

/** What is interrupted. */
export function restartLines(restarts: RotationPlan['restarts'], width: number): string[] {
  const rolling = restarts.filter((one) => one.rolling).map(({ workload }) => workload);
  const plain = restarts
    .filter((one) => !one.rolling)
    .map(({ workload, awaySeconds: seconds }) =>
      seconds === undefined ? `${workload} (no health check tells for how long)` : about(workload, seconds),
    );
  const lockedOut = restarts.flatMap(({ workload, loginsRefusedSeconds: seconds }) =>
    seconds === undefined ? [] : [about(workload, seconds)],
  );
  return [
    ...list(
      'Replaced one after another, the new container beside the old one, without a gap',
      rolling,
      width,
    ),
    ...list('Restarted one after another, each away until it has started', plain, width),
    ...list('New logins refused until it has the right password', lockedOut, width),
    ...(restarts.length === 0 ? ['Nothing is restarted.'] : []),
  ];
}

function list(what: string, names: readonly string[], width: number): string[] {
  return names.length > 0 ? wrap(`${what}: ${names.join(', ')}.`, width, '') : [];
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

function ageText({ since, state }: ScheduleEntry, now: Date): string {
  if (!since) return state;
  const days = Math.floor((now.getTime() - since.getTime()) / DAY);
  return days < 1 ? 'today' : `${days} d`;
}

const HOW: Readonly<Record<ScheduleEntry['action'], string>> = {
  rotate: '',
  retire: ': --retire',
  renew: ': cert renew',
  'roll over': ': cert renew --ca',
  replace: '',
};

function dueText({ due, overdue, action }: ScheduleEntry, now: Date): string {
  if (overdue) return `now${HOW[action]}`;
  if (!due) return 'never';
  const days = Math.ceil((due.getTime() - now.getTime()) / DAY);
  return `in ${days} d`;
}
