/**
 * Bundler plugin: writes characters beyond ASCII as escapes. They stand in strings, templates and patterns alone, where
 * that is the same; and a file with a single one of them is held in memory in twice the size.
 */
export function asciiOnly() {
  return {
    name: 'ascii-only',
    generateBundle(_options: unknown, bundle: Record<string, { code?: string }>) {
      for (const [file, chunk] of Object.entries(bundle)) {
        if (!file.endsWith('.mjs') || chunk.code === undefined) continue;
        // There the escape would mean another text.
        const raw = /\\[^\0-\x7f]|String\.raw`[^`]*[^\0-\x7f`]/.exec(chunk.code);
        if (raw) throw new Error(`${file}: ${raw[0]} cannot be written as an escape`);
        chunk.code = chunk.code.replaceAll(/[^\0-\x7f]/g, escaped);
      }
    },
  };
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
