import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { describe, expect, test } from 'vitest';
import { templateHelperNames } from '../../src/render/helper-names.ts';

const folder = new URL('../../templates/', import.meta.url).pathname;
const templates = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.hbs'),
);

/** Every place where a template puts a value, with the helper it goes through. */
function mustaches(source: string): { line: number; helper: string; parameters: number }[] {
  const found: { line: number; helper: string; parameters: number }[] = [];
  class Collector extends Handlebars.Visitor {
    override MustacheStatement(node: hbs.AST.MustacheStatement): void {
      found.push({
        line: node.loc.start.line,
        helper: (node.path as hbs.AST.PathExpression).original,
        parameters: node.params.length,
      });
      super.MustacheStatement(node);
    }
  }
  new Collector().accept(Handlebars.parse(source));
  return found;
}

test('there are templates', () => {
  expect(templates.length).toBeGreaterThan(10);
});

describe.each(templates)('%s', (file) => {
  test('prints no raw value', () => {
    for (const { line, helper, parameters } of mustaches(readFileSync(join(folder, file), 'utf8'))) {
      expect(templateHelperNames, `${file}:${line}`).toContain(helper);
      expect(parameters, `${file}:${line}`).toBe(1);
    }
  });
});

test('a raw value would be found', () => {
  expect(mustaches('a\n{{name}} {{sh name}}')).toEqual([
    { line: 2, helper: 'name', parameters: 0 },
    { line: 2, helper: 'sh', parameters: 1 },
  ]);
});
