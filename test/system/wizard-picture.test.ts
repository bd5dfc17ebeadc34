import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { wizardPicture } from '../../build/wizard-picture.ts';

test('the picture in README.md is what the wizard shows (else: npm run picture)', async () => {
  const picture = readFileSync(new URL('../../docs/wizard.svg', import.meta.url), 'utf8');
  expect(await wizardPicture()).toBe(picture);
}, 150_000);
