import type { ScheduleEntry } from './schedule.ts';

/**
 * The schedule in the text format that node_exporter's textfile collector reads. Names and dates, no values.
 * @param open whether a rotation was interrupted
 */
export function prometheusText(
  stack: string,
  entries: readonly ScheduleEntry[],
  { open, now }: { open: boolean; now: Date },
): string {
  const labels = ({ id, class: name }: ScheduleEntry): string =>
    `{stack=${quoted(stack)},secret=${quoted(id)},class=${quoted(name)}}`;
  const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
  const family = (name: string, help: string, lines: readonly string[]): string[] => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...lines.map((line) => `${name}${line}`),
  ];
  return [
    ...family(
      'secure_stack_secret_set_timestamp_seconds',
      'When the present value was set.',
      entries.flatMap((entry) => (entry.since ? [`${labels(entry)} ${seconds(entry.since)}`] : [])),
    ),
    ...family(
      'secure_stack_secret_due_timestamp_seconds',
      'When the value has to be replaced.',
      entries.flatMap((entry) => (entry.due ? [`${labels(entry)} ${seconds(entry.due)}`] : [])),
    ),
    ...family(
      'secure_stack_secret_overdue',
      'Whether it is due, 1 or 0.',
      entries.map((entry) => `${labels(entry)} ${entry.overdue ? 1 : 0}`),
    ),
    ...(['unknown', 'missing'] as const).flatMap((state) =>
      family(
        `secure_stack_secret_${state}`,
        state === 'unknown' ? 'Whether nobody knows since when it is.' : 'Whether there is no value.',
        entries.map((entry) => `${labels(entry)} ${entry.state === state ? 1 : 0}`),
      ),
    ),
    ...family('secure_stack_rotation_open', 'Whether a rotation was interrupted.', [
      `{stack=${quoted(stack)}} ${open ? 1 : 0}`,
    ]),
    ...family('secure_stack_status_timestamp_seconds', 'When this was written.', [
      `{stack=${quoted(stack)}} ${seconds(now)}`,
    ]),
    '',
  ].join('\n');
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
