import { readFileSync } from 'node:fs';
import { expect, expectTypeOf, test } from 'vitest';
import { jsonSchemaText } from '../../build/json-schema.ts';
import { referenceSections, withSections } from '../../build/reference.ts';
import { typeDeclaration } from '../../build/type-declaration.ts';
import { questions } from '../../src/stack/questions.ts';
import type { StackInput } from '../../src/stack/schema.ts';
import { listSettings } from '../../src/stack/settings.ts';
import type { StackInput as Documented } from '../../src/stack/stack-input.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('the JSON Schema is that of the table (else: npm run generate)', () => {
  expect(read('src/stack/stack.schema.json')).toBe(jsonSchemaText());
});

test('the library’s type is that of the table (else: npm run generate)', () => {
  expect(read('src/stack/stack-input.ts')).toBe(typeDeclaration(JSON.parse(jsonSchemaText()), 'StackInput'));
  expectTypeOf<Documented>().toExtend<StackInput>();
  expectTypeOf<StackInput>().toExtend<Documented>();
});

test('the reference is that of the tables, each section of it once (else: npm run generate)', () => {
  const sections = referenceSections(JSON.parse(jsonSchemaText()));
  const pages = [read('README.md'), read('docs/reference.md')];
  for (const page of pages) expect(page).toBe(withSections(page, sections));
  for (const name of Object.keys(sections))
    expect(pages.join('').split(`<!-- generated: ${name} -->`)).toHaveLength(2);
});

test('every setting is described', () => {
  const settings = listSettings(JSON.parse(jsonSchemaText()));
  expect(settings.length).toBeGreaterThan(70);
  expect(settings.filter(({ description }) => description === '').map(({ path }) => path)).toEqual([]);
});

test('every question of the wizard is about a setting of the table', () => {
  const paths = listSettings(JSON.parse(jsonSchemaText())).map(({ path }) => path);
  for (const { path } of questions) expect(paths).toContain(path.join('.'));
});
