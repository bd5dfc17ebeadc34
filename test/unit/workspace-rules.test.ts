import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { actions, Folder, file, reasonOf, secret, tree } from './workspace-fixture.ts';

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n';
const changed = (line: string, by: string) => LINES.replace(`${line}\n`, `${by}\n`);

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

describe('a generated file', () => {
  const at = (content: string) => tree([file('conf/app.conf', content)]);

  test('is created, in a folder that does not exist yet', async () => {
    expect(actions(await folder.plan(at(LINES)))).toEqual({ 'conf/app.conf': 'create' });
    expect(folder.has('')).toBe(false);
    await folder.apply(at(LINES));
    expect(folder.read('conf/app.conf')).toBe(LINES);
    expect(folder.mode('conf/app.conf')).toBe('644');
  });

  test('is left alone by the same tree: no write at all', async () => {
    await folder.apply(at(LINES));
    const before = folder.state();
    const plan = await folder.apply(at(LINES));
    expect(actions(plan)).toEqual({ 'conf/app.conf': 'unchanged' });
    expect(plan.changes).toBe(false);
    expect(folder.state()).toEqual(before);
  });

  test('is updated when not edited', async () => {
    await folder.apply(at(LINES));
    expect(actions(await folder.apply(at(changed('two', 'TWO'))))).toEqual({ 'conf/app.conf': 'update' });
    expect(folder.read('conf/app.conf')).toBe(changed('two', 'TWO'));
  });

  test('is updated by its hash alone when the pristine copy is gone', async () => {
    await folder.apply(at(LINES));
    folder.remove('.secure-stack/base');
    expect(actions(await folder.apply(at('new\n')))).toEqual({ 'conf/app.conf': 'update' });
  });

  test('keeps an edit when there is nothing new', async () => {
    await folder.apply(at(LINES));
    folder.write('conf/app.conf', changed('nine', 'mine'));
    const plan = await folder.apply(at(LINES));
    expect(actions(plan)).toEqual({ 'conf/app.conf': 'keep' });
    expect(plan.changes).toBe(false);
    expect(folder.read('conf/app.conf')).toBe(changed('nine', 'mine'));
  });

  test('merges an edit with what is new, and keeps the merge on the next run', async () => {
    await folder.apply(at(LINES));
    folder.write('conf/app.conf', changed('nine', 'mine'));
    const next = changed('two', 'TWO');
    expect(actions(await folder.apply(at(next)))).toEqual({ 'conf/app.conf': 'merge' });
    const merged = next.replace('nine\n', 'mine\n');
    expect(folder.read('conf/app.conf')).toBe(merged);
    expect(actions(await folder.apply(at(next)))).toEqual({ 'conf/app.conf': 'keep' });
    expect(folder.read('conf/app.conf')).toBe(merged);
  });

  test('keeps the line endings of an editor that wrote CRLF', async () => {
    await folder.apply(at(LINES));
    folder.write('conf/app.conf', changed('nine', 'mine').replaceAll('\n', '\r\n'));
    const next = changed('two', 'TWO');
    expect(actions(await folder.apply(at(next)))).toEqual({ 'conf/app.conf': 'merge' });
    expect(folder.read('conf/app.conf')).toBe(next.replace('nine', 'mine').replaceAll('\n', '\r\n'));

    folder.write('conf/app.conf', next.replaceAll('\n', '\r\n'));
    expect(actions(await folder.apply(at(next)))).toEqual({ 'conf/app.conf': 'keep' });
  });

  test('that the user deleted is recreated, and the plan says so', async () => {
    await folder.apply(at(LINES));
    folder.remove('conf/app.conf');
    const plan = await folder.apply(at(LINES));
    expect(actions(plan)).toEqual({ 'conf/app.conf': 'create' });
    expect(reasonOf(plan, 'conf/app.conf')).toMatch(/deleted/);
    expect(folder.read('conf/app.conf')).toBe(LINES);
  });

  test('is never merged into bytes that are not UTF-8', async () => {
    await folder.apply(at(LINES));
    const latin1 = Buffer.from(changed('nine', 'caf\u00e9'), 'latin1');
    folder.write('conf/app.conf', latin1);
    expect(actions(await folder.apply(at(changed('two', 'TWO'))))).toEqual({ 'conf/app.conf': 'conflict' });
    expect(Buffer.from(folder.read('conf/app.conf.new'))).toEqual(Buffer.from(changed('two', 'TWO')));
    expect(Buffer.from(latin1).equals(readFileSync(folder.path('conf/app.conf')))).toBe(true);
  });
});

