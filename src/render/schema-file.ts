import schema from '../stack/stack.schema.json' with { type: 'json' };

/** The JSON Schema as it lies beside a stack, so that editors complete and check stack.yaml without a network. */
export function stackJsonSchema(): string {
  return `${JSON.stringify(schema, null, 1)}\n`;
}
