import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { applyPlan, inspectFolder, planTree } from '../../src/workspace/index.ts';
import { Folder, file, secret, tree } from './workspace-fixture.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

const refused = { exit: EXIT.refused };
const stack = tree(
  [file('conf/app.conf', 'x\n'), secret('secrets/key', 'k')],
  [{ path: 'secrets', mode: 0o700 }],
);
const options = { toolVersion: '1.0.0' };

describe('inspectFolder', () => {
  test('tells whose folder it is', async () => {
    expect(inspectFolder(folder.root)).toBe('absent');
    mkdirSync(folder.root);
    expect(inspectFolder(folder.root)).toBe('empty');
    mkdirSync(folder.path('.git'));
    expect(inspectFolder(folder.root)).toBe('empty');
    folder.write('notes.txt', '');
    expect(inspectFolder(folder.root)).toBe('foreign');
    await folder.apply(stack, { allowForeign: true });
    expect(inspectFolder(folder.root)).toBe('ours');
  });

  test('knows a stack by its answers alone, and refuses a file', () => {
    folder.write('stack.yaml', '');
    expect(inspectFolder(folder.root)).toBe('ours');
    expect(() => inspectFolder(folder.path('stack.yaml'))).toThrow(/not a folder/);
  });
});

describe('refuses, and changes nothing:', () => {
  async function expectRefusal(wanted = stack): Promise<void> {
    const before = folder.state();
    await expect(folder.apply(wanted, { allowForeign: true })).rejects.toMatchObject(refused);
    expect(folder.state()).toEqual(before);
  }

  test('a folder with other things in it', async () => {
    folder.write('thesis.doc', 'x');
    const before = folder.state();
    await expect(folder.apply(stack)).rejects.toMatchObject(refused);
    expect(folder.state()).toEqual(before);
  });

  test('a root that is a file, or a link that leads nowhere', async () => {
    writeFileSync(folder.root, 'x');
    await expectRefusal();
    folder.remove('');
    symlinkSync('/nonexistent', folder.root);
    await expectRefusal();
  });

  test.each(['conf/app.conf', 'secrets/key'])('a symbolic link at %s', async (path) => {
    folder.write('../victim', 'victim');
    folder.write(`${path}/../x`, '');
    symlinkSync(folder.path('../victim'), folder.path(path));
    await expectRefusal();
    expect(folder.read('../victim')).toBe('victim');
  });

  test('a folder that is a symbolic link out of the root', async () => {
    mkdirSync(folder.path('../elsewhere'), { recursive: true });
    mkdirSync(folder.root);
    symlinkSync('../elsewhere', folder.path('conf'));
    await expectRefusal();
    expect(folder.has('../elsewhere/app.conf')).toBe(false);
  });

  test('a secret behind any symbolic link', async () => {
    folder.write('real/x', '');
    symlinkSync('real', folder.path('secrets'));
    await expectRefusal(tree([secret('secrets/key', 'k')]));
  });

  test('a folder, a pipe or a file in the way', async () => {
    mkdirSync(folder.path('conf/app.conf'), { recursive: true });
    await expectRefusal();
    folder.remove('conf');
    folder.write('conf', 'a file');
    await expectRefusal();
  });

  test.each([0o777, 0o775, 0o1777])('a secret in a folder of mode %o', async (mode) => {
    folder.write('shared/x', '');
    chmodSync(folder.path('shared'), mode);
    await expectRefusal(tree([secret('shared/key', 'k')]));
    await folder.apply(tree([secret('shared/key', 'k')], [{ path: 'shared', mode: 0o700 }]), {
      allowForeign: true,
    });
    expect([folder.mode('shared'), folder.read('shared/key')]).toEqual(['700', 'k']);
  });

  test('a records folder that is a link', async () => {
    mkdirSync(folder.path('../elsewhere'), { recursive: true });
    mkdirSync(folder.root);
    symlinkSync('../elsewhere', folder.path('.secure-stack'));
    await expectRefusal();
  });

  test('a plan that was made before somebody else changed a file', async () => {
    await folder.apply(stack);
    const plan = await planTree(
      folder.root,
      tree([file('conf/app.conf', 'y\n'), secret('secrets/key', 'new')]),
    );
    folder.write('conf/app.conf', 'mine\n');
    const before = folder.state();
    await expect(applyPlan(plan, options)).rejects.toMatchObject(refused);
    expect(folder.state()).toEqual(before);
  });

  test('a plan that was made before somebody else put a file there', async () => {
    const plan = await planTree(folder.root, stack);
    folder.write('secrets/key', 'mine', 0o600);
    const before = folder.state();
    await expect(applyPlan(plan, { ...options, allowForeign: true })).rejects.toMatchObject(refused);
    expect(folder.state()).toEqual(before);
  });
});

test('a link that stays inside of the root is followed for what is not secret', async () => {
  folder.write('real/x', '');
  symlinkSync('real', folder.path('conf'));
  await folder.apply(tree([file('conf/app.conf', 'x\n')]), { allowForeign: true });
  expect(folder.read('real/app.conf')).toBe('x\n');
});

test('files outside of the root belong to the same transaction', async () => {
  const path = `${folder.parent}/etc/shop/production.env`;
  const outside = tree(
    [secret(path, 'A=1'), file('a.conf', 'x\n')],
    [{ path: `${folder.parent}/etc/shop`, mode: 0o700 }],
  );
  await folder.apply(outside);
  expect([folder.read(path), folder.mode(path), folder.mode(`${folder.parent}/etc/shop`)]).toEqual([
    'A=1',
    '600',
    '700',
  ]);
  folder.remove('a.conf');
  mkdirSync(folder.path('a.conf'));
  const broken = tree([secret(path, 'A=2'), file('a.conf', 'x\n')]);
  await expect(folder.apply(broken)).rejects.toMatchObject(refused);
  expect(folder.read(path)).toBe('A=1');
});

test('an owner that was given to a file is kept', async () => {
  await folder.apply(stack);
  if (process.geteuid?.() === 0) chownSync(folder.path('secrets/key'), 999, 999);
  const before = statSync(folder.path('secrets/key'));
  await folder.apply(
    tree(
      [file('conf/app.conf', 'x\n'), secret('secrets/key', 'new', 0o400)],
      [{ path: 'secrets', mode: 0o700 }],
    ),
  );
  const after = statSync(folder.path('secrets/key'));
  expect([after.uid, after.gid, folder.mode('secrets/key')]).toEqual([before.uid, before.gid, '400']);
});

test('a plan is only what planTree made', async () => {
  const plan = await planTree(folder.root, stack);
  await expect(applyPlan({ ...plan }, options)).rejects.toThrow(TypeError);
});

test.each([
  ['above the root', '../x'],
  ['in our records', '.secure-stack/x'],
  ['not normal', 'a//b'],
  ['empty', ''],
])('a path %s is a bug of the renderer', async (_, path) => {
  await expect(planTree(folder.root, tree([file(path, '')]))).rejects.toThrow(TypeError);
});

test('a path may not be in the tree twice', async () => {
  await expect(planTree(folder.root, tree([file('a', ''), file('a', '')]))).rejects.toThrow(/twice/);
});
