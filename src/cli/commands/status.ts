import { resolve } from 'node:path';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { otherEnvironments } from '../../rotation/environments.ts';
import { openFolder } from '../../rotation/folder.ts';
import { readRotation, rotationJournalPath } from '../../rotation/journal.ts';
import { prometheusText } from '../../rotation/prometheus.ts';
import { folderSchedule } from '../../rotation/propose.ts';
import { sharedValues } from '../../rotation/shared.ts';
import { openLines } from '../../rotation/words.ts';
import { writeFileAtomically } from '../../workspace/atomic.ts';
import { givenAnswers } from '../answers.ts';
import type { Invocation } from '../main.ts';
import { scheduleLines } from '../rotation-report.ts';
import { version } from '../version.ts';

/** Tells what is due, what is open and what is shared; changes nothing. Exit code 4 when there is any of it. */
export async function status({ args, output }: Invocation): Promise<ExitCode> {
  const { folder: named, source } = await givenAnswers(args);
  if (named === undefined || source === undefined)
    throw new UserError(
      { message: 'there is no stack.yaml here', hint: 'name the folder of a stack' },
      EXIT.refused,
    );
  const textfile = args.values.get('prometheus')?.[0];
  // Another name is a mistake: node_exporter does not read it, and it could be that of a file with secrets.
  if (textfile !== undefined && !textfile.endsWith('.prom'))
    throw new UserError({
      flag: '--prometheus',
      message: `${textfile} does not end in .prom`,
      hint: 'node_exporter reads no other files',
    });
  const now = new Date();
  const folder = openFolder(named, source);
  const { root, stack, env } = folder;
  const entries = folderSchedule(folder, now);
  const open = readRotation(rotationJournalPath(resolve(root, stack.secretStore.directory)));
  const others = otherEnvironments(folder, args.values.get('against') ?? []);
  const ids = stack.secrets
    .filter(({ kind }) => kind !== 'derived' && kind !== 'setting')
    .map(({ id }) => id);
  const shared = sharedValues(env.values, ids, others);
  const due = entries.filter(({ overdue }) => overdue);
  const missing = entries.filter(({ state, overdue }) => state === 'missing' && !overdue).map(({ id }) => id);

  if (textfile !== undefined)
    writeTextfile(textfile, prometheusText(stack.name, entries, { open: open !== undefined, now }));
  if (args.switches.has('json')) {
    output.result(
      JSON.stringify(
        {
          version,
          dir: root,
          secrets: entries,
          due: due.map(({ id, action }) => ({ id, action })),
          missing,
          open: open ? openLines(open, stack) : [],
          shared,
        },
        null,
        2,
      ),
    );
  } else {
    output.result(
      [
        ...scheduleLines(entries, now, output),
        ...(open ? ['', ...openLines(open, stack)] : []),
        ...shared.map(
          ({ id, other, otherId }) =>
            `${id} has the same value as ${otherId} in ${other}: give each its own.`,
        ),
        '',
        ...(missing.length > 0
          ? [`Missing: ${missing.join(', ')}: run create-secure-stack on the folder.`]
          : []),
        due.length > 0 ? `Due: ${due.map(({ id }) => id).join(', ')}.` : 'Nothing is due.',
      ].join('\n'),
    );
  }
  return [due, missing, shared].some(({ length }) => length > 0) || open !== undefined
    ? EXIT.findings
    : EXIT.ok;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'is a folder',
  EACCES: 'may not be written',
  EPERM: 'may not be written',
  EROFS: 'may not be written',
};

/** @throws {UserError} exit 1 when it cannot be written there */
function writeTextfile(file: string, text: string): void {
  try {
    writeFileAtomically(resolve(file), text, 0o644);
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new UserError({ flag: '--prometheus', message: `${file}: ${reason}` }, EXIT.failed);
  }
}
