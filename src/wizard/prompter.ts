import { wrap } from '../cli/help.ts';
import type { Output } from '../cli/output.ts';

export interface Choice<Value extends string> {
  value: Value;
  name: string;
  /** What stays on the screen once it is chosen; the name when absent. */
  short?: string;
}

/** What is wrong with an answer, for the line below the prompt; undefined when nothing is. */
export type Validate = (answer: string) => string | undefined | Promise<string | undefined>;

export interface TextPrompt {
  message: string;
  /** Taken by Enter alone. */
  proposal?: string;
  validate?: Validate;
}

export interface SecretPrompt extends Omit<TextPrompt, 'proposal'> {
  /** What is wanted, in a line. */
  about?: string;
}

/** How the wizard talks to the user; the only thing in it that knows a terminal. */
export interface Prompter {
  say(text: string): void;
  text(prompt: TextPrompt): Promise<string>;
  /** Typed unseen. */
  secret(prompt: SecretPrompt): Promise<string>;
  choose<Value extends string>(prompt: {
    message: string;
    choices: readonly Choice<Value>[];
    proposal?: Value;
  }): Promise<Value>;
  /** Any number of the choices. */
  pick(prompt: {
    message: string;
    choices: readonly Choice<string>[];
    picked: readonly string[];
  }): Promise<string[]>;
}

/** Prompts on standard error, so that standard output stays the result's. */
export function terminalPrompter(output: Output): Prompter {
  // The prompts know of no --no-color.
  if (output.style('bold', 'x') === 'x') process.env['NO_COLOR'] = '1';
  const loading = import('./prompts.ts');
  const asked: Asked = async (prompt) => untilClosed(await loading, prompt);
  return {
    // What comes as several lines is laid out already.
    say: (text) => output.note(text.includes('\n') ? text : wrap(text, output.width, '').join('\n')),
    text: ({ message, proposal, validate }) =>
      asked(async ({ input }, context) =>
        input(
          { message, ...(proposal === undefined ? {} : { default: proposal }), validate: inverted(validate) },
          context,
        ),
      ),
    secret: ({ message, about, validate }) =>
      asked(async ({ password }, context) =>
        password(
          {
            // Not said before the prompt: what is pasted at once would meet a terminal that still echoes.
            message: about === undefined ? message : `${message}\n  ${about}\n `,
            mask: '*',
            // A key would show the text otherwise.
            toggleMask: false,
            validate: inverted(validate),
          },
          context,
        ),
      ),
    choose: ({ message, choices, proposal }) =>
      asked(async ({ select }, context) =>
        select(
          {
            message,
            choices: [...choices],
            loop: false,
            pageSize: 12,
            ...(proposal ? { default: proposal } : {}),
          },
          context,
        ),
      ),
    pick: ({ message, choices, picked }) =>
      asked(async ({ checkbox }, context) =>
        checkbox(
          {
            message,
            choices: choices.map((choice) => ({ ...choice, checked: picked.includes(choice.value) })),
            loop: false,
            pageSize: 12,
          },
          context,
        ),
      ),
  };
}

type Prompts = typeof import('./prompts.ts');
type Prompt<Answer> = (
  prompts: Prompts,
  context: { output: NodeJS.WritableStream; signal: AbortSignal },
) => Promise<Answer>;
type Asked = <Answer>(prompt: Prompt<Answer>) => Promise<Answer>;

/**
 * Runs one prompt. With its input closed a prompt would never settle and the process end silently in the middle:
 * `beforeExit` is the sign that nothing is left that could answer.
 */
async function untilClosed<Answer>(prompts: Prompts, prompt: Prompt<Answer>): Promise<Answer> {
  const closed = new AbortController();
  const abort = (): void => closed.abort();
  process.once('beforeExit', abort);
  try {
    return await prompt(prompts, { output: process.stderr, signal: closed.signal });
  } finally {
    process.off('beforeExit', abort);
  }
}

function inverted(validate: Validate | undefined): (answer: string) => Promise<string | true> {
  return async (answer) => (await validate?.(answer)) ?? true;
}
