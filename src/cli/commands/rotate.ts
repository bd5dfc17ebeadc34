import { resolve } from 'node:path';
import { EXIT, type ExitCode, type Problem, UserError } from '../../errors.ts';
import { begin, type CarryOutInput, probed, resume, rollBack, stepsAhead } from '../../rotation/carry-out.ts';
import { openFolder, refuseChangedAnswers, refuseDrift, type StackFolder } from '../../rotation/folder.ts';
import {
  type Journal,
  readRotation,
  rotationJournalPath,
  sweepRotationDrafts,
} from '../../rotation/journal.ts';
import { canRollBack, waysOut } from '../../rotation/machine.ts';
import { proposeRotation } from '../../rotation/propose.ts';
import { isEmptyRequest, type Request, ROTATION_CLASSES, type RotationClass } from '../../rotation/select.ts';
import { systemRandom } from '../../secrets/kinds.ts';
import { type Prompter, terminalPrompter } from '../../wizard/prompter.ts';
import { recover, withLock } from '../../workspace/index.ts';
import { givenAnswers } from '../answers.ts';
import type { Arguments } from '../args.ts';
import type { Invocation } from '../main.ts';
import { openLines, planLines } from '../rotation-report.ts';
import { mayAsk, suppliedSecrets } from '../take-order.ts';
import { version } from '../version.ts';
import { Progress } from './rotate-progress.ts';
import { agreed, askRequest, askSupplied, mayRepair } from './rotate-prompts.ts';

/** Replaces secrets of a stack, running or not; finishes or undoes a rotation that was interrupted. */
export async function rotate(invocation: Invocation): Promise<ExitCode> {
  const { args, output } = invocation;
  const given = await givenAnswers(args);
  if (given.folder === undefined || given.source === undefined)
    throw new UserError(
      { message: 'there is no stack.yaml here', hint: 'name the folder of a stack' },
      EXIT.refused,
    );
  if (args.switches.has('resume') && args.switches.has('rollback'))
    throw new UserError({ message: '--resume and --rollback exclude each other', hint: 'give one of them' });
  const { source } = given;
  const prompter = mayAsk(args) ? terminalPrompter(output) : undefined;
  const root = resolve(given.folder);
  const session = (): Session => ({
    invocation,
    prompter,
    folder: openFolder(root, source),
    now: new Date(),
  });
  if (args.switches.has('dry-run')) return foresee(session());
  return withLock(root, async () => {
    await recover(root);
    const opened = session();
    const journal = openJournal(opened.folder);
    return journal === undefined ? start(opened) : continueOpen(journal, opened);
  });
}

/** One run of the command. */
export interface Session {
  invocation: Invocation;
  /** Absent where nobody can be asked. */
  prompter: Prompter | undefined;
  folder: StackFolder;
  now: Date;
}

function openJournal(folder: StackFolder): Journal | undefined {
  sweepRotationDrafts(journalPath(folder));
  return readRotation(journalPath(folder));
}

function journalPath({ root, stack }: StackFolder): string {
  return rotationJournalPath(resolve(root, stack.secretStore.directory));
}

/** What a run would do; an open rotation comes before any other. Writes nothing, not even to tidy up. */
async function foresee(session: Session): Promise<ExitCode> {
  const journal = readRotation(journalPath(session.folder));
  return journal === undefined ? start(session) : continueOpen(journal, session);
}

async function start(session: Session): Promise<ExitCode> {
  const { invocation, prompter, folder, now } = session;
  const { args, output } = invocation;
  if (args.switches.has('resume') || args.switches.has('rollback')) {
    output.note('No rotation is open.');
    return EXIT.ok;
  }
  refuseDrift(folder);
  const request = requestOf(args);
  if (isEmptyRequest(request)) {
    if (!prompter)
      throw new UserError({
        message: 'nothing says what to rotate',
        hint: 'name secrets, or give --due, --all, --class or --emergency',
      });
    request.names = await askRequest(session, prompter);
  }
  const supplied = { ...suppliedSecrets(args) };
  refuseSupplied(Object.keys(supplied), folder.stack.secrets);
  if (prompter) Object.assign(supplied, await askSupplied(session, prompter, request, supplied));
  const offline = args.switches.has('offline');
  const proposed = await proposeRotation(folder, {
    request,
    offline,
    force: args.switches.has('force'),
    supplied,
    now,
    random: systemRandom,
  });
  const progress = new Progress(session);
  const plan = await probed(proposed, carryOutInput(session, progress));
  // A name that was given and cannot be rotated is a failure; of a group, the rest is a note.
  const refused = plan.refused.some(({ id }) => args.names.includes(id));
  const { journal } = plan;
  if (journal === undefined || args.switches.has('dry-run') || (refused && !prompter)) {
    progress.proposed(plan);
    if (plan.secrets.length > 0 && !args.switches.has('dry-run')) output.note('Nothing was changed.');
    return refused || (plan.locked && !args.switches.has('repair')) ? EXIT.refused : EXIT.ok;
  }
  if (!args.switches.has('json')) for (const line of planLines(plan, output.width)) output.note(line);
  if (plan.locked && !(await mayRepair(session))) throw new UserError(plan.locked, EXIT.refused);
  await agreed(plan, session);
  return interruptible(session, progress, async () => {
    await begin(journal, carryOutInput(session, progress));
    return progress.finished('rotated', journal, plan);
  });
}

