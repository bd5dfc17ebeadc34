import { styleText } from 'node:util';
import { formatMode } from './draft.ts';
import type { Action, Plan, PlanEntry } from './plan.ts';

export interface DiffOptions {
  /** Whether to add ANSI colours; the caller knows the stream. */
  colour: boolean;
}

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<Action, Style>> = {
  create: 'green',
  update: 'cyan',
  merge: 'cyan',
  unchanged: 'dim',
  keep: 'yellow',
  conflict: 'red',
  remove: 'red',
  mode: 'cyan',
};

/** One line per entry: action, path, reason. */
export function formatPlan(plan: Plan, { colour }: DiffOptions): string {
  const width = Math.max(0, ...plan.entries.map(({ action }) => action.length));
  return plan.entries
    .map(({ action, path, reason, class: kind, offer }) => {
      const name = kind === 'directory' ? `${path}/` : path;
      const beside = offer === undefined ? '' : `; the new one is ${offer}`;
      return `${paint(colour, STYLES[action], action.padEnd(width))}  ${visible(name)}  (${reason}${beside})\n`;
    })
    .join('');
}

/**
 * The unified diff of everything that applying the plan writes for the user, in the order of the plan. Of a secret
 * only its path is shown. Control characters in the files are made visible, so that none reaches the terminal.
 */
export async function unifiedDiff(plan: Plan, { colour }: DiffOptions): Promise<string> {
  const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import('diff');
  const parts = plan.entries.map((entry) => {
    if (entry.class === 'secret') return secretNote(entry);
    const { before, after } = entry;
    if (before === undefined || after === undefined || before === after) return modeNote(entry);
    const from = entry.action === 'create' ? '/dev/null' : `a/${entry.path}`;
    const to = entry.action === 'remove' ? '/dev/null' : `b/${entry.offer ?? entry.path}`;
    return createTwoFilesPatch(from, to, before, after, undefined, undefined, {
      context: 3,
      headerOptions: FILE_HEADERS_ONLY,
    });
  });
  const text = visible(parts.join(''));
  if (!colour) return text;
  return text.replaceAll(/^.+$/gm, (line) => paint(true, styleOf(line), line));
}

function secretNote({ path, action }: PlanEntry): string {
  return action === 'unchanged' || action === 'keep' ? '' : `${action} ${path} (secret, not shown)\n`;
}

function modeNote({ path, mode, modeBefore }: PlanEntry): string {
  return modeBefore === undefined ? '' : `mode ${formatMode(modeBefore)} => ${formatMode(mode)} ${path}\n`;
}

function styleOf(line: string): Style | undefined {
  if (line.startsWith('--- ') || line.startsWith('+++ ')) return 'bold';
  if (line.startsWith('@@')) return 'cyan';
  if (line.startsWith('+')) return 'green';
  return line.startsWith('-') ? 'red' : undefined;
}

function paint(colour: boolean, style: Style | undefined, text: string): string {
  return colour && style !== undefined ? styleText(style, text, { validateStream: false }) : text;
}

/** C0 and C1 controls but for tab and line feed, as the symbols of U+2400 or as `\x9b`. */
function visible(text: string): string {
  return text.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : `\\x${code.toString(16)}`;
  });
}
