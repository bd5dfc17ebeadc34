import { resolve } from 'node:path';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { begin, type CarryOutInput, probed, resume, rollBack, stepsAhead } from '../../rotation/carry-out.ts';
import { openFolder, refuseChangedAnswers, refuseDrift, type StackFolder } from '../../rotation/folder.ts';
import {
  type Journal,
  readRotation,
  rotationJournalPath,
  sweepRotationDrafts,
} from '../../rotation/journal.ts';
import { canRollBack, waysOut } from '../../rotation/machine.ts';
import type { RotationPlan } from '../../rotation/plan.ts';
import { proposeRotation } from '../../rotation/propose.ts';
import { isEmptyRequest } from '../../rotation/select.ts';
import { refuseUnwell } from '../../rotation/unwell.ts';
import { openLines } from '../../rotation/words.ts';
import { systemRandom } from '../../secrets/kinds.ts';
import { type Prompter, terminalPrompter } from '../../wizard/prompter.ts';
import { recover, withLock } from '../../workspace/index.ts';
import { givenAnswers } from '../answers.ts';
import type { Invocation } from '../main.ts';
import { planLines } from '../rotation-report.ts';
import { mayAsk, suppliedSecrets } from '../take-order.ts';
import { version } from '../version.ts';
import { Progress } from './rotate-progress.ts';
import { agreed, askRequest, askSupplied, askWay, mayRepair } from './rotate-prompts.ts';
import { isComplete, refuseContradictions, refuseSupplied, requestOf } from './rotate-request.ts';

/** Replaces secrets of a stack, running or not; finishes or undoes a rotation that was interrupted. */
export async function rotate(invocation: Invocation): Promise<ExitCode> {
  const { args, output } = invocation;
  const given = await givenAnswers(args);
  if (given.folder === undefined || given.source === undefined)
    throw new UserError(
      { message: 'there is no stack.yaml here', hint: 'name the folder of a stack' },
      EXIT.refused,
    );
  refuseContradictions(args);
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
    if (args.switches.has('json')) output.result(JSON.stringify({ outcome: 'nothing open' }));
    else output.note('No rotation is open.');
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
    Object.assign(request, await askRequest(session, prompter));
  }
  const supplied = { ...suppliedSecrets(args) };
  refuseSupplied(Object.keys(supplied), folder.stack.secrets);
  const offline = args.switches.has('offline');
  const proposed = await proposeRotation(folder, {
    request,
    offline,
    supplied,
    ...(prompter ? { ask: (ids) => askSupplied(ids, prompter) } : {}),
    now,
    random: systemRandom,
  });
  const progress = new Progress(session);
  const refuse = (one: RotationPlan): void => {
    if (!args.switches.has('force')) refuseUnwell(one, folder.stack);
  };
  const plan = await probed(proposed, carryOutInput(session, progress)).catch((error: unknown) => {
    // A service that gives no answer may be one that is unhealthy, which says more.
    refuse(proposed);
    throw error;
  });
  // A password that is refused is told first: it may be why something is unhealthy.
  const isLocked = plan.locked !== undefined && !args.switches.has('repair');
  if (!isLocked) refuse(plan);
  // A name that was given and cannot be rotated stops the run; of a group, the rest is rotated.
  const refused = plan.refused.some(({ id }) => args.names.includes(id));
  const complete = isComplete(plan, request, folder);
  const code = complete ? EXIT.ok : EXIT.findings;
  const { journal } = plan;
  if (journal === undefined || args.switches.has('dry-run') || (refused && !prompter)) {
    progress.proposed(plan, args.switches.has('dry-run') ? 'planned' : 'unchanged', complete);
    if (plan.secrets.length > 0 && !args.switches.has('dry-run')) output.note('Nothing was changed.');
    return refused || isLocked ? EXIT.refused : code;
  }
  if (!args.switches.has('json')) for (const line of planLines(plan, output.width)) output.note(line);
  if (plan.locked && !(await mayRepair(session))) throw new UserError(plan.locked, EXIT.refused);
  refuse(plan);
  await agreed(plan, session);
  return interruptible(session, progress, async () => {
    await begin(journal, carryOutInput(session, progress));
    return progress.finished('rotated', journal, { plan, complete });
  });
}

async function continueOpen(journal: Journal, session: Session): Promise<ExitCode> {
  const { invocation, prompter } = session;
  const { args, output } = invocation;
  const lines = openLines(journal, session.folder.stack);
  let way = args.switches.has('resume') ? 'resume' : args.switches.has('rollback') ? 'rollback' : undefined;
  if (way === undefined && prompter) {
    for (const line of lines) output.note(line);
    way = await askWay(journal, prompter);
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

const SIGNALS = { SIGINT: EXIT.cancelled, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hungUp } as const;

/** From here on an interruption may leave a journal, which the last line has to say. */
async function interruptible(
  { invocation: { args, output }, folder }: Session,
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
  const stop = (signal: NodeJS.Signals): void => {
    const exit = SIGNALS[signal as keyof typeof SIGNALS];
    const message = `Stopped; ${waysOn() ?? 'no rotation is open'}.`;
    if (args.switches.has('json'))
      output.result(JSON.stringify({ error: { exit, problems: [{ message }] } }, null, 2));
    else output.note(`\n${message}`);
    process.exit(exit);
  };
  const signals = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
  // Before the wizard's handler, which says that nothing was written.
  for (const signal of signals) process.prependOnceListener(signal, stop);
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
    for (const signal of signals) process.off(signal, stop);
    progress.end();
  }
}