async function continueOpen(journal: Journal, session: Session): Promise<ExitCode> {
  const { invocation, prompter } = session;
  const { args, output } = invocation;
  const lines = openLines(journal, session.folder.stack);
  let way = args.switches.has('resume') ? 'resume' : args.switches.has('rollback') ? 'rollback' : undefined;
  if (way === undefined && prompter) {
    for (const line of lines) output.note(line);
    way = await prompter.choose({
      message: 'What shall be done with it?',
      choices: [
        { value: 'resume', name: 'finish it' },
        ...(journal.direction === 'forward' && canRollBack(journal)
          ? [{ value: 'rollback', name: 'bring the old values back' }]
          : []),
        { value: 'leave', name: 'leave it as it is' },
      ],
    });
  }
  if (way === 'rollback' && !canRollBack(journal))
    throw new UserError(
      {
        message: 'the old values have ended already, so there is no way back',
        hint: 'finish it with --resume',
      },
      EXIT.refused,
    );
  if (way !== 'resume' && way !== 'rollback') throw new UserError({ message: lines.join(' ') }, EXIT.refused);
  refuseChangedAnswers(journal, session.folder);
  const progress = new Progress(session);
  if (args.switches.has('dry-run')) {
    progress.foreseen(way, await stepsAhead(journal, way, carryOutInput(session, progress)));
    return EXIT.ok;
  }
  const carry = way === 'resume' ? resume : rollBack;
  const forward = way === 'resume' && journal.direction === 'forward';
  return interruptible(session, progress, () =>
    carry(journal, carryOutInput(session, progress)).then(() =>
      progress.finished(forward ? 'rotated' : 'rolled back', journal),
    ),
  );
}

function carryOutInput({ folder, now }: Session, progress: Progress): CarryOutInput {
  return { folder, now, random: systemRandom, toolVersion: version, observe: progress.observe };
}

/** From here on an interruption may leave a journal, which the last line has to say. */
async function interruptible(
  { invocation: { output }, folder }: Session,
  progress: Progress,
  action: () => Promise<ExitCode>,
): Promise<ExitCode> {
  const waysOn = (): string | undefined => {
    try {
      const journal = readRotation(journalPath(folder));
      return journal && `nothing is lost: ${waysOut(journal)}`;
    } catch {
      // What went wrong before has to be told.
      return 'run rotate again to see where it stands';
    }
  };
  const stop = (): void => {
    output.note(`\nStopped; ${waysOn() ?? 'no rotation is open'}.`);
    process.exit(EXIT.cancelled);
  };
  // Before the wizard's handler, which says that nothing was written.
  process.prependOnceListener('SIGINT', stop);
  progress.begin();
  try {
    return await action();
  } catch (error) {
    const ways = error instanceof UserError ? waysOn() : undefined;
    if (ways === undefined) throw error;
    const { problems, exit } = error as UserError;
    throw new UserError(
      problems.map((one) => ({ ...one, hint: [one.hint, ways].filter(Boolean).join('; ') })),
      exit,
    );
  } finally {
    process.off('SIGINT', stop);
  }
}

/** @throws {UserError} for values that are not taken: who gave one would believe it in use */
function refuseSupplied(names: readonly string[], secrets: StackFolder['stack']['secrets']): void {
  const problems = names.flatMap((name): Problem[] => {
    const secret = secrets.find(({ id }) => id === name);
    if (secret?.kind === 'external') return [];
    return [
      {
        flag: `--secret-file ${name}`,
        message: secret
          ? 'its new value is made here and cannot be given'
          : 'there is no such secret in this stack',
      },
    ];
  });
  if (problems.length > 0) throw new UserError(problems);
}

function requestOf({ names, switches, values }: Arguments): Request & { names: readonly string[] } {
  const classes = values.get('class') ?? [];
  for (const name of classes) {
    if (!ROTATION_CLASSES.some((one) => one === name) || name === 'encryption')
      throw new UserError({
        message: `--class ${name}: there is no such class`,
        hint:
          name === 'encryption'
            ? 'keys of stored data are rotated one by one, by name'
            : `there are ${ROTATION_CLASSES.filter((one) => one !== 'encryption').join(', ')}`,
      });
  }
  return {
    names,
    all: switches.has('all'),
    due: switches.has('due'),
    classes: classes as RotationClass[],
    emergency: switches.has('emergency'),
    retire: switches.has('retire'),
  };
}
