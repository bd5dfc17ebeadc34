import Handlebars from 'handlebars';
import { describe, expect, test } from 'vitest';
import { compileTemplate } from '../../build/handlebars-compiler.ts';
import { templateHelperNames } from '../../src/render/helper-names.ts';
import { render, type Template } from '../../src/render/template.ts';

function compiled(source: string): Template {
  return new Function(`return ${compileTemplate(source, 'x.hbs')}`)() as Template;
}

/** What Handlebars itself makes of it. */
function original(source: string, values: object): string {
  const environment = Handlebars.create();
  for (const name of templateHelperNames)
    environment.registerHelper(name, (value: unknown) => render(compiled(`{{${name} value}}`), { value }));
  return environment.compile(source, { noEscape: true })(values);
}

const values = {
  name: 'a b',
  none: [],
  nothing: '',
  zero: 0,
  inner: { deep: 'x$y' },
  list: [
    { name: 'one', tags: ['p', 'q'] },
    { name: 'two', tags: [] },
  ],
};

test.each([
  '',
  '{{! only a comment }}',
  'server_name {{nginx name}};\n{{sh inner.deep}} "quoted" \\ `${1}`\n',
  '{{#if name}}\n  yes\n{{else}}\n  no\n{{/if}}\nend',
  '{{#if none}}some{{else if nothing}}text{{else if zero}}number{{else if absent}}there{{else}}no{{/if}}',
  '{{#unless none}}no{{/unless}}{{#unless name}}unseen{{else}}{{md name}}{{/unless}}',
  '{{#each list}}\n{{#unless @first}}, {{/unless}}{{sh name}}{{#if @last}}.{{/if}}\n{{/each}}\n',
  '{{#each list}}{{#each tags}}{{sh this}} of {{sh ../name}} in {{sh ../../name}}{{#if @last}};{{/if}}{{/each}}{{/each}}',
  '{{#each absent}}never{{/each}}{{#each none}}never{{/each}}.',
])('gives what Handlebars gives: %j', (source) => {
  expect(render(compiled(source), values)).toBe(original(source, values));
});

describe('refuses', () => {
  test.each([
    ['a raw value', '{{name}}'],
    ['a misspelt helper', '{{shell name}}'],
    ['a text given to a helper', "{{sh 'x'}}"],
    ['a second value', '{{sh name nothing}}'],
    ['an option', '{{sh name strict=true}}'],
    ['another block', '{{#with inner}}{{sh deep}}{{/with}}'],
    ['an else of each', '{{#each list}}x{{else}}y{{/each}}'],
    ['a partial', '{{> other}}'],
    ['a place above the values', '{{sh ../name}}'],
    ['another variable of a loop', '{{#each list}}{{sh @index}}{{/each}}'],
    ['what every object has', '{{#each list}}{{#if @constructor}}x{{/if}}{{/each}}'],
    ['a name for the item of a loop', '{{#each list as |item|}}{{sh item}}{{/each}}'],
    ['a name that is none in JavaScript', '{{sh foo-bar}}'],
  ])('%s', (_name, source) => {
    expect(() => compileTemplate(`\n${source}`, 'x.hbs')).toThrow('x.hbs:2: ');
  });

  test.each(['{{sh absent}}', '{{sh absent.deep}}', '{{sh inner}}'])(
    'what is no text, when it is filled: %s',
    (source) => {
      expect(() => render(compiled(source), values)).toThrow('not text');
    },
  );
});
