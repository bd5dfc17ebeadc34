import { Document, isMap, parseDocument } from 'yaml';
import type { AnswerPath } from './answer-problem.ts';
import { parseStackDocument, type StackDocument } from './load.ts';
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
 * Changes one answer in the text of stack.yaml; comments and everything else stay as they are.
 * `undefined` removes the answer.
 */
export function changeAnswer(source: StackDocument, path: AnswerPath, value: unknown): StackDocument {
  const document = parseDocument(source.text);
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, document.createNode(value));
  return parseStackDocument(toText(document), source.file);
}

function toText(document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
