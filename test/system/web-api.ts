import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect } from 'vitest';
import { program, temporaryFolder } from '../program.ts';

/** A stack of the preset web-api, made anew by the program before each test. */
export function webApi(): { readonly parent: string; readonly folder: string } {
  const root = temporaryFolder();
  const place = { parent: root, folder: root };
  beforeEach(() => {
    place.parent = mkdtempSync(join(root, 'run-'));
    place.folder = join(place.parent, 'shop');
    expect(program(['shop', '--yes', '--preset', 'web-api'], { cwd: place.parent }).code).toBe(0);
  });
  return place;
}
