import { Document, isCollection, isScalar, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';

/** Text in which `$` starts a Compose interpolation, e.g. `${DB_URL:?set it in .env}`. */
export class Interpolation {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A value with the comment that stands beside it. */
export class Commented {
  readonly value: ComposeValue;
  readonly comment: string;
  constructor(value: ComposeValue, comment: string) {
    this.value = value;
    this.comment = comment;
  }
}

export type ComposeValue =
  | string
  | number
  | boolean
  | Interpolation
  | Commented
  | readonly ComposeValue[]
  | { readonly [key: string]: ComposeValue | undefined };

/**
 * Serialises a Compose file. Every string is data: `$` is doubled so that Compose does not interpolate it, and the
 * YAML library quotes what YAML 1.1 or 1.2 readers would take for something else (`yes`, `22:22`, `0o7`).
 */
export function composeYaml(value: ComposeValue, header: string): string {
  const document = new Document(null, { version: '1.2', compat: 'yaml-1.1' });
  document.contents = node(value) as typeof document.contents;
  document.commentBefore = header;
  for (const pair of (document.contents as unknown as YAMLMap).items.slice(1))
    (pair.key as Scalar).spaceBefore = true;
  return document.toString({
    lineWidth: 0,
    flowCollectionPadding: false,
    commentString: (text) => text.replace(/^(?!$)/gm, '# ').replace(/^$/gm, '#'),
  });
}

type Node = Scalar | YAMLMap | YAMLSeq;

function node(value: ComposeValue): Node {
  if (value instanceof Commented) {
    const inner = node(value.value);
    inner.comment = value.comment;
    return inner;
  }
  if (value instanceof Interpolation) return quoted(value.text);
  if (typeof value === 'string') return quoted(value.replaceAll('$', '$$$$'));
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    list.items = (value as readonly ComposeValue[]).map(node);
    list.flow = list.items.every((item) => isScalar(item)) && list.items.length > 0 && flowLength(list) < 80;
    return list;
  }
  if (typeof value === 'object')
    return mapping(value as { readonly [key: string]: ComposeValue | undefined });
  return new Scalar(value);
}

function mapping(value: { readonly [key: string]: ComposeValue | undefined }): YAMLMap {
  const map = new YAMLMap();
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const keyNode = new Scalar(key);
    const valueNode = node(item);
    // A comment behind a block collection would land at its end; it belongs to the line of the key.
    if (isCollection(valueNode) && !valueNode.flow && valueNode.comment) {
      keyNode.commentBefore = valueNode.comment;
      valueNode.comment = null;
    }
    map.items.push(new Pair(keyNode, valueNode));
  }
  return map;
}

function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  // `22:22` is a number in base 60 to YAML 1.1; port mappings are quoted always, so that they look alike.
  if (/^[\d[\].:]*:\d+(?:\/\w+)?$/.test(text)) scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}

function flowLength(list: YAMLSeq): number {
  return list.items.reduce((sum: number, item) => sum + String((item as Scalar).value).length + 4, 0);
}
