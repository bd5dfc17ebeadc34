/** Writes what is derived from the table of settings and committed: the JSON Schema. Run by `npm run generate`. */
import { writeFile } from 'node:fs/promises';
import { jsonSchemaText } from './json-schema.ts';

await writeFile(new URL('../src/stack/stack.schema.json', import.meta.url), jsonSchemaText());
