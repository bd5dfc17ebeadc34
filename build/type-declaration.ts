import type { SchemaNode } from '../src/stack/settings.ts';

/**
 * The JSON Schema as a TypeScript type, for users of the library: plain, where the schema library's own inferred type
 * would drag its whole machinery into the published declarations. What each setting means stands in the JSON Schema
 * that comes with every stack; said here again, it would be a fiftieth of the package.
 */
export function typeDeclaration(schema: unknown, name: string): string {
  return `// Written by \`npm run generate\` from schema.ts.\n\n/** stack.yaml as a user may write it; its JSON Schema and docs/reference.md say what each setting means. */\nexport type ${name} = ${typeText(schema as SchemaNode, '')};\n`;
}

function typeText(node: SchemaNode, indent: string): string {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (node.anyOf) return node.anyOf.map((one) => typeText(one, indent)).join(' | ');
  if (node.type === 'array') return `(${typeText(node.items ?? {}, indent)})[]`;
  if (node.properties) return objectText(node.properties, node.required ?? [], indent);
  if (node.type === 'object' && typeof node.additionalProperties === 'object')
    return `{ [name: string]: ${typeText(node.additionalProperties, indent)} }`;
  if (node.type === 'integer') return 'number';
  return node.type ?? 'unknown';
}

function objectText(
  properties: Record<string, SchemaNode>,
  required: readonly string[],
  indent: string,
): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(
    ([key, child]) =>
      `${inner}${key}${required.includes(key) ? '' : '?'}: ${typeText(child, inner)}${required.includes(key) ? '' : ' | undefined'};`,
  );
  return `{\n${lines.join('\n')}\n${indent}}`;
}
