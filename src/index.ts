/**
 * create-secure-stack as a library: for snapshot tests of the generated output.
 *
 * @example
 * import { renderStack } from 'create-secure-stack';
 * const files = renderStack(await readFile('stack.yaml', 'utf8'), { redactSecrets: true });
 * for (const { path, content } of files) expect(content).toMatchFileSnapshot(`snapshots/${path}`);
 */

export type { Problem } from './errors.ts';
export { UserError } from './errors.ts';
export { type RenderedFile, type RenderStackOptions, renderStack } from './library.ts';
export type { StackInput } from './stack/stack-input.ts';
