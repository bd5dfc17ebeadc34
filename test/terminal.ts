import { type IPty, spawn } from '@lydell/node-pty';
import { PROGRAM } from './program.ts';

export const KEY = {
  enter: '\r',
  up: '\x1b[A',
  down: '\x1b[B',
  space: ' ',
  ctrlC: '\x03',
  ctrlD: '\x04',
} as const;

export interface TerminalOptions {
  cwd: string;
  columns?: number;
  env?: Record<string, string>;
}

/** The program in a pseudo-terminal. */
export class Terminal {
  /** Everything it has written, as it came. */
  output = '';
  readonly ended: Promise<number>;
  readonly #process: IPty;
  /** Up to where the screen has been read. */
  #seen = 0;
  #exited = false;
  #wake: () => void = () => undefined;

  constructor(command: string, args: readonly string[], { cwd, columns = 80, env = {} }: TerminalOptions) {
    const { PATH, HOME } = process.env;
    this.#process = spawn(command, [...args], {
      cwd,
      cols: columns,
      rows: 50,
      env: { PATH, HOME, TERM: 'xterm-256color', ...env },
    });
    this.#process.onData((data) => {
      this.output += data;
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.#process.onExit(({ exitCode, signal }) => {
        this.#exited = true;
        this.#wake();
        resolve(signal ? 128 + signal : exitCode);
      });
    });
  }

  static program(args: readonly string[], options: TerminalOptions): Terminal {
    return new Terminal(process.execPath, [PROGRAM, ...args], options);
  }

  /** What a reader sees: without escape sequences. */
  get text(): string {
    return withoutEscapes(this.output);
  }

  /** The lines ever shown, also those drawn over since: a redraw begins by going to the first column. */
  get lines(): string[] {
    return withoutEscapes(this.output.replaceAll('\x1b[G', '\n')).split(/[\r\n]+/);
  }

  /** The last line that is not empty. */
  get lastLine(): string {
    return this.text.trimEnd().split(/\r?\n/).at(-1) ?? '';
  }

  /** Waits until the text is on the screen, below what was waited for before; line breaks do not count. */
  async see(text: string): Promise<void> {
    const wanted = squeezed(text);
    const deadline = Date.now() + 60_000;
    const isIn = (end: number): boolean =>
      squeezed(withoutEscapes(this.output.slice(this.#seen, end))).includes(wanted);
    while (!isIn(this.output.length)) {
      if (this.#exited || Date.now() > deadline)
        throw new Error(`"${text}" did not appear in:\n${this.text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 500).unref();
      });
    }
    // To its end and no further: what comes next may have been written in one go with it.
    let [before, end] = [this.#seen, this.output.length];
    while (end - before > 1) {
      const middle = (before + end) >> 1;
      if (isIn(middle)) end = middle;
      else before = middle;
    }
    this.#seen = end;
  }

  type(keys: string): void {
    // An answer is to a whole screen, whose question may have been drawn more than once.
    this.#seen = this.output.length;
    this.#process.write(keys);
  }

  /** Answers prompts one after another; each is waited for by a part of its message. */
  async answer(lines: readonly (readonly [prompt: string, keys: string])[]): Promise<void> {
    for (const [prompt, keys] of lines) {
      await this.see(prompt);
      if (keys) this.type(keys);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}

function squeezed(text: string): string {
  return text.replaceAll(/\s/g, '');
}

function withoutEscapes(text: string): string {
  return text.replaceAll(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '');
}
