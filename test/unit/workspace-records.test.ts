import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { recover } from '../../src/workspace/index.ts';
import { Folder, file, secret, tree } from './workspace-fixture.ts';

const MANIFEST = '.secure-stack/manifest.json';
const JOURNAL = '.secure-stack/journal.json';
const ID = '0123456789abcdef01234567';
const refused = { exit: EXIT.refused };

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

describe('the manifest', () => {
  test('is the same text for the same tree, whatever the order', async () => {
    const files = [file('b', '1'), secret('c', '2'), file('a/x', '3'), file('s', '4', 'seed')];
    await folder.apply(tree(files));
    const other = new Folder();
    await other.apply(tree(files.toReversed()));
    expect(other.read(MANIFEST)).toBe(folder.read(MANIFEST));
    expect(Object.keys(JSON.parse(folder.read(MANIFEST)).files)).toEqual(['a/x', 'b', 'c', 's']);
    expect(JSON.parse(folder.read(MANIFEST)).files.c).toEqual({ class: 'secret', mode: '0600' });
    other.dispose();
  });

  test('of a newer version is refused', async () => {
    folder.write(MANIFEST, JSON.stringify({ format: 2, tool: '9.0.0' }));
    await expect(folder.plan(tree([]))).rejects.toMatchObject(refused);
    await expect(folder.plan(tree([]))).rejects.toThrow(/9\.0\.0/);
  });

  test.each([
    ['', 'empty'],
    ['{', 'cut off'],
    ['[]', 'no object'],
    ['{"format":1}', 'without files'],
    [
      '{"format":1,"directories":[],"files":{"../x":{"class":"generated","mode":"0644"}}}',
      'with a path above the root',
    ],
    ['{"format":1,"directories":["/"],"files":{}}', 'with a folder that is none of ours'],
    ['{"format":1,"directories":[],"files":{"x":{"class":"other","mode":"0644"}}}', 'with an unknown class'],
    [
      '{"format":1,"directories":[],"files":{"x":{"class":"generated","mode":"0644","sha256":"1"}}}',
      'with a bad hash',
    ],
    [
      `{"format":1,"directories":[],"files":{"x":{"class":"generated","mode":"0644","offer":{"path":"y","sha256":"${'0'.repeat(64)}"}}}}`,
      'with an offer of another file',
    ],
  ])('that is %j (%s) is an error, not absence', async (text) => {
    folder.write('x', 'mine');
    folder.write(MANIFEST, text);
    await expect(folder.apply(tree([file('x', 'new')]))).rejects.toThrow(/manifest\.json: is damaged/);
    expect(folder.read('x')).toBe('mine');
  });

  test('heals a pristine copy that was lost or damaged', async () => {
    await folder.apply(tree([file('a', 'x\n')]));
    folder.write('.secure-stack/base/a', 'tampered');
    await folder.apply(tree([file('a', 'x\n')]));
    expect(folder.read('.secure-stack/base/a')).toBe('x\n');
  });

  test('does not use a damaged copy as the base of a merge', async () => {
    await folder.apply(tree([file('a', '1\n2\n3\n4\n5\n')]));
    folder.write('.secure-stack/base/a', 'tampered');
    folder.write('a', '1\n2\n3\n4\nmine\n');
    const plan = await folder.apply(tree([file('a', 'ONE\n2\n3\n4\n5\n')]));
    expect(plan.entries[0]).toMatchObject({ action: 'conflict' });
    expect(folder.read('a')).toBe('1\n2\n3\n4\nmine\n');
  });
});

describe('the journal', () => {
  const journal = (fields: object) =>
    folder.write(
      JOURNAL,
      JSON.stringify({
        format: 1,
        state: 'committed',
        writes: [],
        removals: [],
        made: [],
        emptied: [],
        ...fields,
      }),
    );

  test('of a run killed while staging is taken back', async () => {
    await folder.apply(tree([file('a', 'old\n')]));
    const state = folder.state();
    folder.write(`.a.css-${ID}.tmp`, 'half');
    folder.write(`.secure-stack/.journal.json.css-${ID}.tmp`, '{');
    folder.write('made/by/x', '');
    folder.remove('made/by/x');
    journal({ state: 'staging', writes: [{ path: 'a', temporary: ID }], made: ['made', 'made/by'] });
    expect(await recover(folder.root)).toBe('rolled-back');
    expect(folder.state()).toEqual(state);
    expect(await recover(folder.root)).toBe('nothing');
  });

  test('of a committed run is carried out', async () => {
    await folder.apply(tree([file('a', 'old\n'), file('gone/b', 'b\n')]));
    folder.write(`.a.css-${ID}.tmp`, 'new\n');
    journal({
      writes: [{ path: 'a', temporary: ID, before: { sha256: hash('old\n') } }],
      removals: [{ path: 'gone/b', before: { sha256: hash('b\n') } }],
      emptied: ['gone'],
    });
    await expect(folder.plan(tree([]))).rejects.toMatchObject(refused);
    expect(await recover(folder.root)).toBe('completed');
    expect([folder.read('a'), folder.has('gone'), folder.has(JOURNAL)]).toEqual(['new\n', false, false]);
  });

  test('does not overwrite what the user wrote after the crash', async () => {
    await folder.apply(tree([file('a', 'old\n'), file('b', 'b\n')]));
    folder.write(`.a.css-${ID}.tmp`, 'new\n');
    folder.write('a', 'mine\n');
    folder.write('b', 'mine\n');
    const removals = [{ path: 'b', before: { sha256: hash('b\n') } }];
    journal({ writes: [{ path: 'a', temporary: ID, before: { sha256: hash('old\n') } }], removals });
    await expect(recover(folder.root)).rejects.toMatchObject(refused);
    expect(folder.read('a')).toBe('mine\n');
    journal({ removals });
    await recover(folder.root);
    expect(folder.read('b')).toBe('mine\n');
  });

  test.each([
    ['a removal outside of the folder', { removals: [{ path: '/etc/passwd', before: {} }] }],
    ['a removal above the folder', { removals: [{ path: '../x', before: {} }] }],
    ['a temporary name that leads elsewhere', { writes: [{ path: 'a', temporary: '/../../victim' }] }],
    ['a folder to remove elsewhere', { emptied: ['/var/empty'] }],
    ['an unknown state', { state: 'other' }],
    ['an unknown format', { format: 2 }],
  ])('with %s is refused', async (_, fields) => {
    await folder.apply(tree([file('a', 'x\n')]));
    journal(fields);
    const state = folder.state();
    await expect(recover(folder.root)).rejects.toMatchObject(refused);
    expect(folder.state()).toEqual(state);
  });
});

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
