import { readFile } from 'node:fs/promises';
import { compileTemplate } from './handlebars-compiler.ts';

/**
 * Bundler and test plugin: `import template from './x.hbs'` yields the template as a function, so that the published
 * program carries neither the templates' text nor Handlebars.
 */
export function handlebarsTemplates() {
  return {
    name: 'handlebars-templates',
    async load(id: string) {
      if (!id.endsWith('.hbs')) return null;
      const code = compileTemplate(await readFile(id, 'utf8'), id);
      return { code: `export default ${code};`, moduleSideEffects: false, map: null };
    },
  };
}