describe('a conflict', () => {
  const at = (content: string) => tree([file('app.conf', content)]);
  beforeEach(async () => {
    await folder.apply(at(LINES));
    folder.write('app.conf', changed('two', 'mine'));
    expect(actions(await folder.apply(at(changed('two', 'theirs'))))).toEqual({ 'app.conf': 'conflict' });
  });

  test("leaves the user's file and puts the new text beside it", () => {
    expect(folder.read('app.conf')).toBe(changed('two', 'mine'));
    expect(folder.read('app.conf.new')).toBe(changed('two', 'theirs'));
  });

  test('stays open without a write until it is dealt with', async () => {
    const before = folder.state();
    expect(actions(await folder.apply(at(changed('two', 'theirs'))))).toEqual({ 'app.conf': 'conflict' });
    expect(folder.state()).toEqual(before);
  });

  test('offers the newest text', async () => {
    await folder.apply(at(changed('two', 'newest')));
    expect(folder.read('app.conf.new')).toBe(changed('two', 'newest'));
    expect(folder.has('app.conf.new.2')).toBe(false);
  });

  test('ends when the user takes the new text over', async () => {
    folder.write('app.conf', changed('two', 'theirs'));
    expect(actions(await folder.apply(at(changed('two', 'theirs'))))).toEqual({ 'app.conf': 'unchanged' });
    expect(folder.has('app.conf.new')).toBe(false);
    expect(folder.has('.secure-stack/offered')).toBe(false);
  });

  test('ends when the new text is the old one again', async () => {
    expect(actions(await folder.apply(at(LINES)))).toEqual({ 'app.conf': 'keep' });
    expect(folder.has('app.conf.new')).toBe(false);
    expect(folder.read('app.conf')).toBe(changed('two', 'mine'));
  });

  test('ends when the user deletes the offer, and later changes merge', async () => {
    folder.remove('app.conf.new');
    expect(actions(await folder.apply(at(changed('two', 'theirs'))))).toEqual({ 'app.conf': 'keep' });
    const later = changed('two', 'theirs').replace('eight', 'EIGHT');
    expect(actions(await folder.apply(at(later)))).toEqual({ 'app.conf': 'merge' });
    expect(folder.read('app.conf')).toBe(changed('two', 'mine').replace('eight', 'EIGHT'));
  });

  test('merges at once when the offer is deleted and something else is new', async () => {
    folder.remove('app.conf.new');
    const later = changed('two', 'theirs').replace('eight', 'EIGHT');
    expect(actions(await folder.apply(at(later)))).toEqual({ 'app.conf': 'merge' });
    expect(folder.read('app.conf')).toBe(changed('two', 'mine').replace('eight', 'EIGHT'));
  });

  test('never replaces an offer that the user has edited', async () => {
    folder.write('app.conf.new', 'notes of mine\n');
    await folder.apply(at(changed('two', 'newest')));
    expect(folder.read('app.conf.new')).toBe('notes of mine\n');
    expect(folder.read('app.conf.new.2')).toBe(changed('two', 'newest'));
    folder.write('app.conf', changed('two', 'newest'));
    await folder.apply(at(changed('two', 'newest')));
    expect(folder.has('app.conf.new.2')).toBe(false);
    expect(folder.read('app.conf.new')).toBe('notes of mine\n');
  });
});

describe('a file that was not generated', () => {
  beforeEach(() => folder.write('app.conf', LINES));
  const options = { allowForeign: true };

  test('is adopted when it is the same', async () => {
    expect(actions(await folder.apply(tree([file('app.conf', LINES)]), options))).toEqual({
      'app.conf': 'unchanged',
    });
    expect(actions(await folder.apply(tree([file('app.conf', 'new\n')])))).toEqual({ 'app.conf': 'update' });
  });

  test('is a conflict when it differs, and never removed', async () => {
    const plan = await folder.apply(tree([file('app.conf', 'new\n')]), options);
    expect(actions(plan)).toEqual({ 'app.conf': 'conflict' });
    expect(folder.read('app.conf.new')).toBe('new\n');
    expect(actions(await folder.apply(tree([])))).toEqual({ 'app.conf': 'keep' });
    expect(folder.read('app.conf')).toBe(LINES);
    expect(folder.has('app.conf.new')).toBe(false);
  });

  test("does not lose the user's own .new file to an offer", async () => {
    folder.write('app.conf.new', 'mine\n');
    await folder.apply(tree([file('app.conf', 'new\n')]), options);
    expect(folder.read('app.conf.new')).toBe('mine\n');
    expect(folder.read('app.conf.new.2')).toBe('new\n');
  });
});

