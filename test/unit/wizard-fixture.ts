import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Given, givenAnswers } from '../../src/cli/answers.ts';
import { parseArguments } from '../../src/cli/args.ts';
import { type Order, writeStack } from '../../src/cli/commands/create.ts';
import type { Output } from '../../src/cli/output.ts';
import type { ExitCode } from '../../src/errors.ts';
import type { Prompter, SecretPrompt, TextPrompt } from '../../src/wizard/prompter.ts';
import { wizard } from '../../src/wizard/wizard.ts';

/** Enter alone: the proposal. */
export const ENTER = Symbol('Enter');

/** A prompt, by a part of its message, and what is answered to it. */
export type Line = readonly [prompt: string, answer: string | readonly string[] | typeof ENTER];

/** Answers by script; to every prompt that the next line is not for, with Enter. */
export class ScriptedPrompter implements Prompter {
  readonly asked: string[] = [];
  readonly said: string[] = [];
  /** Every choice that was shown. */
  readonly offered: string[] = [];
  /** What the prompts' validation refused. */
  readonly refused: string[] = [];
  /** Volumes that Docker was asked for. */
  readonly lookedUp: string[] = [];
  readonly #script: Line[];

  constructor(script: readonly Line[]) {
    this.#script = [...script];
  }

  get left(): readonly Line[] {
    return this.#script;
  }

  get screen(): string {
    return this.said.join('\n');
  }

  say(text: string): void {
    this.said.push(text);
  }

  async text({ message, proposal = '', validate }: TextPrompt): Promise<string> {
    for (;;) {
      const answer = this.#next(message);
      const text = answer === ENTER ? proposal : String(answer);
      const problem = await validate?.(text);
      if (problem === undefined) return text;
      this.refused.push(problem);
      if (answer === ENTER && !message.includes(this.#script[0]?.[0] ?? '\0'))
        throw new Error(`stuck at "${message}": ${problem}`);
    }
  }

  secret(prompt: SecretPrompt): Promise<string> {
    return this.text(prompt);
  }

  async choose<Value extends string>({
    message,
    choices,
    proposal,
  }: {
    message: string;
    choices: readonly { value: Value; name: string }[];
    proposal?: Value;
  }): Promise<Value> {
    this.offered.push(...choices.map(({ name }) => name));
    const answer = this.#next(message);
    if (answer === ENTER) return proposal ?? choices[0]!.value;
    const choice = choices.find(({ value, name }) => value === answer || name.startsWith(String(answer)));
    if (!choice)
      throw new Error(
        `"${message}" offers no "${String(answer)}": ${choices.map(({ name }) => name).join(' | ')}`,
      );
    return choice.value;
  }

  async pick({ message, choices, picked }: Parameters<Prompter['pick']>[0]): Promise<string[]> {
    const answer = this.#next(message);
    const wanted = answer === ENTER ? picked : (answer as readonly string[]);
    return choices.map(({ value }) => value).filter((value) => wanted.includes(value));
  }

  #next(message: string): Line[1] {
    this.asked.push(message);
    if (this.asked.length > 100) throw new Error(`no end of questions, the last being "${message}"`);
    const line = this.#script[0];
    if (line === undefined || !message.includes(line[0])) return ENTER;
    this.#script.shift();
    return line[1];
  }
}

export interface Run {
  order: Order | ExitCode;
  prompter: ScriptedPrompter;
}

/** A folder of its own as the working directory of each test. */
export function inOwnFolder(): void {
  const before = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'css-wizard-'));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Runs the wizard with these arguments; every line of the script must have been used. */
export async function runWizard(
  argv: readonly string[],
  script: readonly Line[],
  volumes: readonly string[] = [],
): Promise<Run> {
  const prompter = new ScriptedPrompter(script);
  const findVolumes = async (names: readonly string[]) => {
    prompter.lookedUp.push(names.join(' '));
    return names.filter((name) => volumes.includes(name));
  };
  const order = await wizard(
    { given: await given(argv), supplied: {}, output: plainOutput(prompter), findVolumes },
    prompter,
  );
  expect(prompter.left, `asked: ${prompter.asked.join(' | ')}`).toEqual([]);
  return { order, prompter };
}

export function given(argv: readonly string[]): Promise<Given> {
  return givenAnswers(parseArguments(argv));
}

/** stack.yaml as it would be written. */
export function textOf({ order }: Run): string {
  if (typeof order === 'number') throw new Error('the wizard had nothing to write');
  return order.source.text;
}

/** Puts a stack on disk without asking. */
export async function write({ order }: Run): Promise<void> {
  if (typeof order !== 'number') await writeStack(order, async () => []);
}

function plainOutput(prompter: ScriptedPrompter): Output {
  return {
    result: (text) => prompter.say(text),
    note: (text) => prompter.say(text),
    style: (_format, text) => text,
    width: 80,
  };
}
