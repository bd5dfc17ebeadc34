import { type Problem, UserError } from '../errors.ts';
import {
  encodedMark,
  encodeEnvValue,
  isBare,
  isDoubleQuotable,
  isSingleQuotable,
  unusableCharacter,
} from './env-encode.ts';
import { decodeForFiles } from './env-encoded.ts';
import { SecretValues } from './values.ts';

/** What an `.env` says, in the order of its lines. */
export interface EnvFile {
  /** As the user named it. */
  file: string;
  values: SecretValues;
  /** Line of each variable, 1-based. */
  lines: ReadonlyMap<string, number>;
  /**
   * The user's own comments, lines that start with `##`, under the name of the variable that follows; those at the end
   * of the file under the empty name. Held like values, because people comment out old passwords.
   */
  notes: SecretValues;
}

/** The name of a variable. Lower case is left out: nobody writes it, and `http_proxy=` in an `.env` changes programs. */
export const variableName = /^[A-Z][A-Z0-9_]*$/;

type Reading = { value: string } | { message: string; hint?: string };

/**
 * Reads an `.env` that a person may have edited, and accepts only what all its readers (Compose, the shells, dotenv,
 * Node, Python, systemd) understand in the same way: `KEY=`, `KEY=plain`, `KEY='…'`, `KEY="…"`, blank lines and
 * comments on their own line. Values written by `encodeEnvValue` and `encodeForFiles` come back as they were.
 * @throws {UserError} with every line that some reader would read differently, and how to write it instead
 */
export function parseEnvFile(text: string, file: string): EnvFile {
  const problems: Problem[] = [];
  const report = (line: number, message: string, hint?: string) =>
    problems.push({ message, file, line, ...(hint && { hint }) });
  const values: [string, string][] = [];
  const lines = new Map<string, number>();
  const notes: [string, string][] = [];
  let pending: string[] = [];

  const body = text.replace(/^\ufeff/, '');
  if (body !== text)
    report(1, 'starts with a byte order mark, which hides the first variable', 'save as UTF-8');
  const crlf = body.indexOf('\r\n');
  if (crlf >= 0) {
    const line = body.slice(0, crlf).split('\n').length;
    report(line, 'has Windows line ends, which shells take for part of the value', 'save with LF line ends');
  }

  for (const [index, content] of body.split(/\r?\n/).entries()) {
    const line = index + 1;
    if (/^[ \t]*(#|$)/.test(content)) {
      const message = commentProblem(content);
      if (message) report(line, message.message, message.hint);
      else if (content.startsWith('##')) pending.push(content);
      continue;
    }
    const [, before = '', name, space = '', rest = ''] =
      /^(\s*(?:export\s+)?)([A-Za-z_][A-Za-z0-9_]*)(\s*)=(.*)$/s.exec(content) ?? [];
    if (name === undefined) {
      report(line, 'is neither KEY=value nor a comment', 'a value over several lines has to be a file');
      continue;
    }
    const reading = readLine(name, before, space, rest);
    if ('message' in reading) report(line, `${name} ${reading.message}`, reading.hint);
    const first = lines.get(name);
    if (first !== undefined) {
      report(line, `${name} is set a second time`, `the first one is on line ${first}; delete one of them`);
      continue;
    }
    lines.set(name, line);
    if ('value' in reading) values.push([name, reading.value]);
    if (pending.length > 0) notes.push([name, pending.join('\n')]);
    pending = [];
  }
  if (pending.length > 0) notes.push(['', pending.join('\n')]);
  if (problems.length > 0) throw new UserError(problems);
  return { file, values: new SecretValues(values), lines, notes: new SecretValues(notes) };
}

function commentProblem(content: string): { message: string; hint: string } | undefined {
  if (content.endsWith('\\')) {
    return {
      message: 'comment ends in a backslash, which hides the next line from systemd',
      hint: 'take it off',
    };
  }
  const unusable = unusableCharacter(content);
  return unusable ? { message: `comment ${unusable}`, hint: 'delete the character' } : undefined;
}

function readLine(name: string, before: string, space: string, rest: string): Reading {
  if (before.includes('export')) {
    return { message: 'stands behind "export", which docker cannot read', hint: `write ${name}=…` };
  }
  if (before !== '' || space !== '' || /^\s/.test(rest)) {
    return {
      message: 'has spaces before it or around the =',
      hint: `write ${name}=… at the start of the line`,
    };
  }
  if (!variableName.test(name)) {
    return { message: 'is not a usable name', hint: 'capital letters, digits and _, the first one a letter' };
  }
  const reading = readValue(name, rest);
  if ('message' in reading) return reading;
  if (reading.value.startsWith(encodedMark)) {
    const value = decodeForFiles(reading.value);
    return value === undefined
      ? { message: 'is not the base64 that its mark says', hint: 'enter the value anew with --secret-file' }
      : { value };
  }
  const encoded = encodeEnvValue(reading.value);
  return encoded.ok ? reading : { message: encoded.reason };
}

function readValue(name: string, text: string): Reading {
  const quote = text[0];
  if (quote === "'" || quote === '"') return readQuoted(name, text, quote);
  if (text === '' || isBare(text)) return { value: text };
  if (/\s#/.test(text)) {
    return { message: 'has a comment behind its value', hint: 'put the comment on a line of its own' };
  }
  if (/\s$/.test(text)) {
    return { message: 'ends in a space, which most readers drop', hint: `delete it, or write ${name}='… '` };
  }
  const encoded = encodeEnvValue(text);
  if (!encoded.ok) return { message: encoded.reason };
  const what = `has ${describe(text)} outside quotes, which readers disagree about`;
  return { message: what, hint: `write ${name}=${encoded.text[0]}…${encoded.text[0]}` };
}

function readQuoted(name: string, text: string, quote: "'" | '"'): Reading {
  const end = text.indexOf(quote, 1);
  if (end < 0) {
    return { message: 'has no closing quote', hint: 'a value over several lines has to be a file' };
  }
  if (end !== text.length - 1) {
    return { message: 'goes on behind its closing quote', hint: 'put comments on a line of their own' };
  }
  const value = text.slice(1, -1);
  if (quote === "'" ? isSingleQuotable(value) : isDoubleQuotable(value)) return { value };
  const encoded = encodeEnvValue(value);
  if (!encoded.ok) return { message: encoded.reason };
  return {
    message: 'has $ or a backtick inside double quotes, which readers expand',
    hint: `write ${name}='…'`,
  };
}

/** The first character that needs quotes, in words where it is hard to see. */
function describe(text: string): string {
  const char = /[^\w./:@%+,!^*?[\]{}=-]/.exec(text)?.[0] ?? '=';
  if (/\s/.test(char)) return 'a space';
  return /[ -~]/.test(char) ? char : 'a letter outside ASCII';
}
