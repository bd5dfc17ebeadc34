/** One setting of stack.yaml, for `explain` and the reference. */
export interface Setting {
  /** `apps.<name>.routes[].path` */
  path: string;
  description: string;
  /** In words: `text`, `number`, `a | b`. */
  type: string;
  required: boolean;
  fallback?: unknown;
}

/** The part of JSON Schema that our own schema uses. */
export interface SchemaNode {
  type?: string;
  description?: string;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  enum?: unknown[];
  const?: unknown;
  required?: string[];
  default?: unknown;
}

/** Every setting, in the schema's order; mappings and lists of mappings are followed, not listed. */
export function listSettings(schema: unknown): Setting[] {
  return walk(schema as SchemaNode, '', true);
}

function walk(node: SchemaNode, path: string, required: boolean): Setting[] {
  const inner = unwrapped(node);
  if (inner.properties) {
    return Object.entries(inner.properties).flatMap(([key, child]) =>
      walk(child, path === '' ? key : `${path}.${key}`, inner.required?.includes(key) === true),
    );
  }
  if (typeof inner.additionalProperties === 'object') {
    const child = unwrapped(inner.additionalProperties);
    if (child.properties) return walk(child, `${path}.<name>`, true);
  }
  if (inner.items && unwrapped(inner.items).properties)
    return walk(unwrapped(inner.items), `${path}[]`, true);
  return [
    {
      path,
      description: node.description ?? inner.description ?? '',
      type: typeName(inner),
      required,
      ...(node.default === undefined ? {} : { fallback: node.default }),
    },
  ];
}

/** Looks through `T | null`. */
function unwrapped(node: SchemaNode): SchemaNode {
  const options = node.anyOf?.filter(({ type }) => type !== 'null') ?? [];
  return options.length === 1
    ? { ...options[0]!, ...(node.description ? { description: node.description } : {}) }
    : node;
}

function typeName(node: SchemaNode): string {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.map(String).join(' | ');
  if (node.anyOf) return node.anyOf.map((one) => typeName(unwrapped(one))).join(' | ');
  if (node.type === 'array') return `list of ${typeName(unwrapped(node.items ?? {}))}`;
  if (node.type === 'object') return 'mapping';
  return (
    { string: 'text', number: 'number', integer: 'number', boolean: 'true | false' }[node.type ?? ''] ?? 'any'
  );
}
