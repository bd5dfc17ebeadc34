import { diffIndices } from 'node-diff3';

/** Lines shown around a change. */
const CONTEXT = 3;

/** From `start` on, `end` not included, in the one text and the other. */
interface Change {
  before: { start: number; end: number };
  after: { start: number; end: number };
}

/** The difference of two texts that differ, in unified format, as `patch` takes it. */
export function unified(from: string, to: string, before: string, after: string): string {
  const [old, next] = [linesOf(before), linesOf(after)];
  const changes = diffIndices(old, next).map(({ buffer1, buffer2 }) => ({
    before: { start: buffer1[0], end: buffer1[0] + buffer1[1] },
    after: { start: buffer2[0], end: buffer2[0] + buffer2[1] },
  }));
  return `--- ${from}\n+++ ${to}\n${together(changes)
    .map((hunk) => hunkText(hunk, old, next))
    .join('')}`;
}

/** Each with its line feed, so that one that lacks it differs. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Changes whose context would touch are one hunk. */
function together(changes: readonly Change[]): Change[][] {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1)?.at(-1);
    if (last !== undefined && change.before.start - last.before.end <= 2 * CONTEXT)
      hunks.at(-1)!.push(change);
    else hunks.push([change]);
  }
  return hunks;
}

function hunkText(hunk: readonly Change[], old: readonly string[], next: readonly string[]): string {
  const [first, last] = [hunk[0]!, hunk.at(-1)!];
  const lead = Math.min(CONTEXT, first.before.start);
  const end = Math.min(old.length, last.before.end + CONTEXT);
  const lines: string[] = [];
  let shown = first.before.start - lead;
  const add = (sign: string, some: readonly string[]) => lines.push(...some.map((line) => sign + line));
  for (const { before, after } of hunk) {
    add(' ', old.slice(shown, before.start));
    add('-', old.slice(before.start, before.end));
    add('+', next.slice(after.start, after.end));
    shown = before.end;
  }
  add(' ', old.slice(shown, end));
  const place = (sign: string, start: number): string => {
    const count = lines.filter((line) => line.startsWith(sign) || line.startsWith(' ')).length;
    return `${sign}${start - lead + (count === 0 ? 0 : 1)},${count}`;
  };
  const text = lines.map((line) => (line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`));
  return `@@ ${place('-', first.before.start)} ${place('+', first.after.start)} @@\n${text.join('')}`;
}
