import { isUtf8 } from 'node:buffer';
import { diff3Merge } from 'node-diff3';

/**
 * Merges what we changed (base → next) into what the user changed (base → disk), line by line.
 *
 * The user's line endings stay: a file whose every line ends in CRLF is compared as if it had ours and gets its own
 * back. A file with both kinds is compared as it is, because which lines are meant to differ cannot be known.
 *
 * @returns undefined when both sides changed the same lines, or when a side is not UTF-8 text
 */
export function mergeTexts(base: Buffer, disk: Buffer, next: Buffer): Buffer | undefined {
  if (![base, disk, next].every((text) => isUtf8(text))) return undefined;
  const text = disk.toString('utf8');
  const windows = hasWindowsEndings(text);
  const merged = mergeLines(
    lines(base.toString('utf8')),
    lines(windows ? text.replaceAll('\r\n', '\n') : text),
    lines(next.toString('utf8')),
  );
  return merged && Buffer.from(merged.join(windows ? '\r\n' : '\n'));
}

/** Whether the two hold the same lines and differ only in that the disk's all end in CRLF. */
export function isSameButLineEndings(disk: Buffer, next: Buffer): boolean {
  const text = disk.toString('utf8');
  return isUtf8(disk) && hasWindowsEndings(text) && text.replaceAll('\r\n', '\n') === next.toString('utf8');
}

function hasWindowsEndings(text: string): boolean {
  return text.includes('\r\n') && !/(?<!\r)\n/.test(text);
}

function lines(text: string): string[] {
  return text.split('\n');
}

function mergeLines(base: string[], disk: string[], next: string[]): string[] | undefined {
  const merged: string[] = [];
  for (const region of diff3Merge(disk, base, next, { excludeFalseConflicts: true })) {
    if (region.ok === undefined) return undefined;
    merged.push(...region.ok);
  }
  return merged;
}
