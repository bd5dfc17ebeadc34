import { Document, isMap, isScalar, parse, parseDocument } from 'yaml';
import type { AnswerPath } from './answer-problem.ts';
import { setIn, valueAt } from './answer-tree.ts';
import { parseStackDocument, plainAnswers, type StackDocument } from './load.ts';
import type { StackInput } from './schema.ts';

const HEADER = ` yaml-language-server: $schema=stack.schema.json
 The answers of this stack; everything else is made from them by create-secure-stack.
 No secret belongs in here: commit this file.`;

const ORDER = [
  'version',
  'name',
  'environment',
  'domains',
  'tls',
  'services',
  'apps',
  'edge',
  'firewall',
  'secrets',
  'network',
];

/** A new stack.yaml with these answers. Its text is only parsed when somebody wants to know where something stands. */
export function newStackDocument(answers: Partial<StackInput>, file: string): StackDocument {
  const text = newStackText(answers);
  let parsed: StackDocument | undefined;
  const read = (): StackDocument => {
    parsed ??= parseStackDocument(text, file);
    return parsed;
  };
  return {
    file,
    text,
    answers,
    get document() {
      return read().document;
    },
    get lines() {
      return read().lines;
    },
  };
}

/** The text of a new stack.yaml: the answers as given, without the defaults. */
export function newStackText(answers: Partial<StackInput>): string {
  // Unknown keys stay, for the schema to complain about.
  const keys = [
    ...ORDER.filter((key) => key in answers),
    ...Object.keys(answers).filter((key) => !ORDER.includes(key)),
  ];
  const ordered = Object.fromEntries(keys.map((key) => [key, answers[key as keyof StackInput]]));
  const document = new Document(ordered, { version: '1.2', compat: 'yaml-1.1' });
  document.commentBefore = HEADER;
  for (const item of isMap(document.contents) ? document.contents.items.slice(3) : [])
    (item.key as { spaceBefore?: boolean }).spaceBefore = true;
  return toText(document);
}

/**
 * Changes one answer in the text of stack.yaml; comments and everything else stay as they are. One value in place of
 * another changes just its characters; a key that comes or goes may also settle the white space around it.
 * `undefined` removes the answer. The place must be one that `placeProblem` accepts.
 */
export function changeAnswer(source: StackDocument, path: AnswerPath, value: unknown): StackDocument {
  const node = source.document.getIn(path, true);
  if (
    isScalar(node) &&
    node.range &&
    isOneWord(node.type) &&
    value !== undefined &&
    typeof value !== 'object'
  ) {
    const [start, end] = node.range;
    return parseStackDocument(
      source.text.slice(0, start) + scalarText(value) + source.text.slice(end),
      source.file,
    );
  }
  const answers = plainAnswers(source);
  const document = parseDocument(source.text);
  if (value === undefined) {
    if (valueAt(answers, path) === undefined) return source;
    document.deleteIn(path);
  } else {
    // A key without a value holds nothing that could be gone into: it is given all that is below it at once.
    const bare = path.findIndex((_part, index) => (valueAt(answers, path.slice(0, index)) ?? null) === null);
    const known = bare === -1 ? path.length : bare;
    const below = path.slice(known);
    document.setIn(
      path.slice(0, known),
      document.createNode(below.length === 0 ? value : setIn(undefined, below, value)),
    );
  }
  return parseStackDocument(toText(document), source.file);
}

/** Not a block scalar, whose text ends at the next line. */
function isOneWord(type: string | null | undefined): boolean {
  return type === 'PLAIN' || type === 'QUOTE_SINGLE' || type === 'QUOTE_DOUBLE';
}

/** A value as it can stand anywhere in a line: JSON is YAML, and a plain word that means itself needs no quotes. */
function scalarText(value: unknown): string {
  if (
    typeof value === 'string' &&
    /^[A-Za-z/][\w./@+-]*$/.test(value) &&
    parse(value, { version: '1.1' }) === value
  )
    return value;
  return JSON.stringify(value);
}

function toText(document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
