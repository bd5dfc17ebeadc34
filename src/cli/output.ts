import { styleText } from 'node:util';
import { EXIT, formatProblem, type UserError } from '../errors.ts';

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
  const note = writerTo(process.stderr, () => {});
  let isTold = false;
  const result = writerTo(process.stdout, ({ code, message }) => {
    // Work that ends well all the same: the script behind must not take half a document for the whole.
    process.once('exit', () => {
      process.exitCode ||= EXIT.failed;
    });
    if (!isTold)
      note(`error: standard output cannot be written: ${code === 'ENOSPC' ? 'no space left' : message}`);
    isTold = true;
  });
  return {
    result,
    note,
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

/** Who hears of a stream's failures: one listener each, however often the program runs in one process. */
const judges = new Map<NodeJS.WriteStream, (error: NodeJS.ErrnoException) => void>();

/**
 * Writes lines to a stream that may fail. A reader who leaves, as in `| head -1`, is no failure: what is under way, a
 * rotation above all, goes on unseen and decides the exit code.
 */
function writerTo(
  stream: NodeJS.WriteStream,
  failed: (error: NodeJS.ErrnoException) => void,
): (text: string) => void {
  // Also what the prompts write.
  if (!judges.has(stream)) stream.on('error', (error) => judges.get(stream)?.(error));
  judges.set(stream, (error) => {
    if (error.code !== 'EPIPE') failed(error);
  });
  return (text) => void stream.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** One line a mistake: `error: stack.yaml:12:5: apps.web.port: must be … (hint)`. */
export function errorLines(error: UserError, output: Output): string {
  return error.problems
    .map((problem) => `${output.style('red', 'error:')} ${formatProblem(problem)}`)
    .join('\n');
}
