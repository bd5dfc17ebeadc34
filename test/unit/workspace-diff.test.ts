import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatPlan, unifiedDiff } from '../../src/workspace/index.ts';
import { unified } from '../../src/workspace/unified.ts';
import { seededRandom } from '../corpus/seeded-random.ts';
import { Folder, file, secret, tree } from './workspace-fixture.ts';

const PLAIN = { colour: false };
const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\n';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

async function changedPlan() {
  await folder.apply(
    tree([
      file('app.conf', LINES),
      file('hot.conf', LINES),
      file('old.conf', 'old\n'),
      secret('.env', 'canary1'),
    ]),
  );
  folder.write('hot.conf', LINES.replace('two', 'mine'));
  const secrets = [secret('.env', 'canary2'), secret('key', 'canary3')];
  const files = [
    file('app.conf', LINES.replace('two', 'TWO')),
    file('hot.conf', LINES.replace('two', 'TWO')),
  ];
  return folder.plan(
    tree([...files, ...secrets, file('new.conf', 'new\n')], [{ path: 'logs', mode: 0o750 }]),
  );
}

test('the plan is one line per entry', async () => {
  expect(formatPlan(await changedPlan(), PLAIN)).toBe(
    [
      'create    logs/  (new)',
      'update    .env  (changed)',
      'update    app.conf  (not edited)',
      'conflict  hot.conf  (you and the new version changed the same lines; yours stays; the new one is hot.conf.new)',
      'create    key  (new)',
      'create    new.conf  (new)',
      'remove    old.conf  (no longer part of the stack)',
      '',
    ].join('\n'),
  );
});

test('the diff shows every change, and of secrets only the name', async () => {
  const diff = unifiedDiff(await changedPlan(), PLAIN);
  expect(diff).toBe(`update .env (secret, not shown)
--- a/app.conf
+++ b/app.conf
@@ -1,5 +1,5 @@
 one
-two
+TWO
 three
 four
 five
--- a/hot.conf
+++ b/hot.conf.new
@@ -1,5 +1,5 @@
 one
-mine
+TWO
 three
 four
 five
create key (secret, not shown)
--- /dev/null
+++ b/new.conf
@@ -0,0 +1,1 @@
+new
--- a/old.conf
+++ /dev/null
@@ -1,1 +0,0 @@
-old
`);
});

test('colours only when told to', async () => {
  const plan = await changedPlan();
  const coloured = unifiedDiff(plan, { colour: true }) + formatPlan(plan, { colour: true });
  const plain = unifiedDiff(plan, PLAIN) + formatPlan(plan, PLAIN);
  expect(coloured).toContain('\x1b[32m+TWO\x1b[39m');
  expect(coloured.replaceAll(/\x1b\[\d+m/g, '')).toBe(plain);
  expect(plain).not.toContain('\x1b');
});

test('an unchanged plan has no diff; a repaired mode is named', async () => {
  await folder.apply(tree([file('a', 'x\n')]));
  expect(unifiedDiff(await folder.plan(tree([file('a', 'x\n')])), PLAIN)).toBe('');
  folder.write('a', 'x\n', 0o666);
  expect(unifiedDiff(await folder.plan(tree([file('a', 'x\n')])), PLAIN)).toBe('mode 0666 => 0644 a\n');
});

test('control characters of a file do not reach the terminal', async () => {
  folder.write('stack.yaml', '');
  folder.write('a', '\x1b]0;owned\x07\x9b31m\tx\n');
  const diff = unifiedDiff(await folder.plan(tree([file('a', 'x\n')])), PLAIN);
  expect(diff).toContain('-\u241b]0;owned\u2407\\x9b31m\tx\n');
});

test('git makes the new text out of the old one and the difference, whatever the two are', () => {
  const random = seededRandom('unified diff');
  const pick = (most: number): number => random(1)[0]! % most;
  const anyText = (): string =>
    Array.from({ length: 1 + pick(30) }, () => 'abc'[pick(3)]).join('\n') + (pick(3) === 0 ? '' : '\n');
  const place = mkdtempSync(join(tmpdir(), 'diff-'));
  try {
    const pairs = Array.from({ length: 150 }, (_, index) => {
      const before = anyText();
      const lines = before.split('\n');
      lines.splice(pick(lines.length), pick(3), ...['x', 'y'].slice(0, pick(3)));
      const after = pick(2) === 0 ? anyText() : lines.join('\n') || 'z';
      writeFileSync(join(place, `f${index}`), before);
      return { name: `f${index}`, before, after };
    }).filter(({ before, after }) => before !== after);
    const input = pairs
      .map(({ name, before, after }) => unified(`a/${name}`, `b/${name}`, before, after))
      .join('');
    execFileSync('git', ['apply', '-'], { cwd: place, input, env: { PATH: process.env['PATH'] } });
    for (const { name, after } of pairs) expect(readFileSync(join(place, name), 'utf8')).toBe(after);
    expect(pairs.length).toBeGreaterThan(100);
  } finally {
    rmSync(place, { recursive: true });
  }
});
