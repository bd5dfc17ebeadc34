/** `npm run picture`: docs/wizard.svg, from the program's own output. A test fails when it is out of date. */
import { writeFile } from 'node:fs/promises';
// @ts-expect-error plain JavaScript, for a clone without anything installed
import { ensureBuilt } from './prepare.mjs';
import { wizardPicture } from './wizard-picture.ts';

ensureBuilt();
await writeFile(new URL('../docs/wizard.svg', import.meta.url), await wizardPicture());
