import { preview } from '../cli/commands/create.ts';
import { documentOf, showDiff } from './agree.ts';
import { stackLines } from './review.ts';
import { folderOf, type Session } from './session.ts';
import { changeOne } from './steps.ts';
import type { WizardInput } from './wizard.ts';

/** Shows the stack in the folder and what can be done with it. @returns `review` when there may be something to write */
export async function existingStack(input: WizardInput, session: Session): Promise<'leave' | 'review'> {
  const { output, given } = input;
  const order = {
    folder: folderOf(session),
    source: documentOf(input, session),
    answersRead: given.onDisk,
    supplied: input.supplied,
  };
  const { prepared, plan } = await preview(order);
  session.prompter.say(`${stackLines(prepared.stack, output.width).join('\n')}\n\n`);
  const { missing } = prepared.secrets;
  for (;;) {
    const action = await session.prompter.choose({
      message: 'What do you want to do?',
      choices: [
        ...(missing.length > 0
          ? [{ value: 'review' as const, name: `enter what is missing: ${missing.join(', ')}` }]
          : []),
        ...(plan.changes && missing.length === 0
          ? [{ value: 'review' as const, name: 'bring the files up to date' }]
          : []),
        { value: 'change', name: 'change an answer' },
        { value: 'check', name: 'check the files for drift and weak spots' },
        { value: 'diff', name: 'show what would be written now, as a diff' },
        { value: 'leave', name: 'leave' },
      ],
    });
    switch (action) {
      case 'review':
        return 'review';
      case 'change':
        await changeOne(session);
        return 'review';
      case 'check':
        await runCheck(order.folder, output);
        break;
      case 'diff':
        await showDiff(session, output, plan);
        break;
      case 'leave':
        return 'leave';
    }
  }
}

async function runCheck(folder: string, output: WizardInput['output']): Promise<void> {
  const [{ parseArguments }, { check }] = await Promise.all([
    import('../cli/args.ts'),
    import('../cli/commands/check.ts'),
  ]);
  await check({ args: parseArguments(['check', folder]), output });
}
