import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

export type ComposePath = readonly (string | number)[];
export type Fields = Readonly<Record<string, unknown>>;

/** A Compose file as data that still knows its lines and Compose's own tags. */
export interface ComposeDocument {
  data: Fields;
  /** Line of the key or list item at the path, or of what is around it. */
  line(path: ComposePath): number;
  /** How Compose merges the value into that of the files before: `!reset` drops both, `!override` replaces. */
  tag(path: ComposePath): 'reset' | 'override' | undefined;
}

export interface SyntaxProblem {
  line: number;
  message: string;
}

/** Reads one Compose file; anything that is no mapping is a problem, not an exception. */
export function readComposeDocument(text: string): ComposeDocument | { problems: SyntaxProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ pos, code, message }) => ({
        line: lines.linePos(pos[0]).line || 1,
        message:
          code === 'MULTIPLE_DOCS'
            ? 'starts a second document; Compose reads one'
            : `is not valid YAML: ${message.split('\n')[0]}`,
      })),
    };
  }
  const data = plain(document);
  if (data === undefined)
    return { problems: [{ line: 1, message: 'must hold a mapping such as "services: {}"' }] };
  return {
    data,
    line: (path) => lines.linePos(offsetOf(document, path)).line || 1,
    tag: (path) => {
      const node = document.getIn(path, true);
      const tag = isNode(node) ? node.tag : undefined;
      return tag === '!reset' ? 'reset' : tag === '!override' ? 'override' : undefined;
    },
  };
}

function plain(document: Document): Fields | undefined {
  if (document.contents === null) return {};
  try {
    const data: unknown = document.toJS({ maxAliasCount: 100 });
    return data === null ? {} : isFields(data) ? data : undefined;
  } catch {
    // Aliases that blow up, or that point nowhere.
    return undefined;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mapping at a key, empty where there is none. */
export function fieldsAt(data: Fields, key: string): Fields {
  const value = data[key];
  return isFields(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A value in one line of text; a mapping or list is none. */
export function textOf(value: unknown): string {
  return typeof value === 'object' || value === undefined ? '' : String(value);
}

/** Whether Compose puts a variable's value into it; what that is, only the machine it runs on knows. */
export function isDecidedElsewhere(value: unknown): boolean {
  return (Array.isArray(value) ? value : [value]).some((one) =>
    /(?:^|[^$])(?:\$\$)*\$[{A-Za-z_]/.test(textOf(one)),
  );
}

/** Compose takes booleans as text too. */
export function isTrue(value: unknown): boolean {
  return value === true || ['true', 'yes', 'on', '1'].includes(textOf(value).toLowerCase());
}

export function isFalse(value: unknown): boolean {
  return value === false || ['false', 'no', 'off', '0'].includes(textOf(value).toLowerCase());
}

/** What came in through an alias or a merge key has no place of its own; then the nearest thing around it. */
function offsetOf(document: Document, path: ComposePath): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1]!;
    const item = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(last))?.key
      : isSeq(parent)
        ? parent.items[Number(last)]
        : undefined;
    if (isNode(item) && item.range) return item.range[0];
  }
  return 0;
}
