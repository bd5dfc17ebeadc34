const CALL = /,\s*v\.description\(\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\$]|\\.)*`),?\s*\)/g;

/**
 * Bundler plugin: leaves the settings' descriptions out of the validators. The program reads them from the JSON Schema,
 * which is written from the same table beforehand and is inside as well; twice would be a waste. What is no plain text stays.
 */
export function withoutDescriptions() {
  return {
    name: 'without-descriptions',
    transform(code: string, id: string) {
      if (!/\/src\/(?:stack|catalog)\/[^/]+\.ts$/.test(id) || !code.includes('v.description(')) return null;
      return { code: code.replaceAll(CALL, ''), map: null };
    },
  };
}
