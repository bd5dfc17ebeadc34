import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/workspace/decide.ts';
import { mergeTexts } from '../../src/workspace/merge.ts';
import { sha256 } from '../../src/workspace/snapshot.ts';
import { actions, Folder, file, tree } from './workspace-fixture.ts';

const merge = (base: string, disk: string, next: string) =>
  mergeTexts(Buffer.from(base), Buffer.from(disk), Buffer.from(next))?.toString('utf8');

describe('mergeTexts', () => {
  test.each([
    ['edits at both ends', 'a\nb\nc\nd\ne\n', 'A\nb\nc\nd\ne\n', 'a\nb\nc\nd\nE\n', 'A\nb\nc\nd\nE\n'],
    ['the same edit twice', 'a\nb\nc\n', 'a\nX\nc\n', 'a\nX\nc\n', 'a\nX\nc\n'],
    ['no newline at the end', 'a\nb\nc\nd', 'A\nb\nc\nd', 'a\nb\nc\nD', 'A\nb\nc\nD'],
    [
      'lines named like object members',
      '__proto__\nb\nc\n',
      '__proto__\nb\nc\nconstructor\n',
      'x\nb\nc\n',
      'x\nb\nc\nconstructor\n',
    ],
  ])('merges %s', (_, base, disk, next, merged) => {
    expect(merge(base, disk, next)).toBe(merged);
  });

  test('gives up when both changed one line', () => {
    expect(merge('a\nb\nc\n', 'a\nX\nc\n', 'a\nY\nc\n')).toBeUndefined();
  });

  test('leaves mixed line endings as they are', () => {
    expect(merge('a\nb\nc\nd\ne\n', 'a\nb\nc\nd\ne\r\n', 'A\nb\nc\nd\ne\n')).toBe('A\nb\nc\nd\ne\r\n');
  });

  test('does not touch bytes that are not UTF-8', () => {
    const latin1 = Buffer.from([0x61, 0x0a, 0xe9, 0x0a]);
    expect(mergeTexts(Buffer.from('a\nb\n'), latin1, Buffer.from('A\nb\n'))).toBeUndefined();
  });
});

/** Short files over few distinct lines, where merges are most ambiguous. */
const text = fc.array(fc.constantFrom('a', 'b', 'c', '', '}', '  x: 1', '__proto__'), { maxLength: 12 });

/** The user's file: any change of the base, each added line one of a kind so that it can be found again. */
const edited = (base: readonly string[]) =>
  fc
    .array(fc.record({ at: fc.nat(base.length), drop: fc.nat(2), add: fc.nat(2) }), { maxLength: 4 })
    .map((edits) => {
      const lines = [...base];
      edits.forEach(({ at, drop, add }, index) => {
        const added = Array.from({ length: add }, (_, number) => `user ${index}.${number}`);
        lines.splice(at, drop, ...added);
      });
      return lines;
    });

const threeTexts = text.chain((base) =>
  fc.record({ base: fc.constant(base), disk: edited(base), next: text, windows: fc.boolean() }),
);

describe('for any edits of both sides', () => {
  const userLines = (text: string) => text.split(/\r?\n/).filter((line) => line.startsWith('user '));

  test('every line the user added survives, in order', () => {
    fc.assert(
      fc.property(threeTexts, fc.boolean(), ({ base, disk, next, windows }, isBaseLost) => {
        const [pristine, wanted] = [base, next].map((lines) => Buffer.from(`${lines.join('\n')}\n`)) as [
          Buffer,
          Buffer,
        ];
        const written = disk.map((line) => line + (windows ? '\r\n' : '\n')).join('');
        const { action, content } = decide({
          next: wanted,
          disk: Buffer.from(written),
          baseHash: sha256(pristine),
          base: isBaseLost ? undefined : pristine,
        });
        const writes = ['update', 'merge'].includes(action);
        expect(content !== undefined).toBe(writes);
        const result = content?.toString('utf8') ?? written;
        expect(userLines(result)).toEqual(userLines(written));
        if (action === 'merge' && written.includes('\r\n')) expect(result).not.toMatch(/(?<!\r)\n/);
      }),
      { numRuns: 1000 },
    );
  });

  test('the same holds on disk, and running again changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(threeTexts, async ({ base, disk, next }) => {
        const folder = new Folder();
        const at = (lines: readonly string[]) => tree([file('a', `${lines.join('\n')}\n`)]);
        await folder.apply(at(base));
        const written = `${disk.join('\n')}\n`;
        folder.write('a', written);
        const plan = await folder.apply(at(next));
        expect(userLines(folder.read('a'))).toEqual(userLines(written));
        if (actions(plan)['a'] === 'conflict') expect(folder.read('a.new')).toBe(`${next.join('\n')}\n`);
        else expect(folder.has('a.new')).toBe(false);
        expect((await folder.plan(at(next))).changes).toBe(false);
        folder.dispose();
      }),
      { numRuns: 20 },
    );
  });

  test('a user who changed nothing gets the new text, one who is alone keeps theirs', () => {
    const texts = fc.tuple(text, text).map(([base, next]) => [base.join('\n'), next.join('\n')] as const);
    fc.assert(
      fc.property(texts, ([base, next]) => {
        expect(merge(base, base, next)).toBe(next);
        expect(merge(base, next, base)).toBe(next);
        expect(merge(base, next, next)).toBe(next);
      }),
    );
  });
});
