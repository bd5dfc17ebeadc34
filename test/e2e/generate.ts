import { fileURLToPath } from 'node:url';
import { type RunOptions, type RunResult, run } from './process.ts';

/** The built program; `CSS_BIN` names another build of it. */
const program =
  process.env['CSS_BIN'] ?? fileURLToPath(new URL('../../bin/create-secure-stack.js', import.meta.url));

/** Runs `create-secure-stack …` as users get it: the built program, a process of its own, no terminal. */
export function createSecureStack(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run(process.execPath, [program, ...args], options);
}

/** The commands of what the program printed, in order, as a person would copy them. */
export function printedCommands({ stdout }: RunResult): string[] {
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
