import { readFile } from 'node:fs/promises';
import Handlebars from 'handlebars';
import { templateHelperNames } from '../src/render/helper-names.ts';

/**
 * Bundler and test plugin: `import template from './x.hbs'` yields the template precompiled, so that the
 * published program carries neither the templates' text nor the Handlebars compiler.
 *
 * `noEscape`: the built-in escaping is for HTML and would turn `=` into `&#x3D;` in a configuration file.
 * `strict`: a missing value is an error, not an empty string. `knownHelpersOnly`: a misspelt helper is one too.
 */
export function handlebarsTemplates() {
  return {
    name: 'handlebars-templates',
    async load(id: string) {
      if (!id.endsWith('.hbs')) return null;
      const source = await readFile(id, 'utf8');
      const knownHelpers = Object.fromEntries(templateHelperNames.map((name) => [name, true]));
      const spec = Handlebars.precompile(source, {
        noEscape: true,
        strict: true,
        knownHelpers,
        knownHelpersOnly: true,
        preventIndent: false,
      });
      return {
        code: `export default ${withoutOptions(withoutFallbacks(withoutLocations(String(spec))))};`,
        moduleSideEffects: false,
        map: null,
      };
    },
  };
}

/** Leaves out where in the template each value stands: only error messages use it, and it is half of the size. */
function withoutLocations(spec: string): string {
  return spec
    .replace(/,"loc":\{"start":\{[^{}]*\},"end":\{[^{}]*\}\}/g, '')
    .replace(/, \{"start":\{[^{}]*\},"end":\{[^{}]*\}\s*\}/g, '');
}

/** The runtime that is bundled has `lookupProperty`; each block's own copy of it is for older ones. */
function withoutFallbacks(spec: string): string {
  return spec.replaceAll(
    /lookupProperty = container\.lookupProperty \|\| function\(parent, propertyName\) \{.*?return undefined\s*\}/gs,
    'lookupProperty = container.lookupProperty',
  );
}

/** The quoting helpers look at their value alone; the runtime wants options to write into, though. */
function withoutOptions(spec: string): string {
  const helpers = templateHelperNames.join('|');
  return spec.replaceAll(new RegExp(`,\\{"name":"(?:${helpers})","hash":\\{\\},"data":data\\}`, 'g'), ',{}');
}
