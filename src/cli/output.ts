import { styleText } from 'node:util';
import type { UserError } from '../errors.ts';
import { formatProblem } from '../errors.ts';

/**
 * The terminal contract: results on standard output, everything else on standard error; words carry the meaning,
 * colours only repeat it; nothing is coloured where NO_COLOR is set, where --no-color is given or into a pipe.
 */
export interface Output {
  /** Standard output: the result. */
  result(text: string): void;
  /** Standard error: progress, warnings, errors. */
  note(text: string): void;
  style(format: Parameters<typeof styleText>[0], text: string, stream?: 'stdout' | 'stderr'): string;
  /** Columns to wrap at. */
  readonly width: number;
}

/** The last line after Ctrl-C in the wizard, which writes only at its end. */
export const CANCELLED = 'Cancelled. Nothing was written.';

/** To be thrown when the user chose to stop: it ends like Ctrl-C. */
export function cancelled(): Error {
  return Object.assign(new Error('cancelled'), { name: 'CancelPromptError' });
}

export function terminalOutput({ colour }: { colour: boolean }): Output {
  const columns = process.stderr.columns ?? process.stdout.columns ?? 80;
  return {
    result: (text) => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    note: (text) => void process.stderr.write(text.endsWith('\n') ? text : `${text}\n`),
    style: (format, text, stream = 'stderr') => {
      const allowed =
        colour &&
        process.env['NO_COLOR'] === undefined &&
        process[stream].isTTY === true &&
        process.env['TERM'] !== 'dumb';
      return allowed ? styleText(format, text) : text;
    },
    width: Math.max(40, Math.min(columns, 100)),
  };
}

/** One line a mistake: `error: stack.yaml:12:5: apps.web.port: must be … (hint)`. */
export function errorLines(error: UserError, output: Output): string {
  return error.problems
    .map((problem) => `${output.style('red', 'error:')} ${formatProblem(problem)}`)
    .join('\n');
}