describe('what the tree no longer has', () => {
  test('goes with its folders when untouched', async () => {
    await folder.apply(tree([file('a/b/old.conf', 'x\n'), file('keep.conf', 'y\n')]));
    expect(actions(await folder.apply(tree([file('keep.conf', 'y\n')])))).toMatchObject({
      'a/b/old.conf': 'remove',
    });
    expect(folder.has('a')).toBe(false);
    expect(folder.has('.secure-stack/base/a')).toBe(false);
    expect(folder.has('keep.conf')).toBe(true);
  });

  test('stays when edited, and so does a folder with something of the user in it', async () => {
    await folder.apply(tree([file('a/old.conf', 'x\n'), file('b/old.conf', 'x\n')]));
    folder.write('a/old.conf', 'mine\n');
    folder.write('b/mine.txt', 'mine\n');
    const plan = await folder.apply(tree([]));
    expect(actions(plan)).toEqual({ 'a/old.conf': 'keep', 'b/old.conf': 'remove' });
    expect(reasonOf(plan, 'a/old.conf')).toMatch(/yours now/);
    expect(folder.read('a/old.conf')).toBe('mine\n');
    expect(folder.read('b/mine.txt')).toBe('mine\n');
    expect((await folder.apply(tree([]))).changes).toBe(false);
  });

  test('stays when it was never ours', async () => {
    folder.write('stack.yaml', 'x');
    folder.write('old.conf', 'x\n');
    await folder.apply(tree([file('a.conf', 'x\n')]));
    await folder.apply(tree([]));
    expect(folder.read('old.conf')).toBe('x\n');
  });

  test('stays when it holds secrets, and is named by every run until it is gone', async () => {
    await folder.apply(tree([secret('secrets/old', 'hunter2')]));
    for (let run = 0; run < 2; run++) {
      const plan = await folder.apply(tree([]));
      expect(actions(plan)).toEqual({ 'secrets/old': 'keep' });
      expect(folder.read('secrets/old')).toBe('hunter2');
    }
    folder.remove('secrets/old');
    expect((await folder.apply(tree([]))).entries).toEqual([]);
  });

  test('stays outside of the folder', async () => {
    const path = `${folder.parent}/elsewhere/app.conf`;
    await folder.apply(tree([file(path, 'x\n')]));
    expect(actions(await folder.apply(tree([])))).toEqual({ [path]: 'keep' });
    expect(folder.read(path)).toBe('x\n');
  });
});

describe('a secret', () => {
  test('is created, updated and left alone', async () => {
    expect(actions(await folder.apply(tree([secret('.env', 'A=1')])))).toEqual({ '.env': 'create' });
    expect(folder.mode('.env')).toBe('600');
    expect((await folder.apply(tree([secret('.env', 'A=1')]))).changes).toBe(false);
    expect(actions(await folder.apply(tree([secret('.env', 'A=2')])))).toEqual({ '.env': 'update' });
    expect(folder.read('.env')).toBe('A=2');
  });

  test('gets its permissions repaired, content untouched', async () => {
    await folder.apply(tree([secret('.env', 'A=1')]));
    folder.write('.env', 'A=1', 0o644);
    expect(actions(await folder.apply(tree([secret('.env', 'A=1')])))).toEqual({ '.env': 'mode' });
    expect(folder.mode('.env')).toBe('600');
    expect(folder.read('.env')).toBe('A=1');
  });

  test('has no copy, no hash and no text in the plan', async () => {
    const canary = 'canaryCANARYcanary';
    folder.write('stack.yaml', '');
    folder.write('.env', 'old-canary', 0o600);
    const plan = await folder.apply(
      tree([secret('.env', canary), secret('s/key', canary)], [{ path: 's', mode: 0o700 }]),
    );
    const printed = JSON.stringify(plan) + inspect(plan, { depth: 9, showHidden: true, getters: true });
    expect(printed).not.toMatch(/canary/i);
    const records = Object.entries(folder.state()).filter(([path]) => path.includes('.secure-stack'));
    expect(records.length).toBeGreaterThan(1);
    expect(JSON.stringify(records)).not.toMatch(/canary|sha256/i);
  });

  test('that becomes generated is not shown and not overwritten', async () => {
    await folder.apply(tree([secret('app.conf', 'canary')]));
    const plan = await folder.apply(tree([file('app.conf', 'public\n')]));
    expect(actions(plan)).toEqual({ 'app.conf': 'conflict' });
    expect(JSON.stringify(plan)).not.toMatch(/canary/);
    expect(folder.read('app.conf')).toBe('canary');
  });

  test('loses its pristine copy when the file was generated before', async () => {
    await folder.apply(tree([file('app.conf', 'x\n')]));
    await folder.apply(tree([secret('app.conf', 'x\n')]));
    expect(folder.has('.secure-stack/base/app.conf')).toBe(false);
    expect(folder.read('.secure-stack/manifest.json')).not.toMatch(/sha256/);
  });
});

