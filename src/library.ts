import { certificateFile, placesOf } from './certs/places.ts';
import { renderFiles } from './render/stack.ts';
import { renderSecretFiles } from './secrets/secret-files.ts';
import { resolveSecrets } from './secrets/store.ts';
import { buildStack } from './stack/build.ts';
import { newStackText } from './stack/document.ts';
import { parseStackDocument, readSpec } from './stack/load.ts';
import type { Stack } from './stack/model.ts';
import { STACK_FILE } from './stack/stack-file.ts';
import type { StackInput } from './stack/stack-input.ts';

export interface RenderStackOptions {
  /** Must be true: this function never makes or reads a secret; each value is a fixed placeholder. */
  redactSecrets: true;
  /** Resolved image digests, `name:tag` → `sha256:…`, as in images.lock.json. */
  digests?: Readonly<Record<string, string>>;
}

export interface RenderedFile {
  /** Relative to the stack's folder, or absolute when the secrets live outside it. */
  path: string;
  content: string;
  /** Permission bits, e.g. 0o600. */
  mode: number;
}

/**
 * Every file of a stack with the secrets and certificates masked: the same answers give the same bytes on every machine,
 * sorted by path.
 * @param answers the text of a stack.yaml, or the same as an object
 * @throws {UserError} when the answers are not valid, with every mistake
 */
export function renderStack(
  answers: string | StackInput,
  { digests = {} }: RenderStackOptions,
): RenderedFile[] {
  const source = parseStackDocument(
    typeof answers === 'string' ? answers : newStackText(answers),
    STACK_FILE,
  );
  const stack = buildStack(readSpec(source));
  return [
    { path: STACK_FILE, content: source.text, mode: 0o644 },
    ...renderFiles(stack, { digests }).files,
    ...maskedSecrets(stack),
    ...maskedCertificates(stack),
  ]
    .map(({ path, content, mode }) => ({ path, content, mode }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const MASK = 'REDACTED';

function maskedSecrets(stack: Stack): RenderedFile[] {
  const plain = stack.secrets
    .filter(({ kind }) => !['derived', 'previous', 'setting'].includes(kind))
    .map((secret) => ({ ...secret, kind: 'external' as const }));
  const others = stack.secrets.filter(({ kind }) => ['derived', 'previous', 'setting'].includes(kind));
  const state = resolveSecrets({
    secrets: [...plain, ...others],
    secretFiles: stack.secretFiles,
    existing: undefined,
    existingFiles: new Map(),
    supplied: Object.fromEntries(plain.map(({ id }) => [id, MASK])),
    random: () => {
      throw new Error('a masked rendering makes no secret');
    },
  });
  return renderSecretFiles(state, stack).files.map(({ path, content, mode }) => ({ path, content, mode }));
}

function maskedCertificates({ edge }: Stack): RenderedFile[] {
  return placesOf(edge.tls.mode).map((path) => certificateFile(path, `${MASK}\n`));
}
