import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatPlan, unifiedDiff } from '../../src/workspace/index.ts';
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
  const diff = await unifiedDiff(await changedPlan(), PLAIN);
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
  const coloured = (await unifiedDiff(plan, { colour: true })) + formatPlan(plan, { colour: true });
  const plain = (await unifiedDiff(plan, PLAIN)) + formatPlan(plan, PLAIN);
  expect(coloured).toContain('\x1b[32m+TWO\x1b[39m');
  expect(coloured.replaceAll(/\x1b\[\d+m/g, '')).toBe(plain);
  expect(plain).not.toContain('\x1b');
});

test('an unchanged plan has no diff; a repaired mode is named', async () => {
  await folder.apply(tree([file('a', 'x\n')]));
  expect(await unifiedDiff(await folder.plan(tree([file('a', 'x\n')])), PLAIN)).toBe('');
  folder.write('a', 'x\n', 0o666);
  expect(await unifiedDiff(await folder.plan(tree([file('a', 'x\n')])), PLAIN)).toBe('mode 0666 => 0644 a\n');
});

test('control characters of a file do not reach the terminal', async () => {
  folder.write('stack.yaml', '');
  folder.write('a', '\x1b]0;owned\x07\x9b31m\tx\n');
  const diff = await unifiedDiff(await folder.plan(tree([file('a', 'x\n')])), PLAIN);
  expect(diff).toContain('-\u241b]0;owned\u2407\\x9b31m\tx\n');
});