test('a seed is written once and then the user owns it', async () => {
  const seeded = tree([file('index.html', 'hello', 'seed')]);
  expect(actions(await folder.apply(seeded))).toEqual({ 'index.html': 'create' });
  folder.write('index.html', 'mine', 0o600);
  expect((await folder.apply(tree([file('index.html', 'new', 'seed')]))).changes).toBe(false);
  expect(folder.read('index.html')).toBe('mine');
  folder.remove('index.html');
  expect(actions(await folder.apply(seeded))).toEqual({ 'index.html': 'keep' });
  expect(folder.has('index.html')).toBe(false);
});

describe('the answers', () => {
  const at = (text: string) => tree([file('stack.yaml', text, 'answers')]);

  test('are replaced whole when they are what the caller read', async () => {
    await folder.apply(at('a: 1\n'));
    expect(actions(await folder.apply(at('a: 2\n'), { answersRead: 'a: 1\n' }))).toEqual({
      'stack.yaml': 'update',
    });
    expect(folder.read('stack.yaml')).toBe('a: 2\n');
  });

  test.each([
    ['changed meanwhile', 'a: 1\n', 'a: 9\n'],
    ['written meanwhile', undefined, 'a: 9\n'],
    ['deleted meanwhile', 'a: 1\n', undefined],
  ])('are refused when %s', async (_, read, disk) => {
    if (disk !== undefined) folder.write('stack.yaml', disk);
    const options = read === undefined ? {} : { answersRead: read };
    await expect(folder.plan(at('a: 2\n'), options)).rejects.toMatchObject({ exit: EXIT.refused });
    expect(folder.has('stack.yaml') ? folder.read('stack.yaml') : undefined).toBe(disk);
  });
});

test('permissions are repaired on files that are kept, and on listed folders', async () => {
  const wanted = tree([file('run.sh', LINES, 'generated', 0o755)], [{ path: 'secrets', mode: 0o700 }]);
  await folder.apply(wanted);
  expect([folder.mode('run.sh'), folder.mode('secrets')]).toEqual(['755', '700']);
  folder.write('run.sh', changed('two', 'mine'), 0o666);
  chmodSync(folder.path('secrets'), 0o777);
  expect(actions(await folder.apply(wanted))).toEqual({ 'run.sh': 'mode', secrets: 'mode' });
  expect([folder.mode('run.sh'), folder.mode('secrets')]).toEqual(['755', '700']);
  expect(folder.read('run.sh')).toBe(changed('two', 'mine'));
  expect((await folder.apply(wanted)).changes).toBe(false);
});

test('a link planted for a pristine copy is not followed', async () => {
  await folder.apply(tree([file('a.conf', 'x\n')]));
  folder.remove('.secure-stack/base');
  symlinkSync(folder.parent, folder.path('.secure-stack/base'));
  await expect(folder.apply(tree([file('a.conf', 'y\n')]))).rejects.toMatchObject({ exit: EXIT.refused });
  expect(folder.read('a.conf')).toBe('x\n');
  expect(folder.has('../a.conf')).toBe(false);
});
