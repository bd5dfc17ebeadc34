import { resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storedPath, typedPath } from '../../src/cli/stored-path.ts';

test.each<[string, string | undefined, string]>([
  ['c.pem', 'shop', resolve('c.pem')],
  ['shop/certs/own/c.pem', 'shop', 'certs/own/c.pem'],
  ['./certs/c.pem', '.', 'certs/c.pem'],
  ['shop-2/c.pem', 'shop', resolve('shop-2/c.pem')],
  ['shop/..c.pem', 'shop', '..c.pem'],
  ['shop', 'shop', resolve('shop')],
  ['c.pem', undefined, resolve('c.pem')],
  ['/etc/c.pem', 'shop', '/etc/c.pem'],
])('%s for a stack in %s', (typed, folder, stored) => {
  expect(storedPath(typed, folder)).toBe(stored);
});

test('what is proposed from the file and taken by Enter means the same file', () => {
  const part = fc.constantFrom('a', 'b', '..', '.', '..c');
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(path, fc.option(path, { nil: undefined }), (typed, folder) => {
      const stored = storedPath(typed, folder);
      expect(resolve(folder ?? '.', stored)).toBe(resolve(typed));
      expect(storedPath(typedPath(stored, folder), folder)).toBe(stored);
    }),
  );
});
