import { toJsonSchema } from '@valibot/to-json-schema';
import { stackSchema } from '../src/stack/schema.ts';

/** JSON Schema of stack.yaml, for editors; checks that only a program can make are left to the program. */
export function jsonSchemaText(): string {
  const schema = toJsonSchema(stackSchema, { errorMode: 'ignore', target: 'draft-07', typeMode: 'input' });
  return `${JSON.stringify({ title: 'create-secure-stack: stack.yaml', ...schema }, null, 1)}\n`;
}
