/** Texts further apart than this many lines have nothing in common that would help a reader. */
const FURTHEST = 2000;

/** Unchanged lines shown around a change. */
const CONTEXT = 3;

/** A run of lines: index of the first one and how many. */
type Run = readonly [start: number, length: number];

interface Change {
  before: Run;
  after: Run;
}

/** The unified diff of two texts, as `diff -u` and `patch` have it. */
export function unifiedPatch(from: string, to: string, before: string, after: string): string {
  const [old, next] = [linesOf(before), linesOf(after)];
  return [
    `--- ${from}\n+++ ${to}\n`,
    ...hunks(changesBetween(old, next)).map((hunk) => hunkText(hunk, old, next)),
  ].join('');
}

/** Each with its line feed; the last one may have none. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Changes whose context touches or overlaps belong to one hunk. */
function hunks(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const last = groups.at(-1)?.at(-1);
    if (last && change.before[0] - endOf(last.before) <= 2 * CONTEXT) groups.at(-1)!.push(change);
    else groups.push([change]);
  }
  return groups;
}

function hunkText(changes: readonly Change[], old: readonly string[], next: readonly string[]): string {
  const [first, last] = [changes[0]!, changes.at(-1)!];
  const lead = Math.min(CONTEXT, first.before[0]);
  const start = first.before[0] - lead;
  const end = Math.min(old.length, endOf(last.before) + CONTEXT);
  const lines: string[] = [];
  let at = start;
  for (const { before, after } of changes) {
    lines.push(...marked(' ', old.slice(at, before[0])));
    lines.push(...marked('-', old.slice(before[0], endOf(before))));
    lines.push(...marked('+', next.slice(after[0], endOf(after))));
    at = endOf(before);
  }
  lines.push(...marked(' ', old.slice(at, end)));
  const startAfter = first.after[0] - lead;
  const endAfter = endOf(last.after) + end - endOf(last.before);
  return `@@ -${range(start, end)} +${range(startAfter, endAfter)} @@\n${lines.join('')}`;
}

function endOf([start, length]: Run): number {
  return start + length;
}

/** Lines count from 1; of none, the one before is named. */
function range(start: number, end: number): string {
  return `${end > start ? start + 1 : start},${end - start}`;
}

function marked(mark: string, lines: readonly string[]): string[] {
  return lines.map((line) =>
    line.endsWith('\n') ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`,
  );
}

/** The fewest changes, by E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986). */
function changesBetween(old: readonly string[], next: readonly string[]): Change[] {
  const furthest: Int32Array[] = [];
  const limit = Math.min(FURTHEST, old.length + next.length);
  for (let d = 0; d <= limit; d += 1) {
    // On diagonal k, which is x - y, the greatest x that d deletions and insertions reach.
    const reach = new Int32Array(2 * d + 1);
    const previous = furthest.at(-1);
    for (let k = -d; k <= d; k += 2) {
      let x =
        previous === undefined ? 0 : isDown(previous, k, d) ? at(previous, k + 1) : at(previous, k - 1) + 1;
      while (x < old.length && x - k < next.length && old[x] === next[x - k]) x += 1;
      reach[k + d] = x;
      if (x >= old.length && x - k >= next.length) return traced(furthest, old.length, next.length);
    }
    furthest.push(reach);
  }
  return [{ before: [0, old.length], after: [0, next.length] }];
}

function at(reach: Int32Array, k: number): number {
  return reach[k + (reach.length - 1) / 2] ?? -1;
}

/** Whether the way to diagonal k with d steps ends in an insertion. */
function isDown(previous: Int32Array, k: number, d: number): boolean {
  return k === -d || (k !== d && at(previous, k - 1) < at(previous, k + 1));
}

/** The way back from the ends of both texts, as changes; neighbours are joined. */
function traced(furthest: readonly Int32Array[], oldLength: number, nextLength: number): Change[] {
  const changes: Change[] = [];
  let [x, y] = [oldLength, nextLength];
  for (let d = furthest.length; d > 0; d -= 1) {
    const previous = furthest[d - 1]!;
    const k = x - y;
    const down = isDown(previous, k, d);
    x = at(previous, down ? k + 1 : k - 1);
    y = x - (down ? k + 1 : k - 1);
    const [deleted, inserted] = down ? [0, 1] : [1, 0];
    const later = changes[0];
    if (later && later.before[0] === x + deleted && later.after[0] === y + inserted)
      changes[0] = {
        before: [x, later.before[1] + deleted],
        after: [y, later.after[1] + inserted],
      };
    else changes.unshift({ before: [x, deleted], after: [y, inserted] });
  }
  return changes;
}
