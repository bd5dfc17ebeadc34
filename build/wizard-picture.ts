import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { pictureOf, screenOf } from './terminal-picture.ts';

const PROGRAM = fileURLToPath(new URL('../bin/create-secure-stack.js', import.meta.url));
const COLUMNS = 88;
/** Each prompt, by what is on the screen once it can be answered. */
const PROMPTS = [
  'Name of the stack',
  'What is it for?',
  'Domain names',
  'TLS certificates',
  'What should it run?',
  'Services',
  'Your apps',
  'cancel, write nothing',
];

/** The wizard's review screen after Enter on every question: the built program in a terminal of its own. */
export async function wizardPicture(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'create-secure-stack-picture-'));
  try {
    const lines = screenOf(await review(folder));
    // The lines before the first question name the version, which changes with every release.
    const first = lines.findIndex((line) => line[0]?.text === '✔');
    const shown = lines
      .slice(first)
      .map((line) => line.slice(0, line.findLastIndex(({ text }) => text !== ' ') + 1));
    while (shown.at(-1)?.length === 0) shown.pop();
    return pictureOf(shown, COLUMNS, 'The wizard in a terminal, at its review screen');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The output up to the last prompt, which is left unanswered. */
function review(cwd: string): Promise<string> {
  const { PATH, HOME } = process.env;
  const terminal = spawn(process.execPath, [PROGRAM], {
    cwd,
    cols: COLUMNS,
    rows: 80,
    env: { PATH, HOME, TERM: 'xterm-256color' },
  });
  let output = '';
  let seen = 0;
  const open = [...PROMPTS];
  return new Promise((resolve, reject) => {
    const stuck = setTimeout(() => terminal.kill(), 120_000);
    terminal.onExit(() => {
      clearTimeout(stuck);
      reject(new Error(`the wizard ended before "${open[0]}":\n${output}`));
    });
    terminal.onData((data) => {
      output += data;
      if (open.length === 0 || !output.includes(open[0]!, seen)) return;
      // What belongs to the last prompt may come in a second piece, down to its help.
      if (open.length === 1 && !output.includes('⏎', output.indexOf(open[0]!, seen))) return;
      open.shift();
      seen = output.length;
      if (open.length > 0) return terminal.write('\r');
      setTimeout(() => {
        resolve(output);
        terminal.kill();
      }, 500);
    });
  });
}
