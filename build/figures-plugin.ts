import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROMPTS = fileURLToPath(new URL('../node_modules/@inquirer', import.meta.url));

/** One symbol in a table of the prompts' library. */
const ENTRY = /^ {4}(\w+): '[^']*',\n/gm;

/**
 * Bundler plugin: of the prompts' two hundred symbols, leaves those that a prompt shows. They are members of an object,
 * of which the bundler itself takes nothing away.
 */
export function usedFigures() {
  return {
    name: 'used-figures',
    transform(code: string, id: string) {
      if (!id.endsWith('/@inquirer/figures/dist/index.js')) return null;
      const used = shownFigures();
      const left = code.replaceAll(ENTRY, (line, name: string) => (used.has(name) ? line : ''));
      if (used.size === 0 || left === code)
        throw new Error('build/figures-plugin.ts knows this library no more');
      return { code: left, map: null };
    },
  };
}

function shownFigures(): ReadonlySet<string> {
  const files = readdirSync(PROMPTS, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.js') && !file.startsWith('figures/'),
  );
  const texts = files.map((file) => readFileSync(join(PROMPTS, file), 'utf8'));
  if (texts.some((text) => /figures\[|replaceSymbols/.test(text)))
    throw new Error('a prompt chooses its symbols in a way that build/figures-plugin.ts does not see');
  return new Set(texts.flatMap((text) => [...text.matchAll(/\bfigures\.(\w+)/g)].map(([, name]) => name!)));
}
