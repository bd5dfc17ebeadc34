import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, type ExitCode, UserError } from '../errors.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import { readOptional } from '../workspace/read.ts';
import { givenAnswers } from './answers.ts';
import { type Arguments, nearCommand } from './args.ts';
import type { Order } from './commands/create.ts';
import type { Invocation } from './main.ts';
import { CANCELLED } from './output.ts';

/**
 * What to write, from flags, files and the wizard. What the wizard needs only later is not loaded before its first
 * question is on the screen.
 * @returns an exit code when there is nothing to write
 */
export async function takeOrder({ args, output }: Invocation): Promise<Order | ExitCode> {
  refuseNearCommand(args);
  const given = await givenAnswers(args);
  const supplied = suppliedSecrets(args);
  const force = args.switches.has('force');
  if (mayAsk(args)) {
    if (given.wrong.length > 0) throw new UserError(given.wrong);
    const { wizard } = await import('../wizard/wizard.ts');
    // At a prompt Ctrl-C is a key; between two of them it is a signal.
    const stop = (): void => {
      output.note(`\n${CANCELLED}`);
      process.exit(EXIT.cancelled);
    };
    process.once('SIGINT', stop);
    try {
      return await wizard({ given, supplied, output, force });
    } finally {
      process.off('SIGINT', stop);
    }
  }
  const { editedSource, newStackWithoutAsking } = await import('./complete.ts');
  if (given.source === undefined) {
    const { folder, source } = newStackWithoutAsking(given, args);
    return { folder, source, answersRead: given.onDisk, supplied, force };
  }
  const source = editedSource(given.source, given);
  const { readSpec } = await import('../stack/load.ts');
  const folder = given.folder ?? readSpec(source).name;
  const answersRead = given.onDisk ?? readOptional(resolve(folder, STACK_FILE));
  return { folder, source, answersRead, supplied, force };
}

/** @throws {UserError} for a mistyped command, which would make a stack in a folder called like that */
function refuseNearCommand({ target }: Arguments): void {
  const command = target === undefined ? undefined : nearCommand(target);
  if (command === undefined || existsSync(target!)) return;
  throw new UserError({
    message: `${target}: there is no such command or folder`,
    hint: `did you mean "${command}"? A new stack of that name: ./${target}`,
  });
}

/** Prompts need a terminal at both ends, and nobody wants them in CI or with --yes. */
export function mayAsk(args: Arguments): boolean {
  const terminal =
    process.stdin.isTTY === true && process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  return (
    terminal &&
    !inCi() &&
    !args.switches.has('yes') &&
    !args.switches.has('json') &&
    !args.switches.has('dry-run')
  );
}

/** Set by every CI service, and by hand as `CI=1`. The same as build/test.mjs. */
export function inCi(): boolean {
  return !['', 'false'].includes(process.env['CI'] ?? '');
}

/** `--secret-file WEB_API_KEY=key.txt`: values come from files, so that they stand in no process list. */
export function suppliedSecrets(args: Arguments): Record<string, string> {
  return Object.fromEntries(
    (args.values.get('secret-file') ?? []).map((text) => {
      const [, name, file] = /^([A-Z][A-Z0-9_]*)=(.+)$/.exec(text) ?? [];
      if (name === undefined || file === undefined)
        throw new UserError({
          message: '--secret-file takes NAME=FILE, with NAME as in .env',
          hint: 'a value on the command line would show in the process list',
        });
      const value = readOptional(file);
      if (value === undefined)
        throw new UserError({ message: `--secret-file ${name}: there is no file ${file}` });
      return [name, value.replace(/\r?\n$/, '')];
    }),
  );
}
