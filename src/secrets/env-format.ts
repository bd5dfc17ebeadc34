import { parseEnv } from 'node:util';
import { type Problem, UserError } from '../errors.ts';
import { encodeEnvValue } from './env-encode.ts';
import { decodeForFiles, encodeForFiles } from './env-encoded.ts';
import { parseEnvFile, variableName } from './env-parse.ts';

export interface EnvSection {
  title?: string;
  comment?: readonly string[];
  entries: readonly EnvEntry[];
}

export interface EnvEntry {
  key: string;
  value: string;
  /** Only this program reads the line: the value may be written encoded. */
  byFileOnly?: boolean;
  comment?: string;
  /** The user's own comments, lines that start with `##`, as `parseEnvFile` found them. */
  notes?: string;
}

/**
 * The text of an `.env` file; the same sections always give the same bytes.
 *
 * What was written is read back by two parsers before it leaves: a value that some reader would see differently must
 * never reach the disk, because the service is set up with one value and its clients come with another.
 * @throws {UserError} naming each variable whose value has no spelling that all readers understand
 * @throws {Error} when a name is not a variable's name or occurs twice: the caller's bug
 */
export function formatEnvFile(sections: readonly EnvSection[]): string {
  const problems: Problem[] = [];
  const expected = new Map<string, string>();
  const blocks = sections.map(({ title, comment = [], entries }) => {
    const head = [title && `--- ${title} ---`, ...comment]
      .filter((line) => line !== undefined)
      .map(commentLine);
    const lines = entries.flatMap((entry) => {
      if (!variableName.test(entry.key)) throw new Error(`"${entry.key}" is not the name of a variable`);
      if (expected.has(entry.key)) throw new Error(`${entry.key} is written twice`);
      expected.set(entry.key, entry.value);
      const encoded = entry.byFileOnly ? encodeForFiles(entry.value) : encodeEnvValue(entry.value);
      if (!encoded.ok) problems.push({ message: `${entry.key} ${encoded.reason}` });
      return [
        ...(entry.comment ? [commentLine(entry.comment)] : []),
        ...(entry.notes ? entry.notes.split('\n').map(noteLine) : []),
        `${entry.key}=${encoded.ok ? encoded.text : ''}`,
      ];
    });
    return [...head, ...lines].join('\n');
  });
  if (problems.length > 0) throw new UserError(problems);

  const text = `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
  const ours = parseEnvFile(text, '.env').values;
  const nodes = parseEnv(text);
  for (const [key, value] of expected) {
    if (ours.get(key) !== value || decodeForFiles(nodes[key] ?? '') !== value)
      throw new Error(`${key} does not survive being written`);
  }
  return text;
}

function commentLine(text: string): string {
  return `# ${oneLine(text)}`.trimEnd();
}

function noteLine(text: string): string {
  const line = oneLine(text);
  return line.startsWith('##') ? line : `## ${line}`;
}

/**
 * Whatever could end the line becomes a space; a backslash at the end goes, since systemd would take the next line, a
 * variable, for the rest of the comment.
 */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029\ufeff]+/gu, ' ')
    .replace(/[\p{Surrogate}\p{Noncharacter_Code_Point}\ufffd]/gu, '')
    .replace(/(?<![\s\\])[\s\\]+$/, '');
}
