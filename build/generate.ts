/**
 * `npm run generate`: writes what is derived from the table of settings and committed, the JSON Schema, the library's
 * type for it, the reference sections of README.md and docs/reference.md, and the points in docs/edge.md. A test fails when one of them is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { jsonSchemaText } from './json-schema.ts';
import { edgePage, referenceSections, withSections } from './reference.ts';
import { typeDeclaration } from './type-declaration.ts';

const schemaFile = new URL('../src/stack/stack.schema.json', import.meta.url);
const typeFile = new URL('../src/stack/stack-input.ts', import.meta.url);
const referencePages = ['README.md', 'docs/reference.md'].map(
  (page) => new URL(`../${page}`, import.meta.url),
);
const edgeFile = new URL('../docs/edge.md', import.meta.url);

const schema = jsonSchemaText();
await writeFile(schemaFile, schema);
await writeFile(typeFile, typeDeclaration(JSON.parse(schema), 'StackInput'));
for (const page of referencePages)
  await writeFile(page, withSections(await readFile(page, 'utf8'), referenceSections(JSON.parse(schema))));
await writeFile(edgeFile, withSections(await readFile(edgeFile, 'utf8'), edgePage()));
