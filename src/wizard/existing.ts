import { resolve } from 'node:path';
import { type Order, preview } from '../cli/commands/create.ts';
import { EXIT, type ExitCode, UserError } from '../errors.ts';
import { documentOf, showDiff } from './agree.ts';
import { stackLines } from './review.ts';
import { folderOf, type Session } from './session.ts';
import { changeOne } from './steps.ts';
import type { WizardInput } from './wizard.ts';

/**
 * Shows the stack in the folder and what can be done with it.
 * @returns `review` when there may be something to write; else the exit code, of the command that it went over to
 */
export async function existingStack(input: WizardInput, session: Session): Promise<ExitCode | 'review'> {
  const { output, given } = input;
  const carriedOn = await openRotation(input, session);
  if (carriedOn !== undefined) return carriedOn;
  const order = {
    folder: folderOf(session),
    source: documentOf(input, session),
    answersRead: given.onDisk,
    supplied: input.supplied,
  };
  const { prepared, plan } = await preview(order);
  session.prompter.say(`${stackLines(prepared.stack, output.width).join('\n')}\n\n`);
  const { missing, generated } = prepared.secrets;
  const due = missing.length + generated.length > 0 ? [] : await dueSecrets(order);
  for (;;) {
    const action = await session.prompter.choose({
      message: 'What do you want to do?',
      choices: [
        ...(due.length > 0
          ? [{ value: 'rotate' as const, name: `replace the secrets that are due: ${due.join(', ')}` }]
          : []),
        ...(missing.length > 0
          ? [{ value: 'review' as const, name: `enter what is missing: ${missing.join(', ')}` }]
          : []),
        ...(plan.changes && missing.length === 0
          ? [{ value: 'review' as const, name: 'bring the files up to date' }]
          : []),
        { value: 'change', name: 'change an answer' },
        ...(missing.length > 0 ? [] : [{ value: 'choose' as const, name: 'replace secrets' }]),
        { value: 'renew', name: 'renew the certificate' },
        { value: 'check', name: 'check the files for drift and weak spots' },
        { value: 'diff', name: 'show what would be written now, as a diff' },
        { value: 'leave', name: 'leave' },
      ],
    });
    switch (action) {
      case 'rotate':
        return run(['rotate', order.folder, '--due'], output);
      case 'choose':
        return run(['rotate', order.folder], output);
      case 'renew':
        return run(['cert', 'renew', order.folder], output);
      case 'review':
        return 'review';
      case 'change':
        await changeOne(session);
        return 'review';
      case 'check':
        // Its findings are on the screen, and what comes next is asked with them in view.
        await run(['check', order.folder], output);
        break;
      case 'diff':
        await showDiff(session, output, plan);
        break;
      case 'leave':
        return EXIT.ok;
    }
  }
}

/** Before anything else: what shall become of a rotation that was interrupted. @returns undefined: there was none */
async function openRotation(input: WizardInput, session: Session): Promise<ExitCode | undefined> {
  const [{ buildStack }, { readSpec }, { readRotation, rotationJournalPath }] = await Promise.all([
    import('../stack/build.ts'),
    import('../stack/load.ts'),
    import('../rotation/journal.ts'),
  ]);
  const folder = folderOf(session);
  const stack = buildStack(readSpec(documentOf(input, session)));
  const journal = readRotation(rotationJournalPath(resolve(folder, stack.secretStore.directory)));
  if (journal === undefined) return undefined;
  const { openLines } = await import('../rotation/words.ts');
  for (const line of openLines(journal, stack)) session.prompter.say(line);
  const { askWay } = await import('../cli/commands/rotate-prompts.ts');
  const way = await askWay(journal, session.prompter);
  return way === 'leave' ? EXIT.ok : run(['rotate', folder, `--${way}`], input.output);
}

/** What is due by the schedule; nothing while the folder's secrets are not there or cannot be read. */
async function dueSecrets({ folder, source }: Order): Promise<string[]> {
  const [{ openFolder }, { folderSchedule }] = await Promise.all([
    import('../rotation/folder.ts'),
    import('../rotation/propose.ts'),
  ]);
  try {
    const now = new Date();
    return folderSchedule(openFolder(folder, source), now)
      .filter(({ overdue, action }) => overdue && (action === 'rotate' || action === 'retire'))
      .map(({ id }) => id);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** Runs another command of the program on the folder. */
async function run(words: readonly string[], output: WizardInput['output']): Promise<ExitCode> {
  const { parseArguments } = await import('../cli/args.ts');
  const invocation = { args: parseArguments(words), output };
  if (words[0] === 'check') return (await import('../cli/commands/check.ts')).check(invocation);
  if (words[0] === 'cert') return (await import('../cli/commands/cert.ts')).cert(invocation);
  return (await import('../cli/commands/rotate.ts')).rotate(invocation);
}
