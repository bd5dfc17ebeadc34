import * as v from 'valibot';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { type Problem, UserError } from '../errors.ts';
import { type AnswerPath, type AnswerProblem, dotted, suggestion } from './answer-problem.ts';
import { placeBefore, unusableNames, withoutWrong } from './partial.ts';
import { type StackSpec, stackSchema } from './schema.ts';
import { validateSpec } from './validate.ts';

/** stack.yaml as parsed; keeps the text's comments and order so that an answer can be changed in place. */
export interface StackDocument {
  file: string;
  text: string;
  document: Document;
  lines: LineCounter;
  /** What the text was written from, where that is known: it need not be read out of it again. */
  answers?: unknown;
}

/**
 * Parses the text of stack.yaml (YAML 1.2; JSON is a subset).
 * @throws {UserError} with every syntax error's line
 */
export function parseStackDocument(text: string, file: string): StackDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new UserError(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return {
          file,
          line,
          column: col,
          message: syntaxMessage(error),
        };
      }),
    );
  }
  return { file, text, document, lines };
}

/** What the parser says, which for several documents is advice to whoever calls it. */
function syntaxMessage({ code, message }: Document['errors'][number]): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document starts here; the file must hold one';
  return message.split('\n')[0]!.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

/**
 * The answers of a document with every default filled in.
 * @throws {UserError} with all mistakes at once, each with its line
 */
export function readSpec(source: StackDocument): StackSpec {
  const { spec, problems } = checkAnswers(plainAnswers(source));
  if (problems.length > 0 || !spec) throw new UserError(problems.map((problem) => locate(problem, source)));
  return spec;
}

/** The document as plain data. @throws {UserError} when it is not a mapping or uses aliases */
export function plainAnswers(source: StackDocument): unknown {
  if (source.answers !== undefined) return source.answers;
  if (!isMap(source.document.contents)) {
    throw new UserError({
      file: source.file,
      line: 1,
      message: 'must hold a mapping that starts with "version: 1"',
    });
  }
  try {
    return source.document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new UserError({ file: source.file, message: 'must not use YAML anchors and aliases' });
  }
}

/**
 * Validates answers from any source: a file, flags or the wizard. The spec is there when the schema has nothing to say.
 * @param left places of wrong answers that these have been made without
 */
export function checkAnswers(
  answers: unknown,
  left: readonly AnswerPath[] = [],
): { spec?: StackSpec; problems: AnswerProblem[] } {
  const unusable = unusableNames(answers).map(
    (path): AnswerProblem => ({
      path,
      atKey: true,
      message: 'is a reserved name; choose another one',
    }),
  );
  const parsed = v.safeParse(stackSchema, answers);
  if (parsed.success && unusable.length === 0) {
    const spec = parsed.output as StackSpec;
    return { spec, problems: validateSpec(spec, left) };
  }
  const problems = (parsed.issues ?? []).flatMap((issue) => describe(issue as v.BaseIssue<unknown>));
  return { problems: [...unusable, ...problems, ...judgeRest(answers, [...unusable, ...problems], left)] };
}

/** What can be said about the answers in spite of what is wrong with some of them. */
function judgeRest(
  answers: unknown,
  wrong: readonly AnswerProblem[],
  before: readonly AnswerPath[],
): AnswerProblem[] {
  let rest = answers;
  let issues = wrong.map(({ path }) => path);
  const left: AnswerPath[] = [];
  // Leaving a wrong key out may leave its mapping incomplete; each round takes at least one level away.
  for (let round = 0; round < 10; round += 1) {
    const without = withoutWrong(rest, issues);
    left.push(...without.left.map((path) => placeBefore(path, left)));
    const parsed = v.safeParse(stackSchema, without.answers);
    if (parsed.success)
      return validateSpec(parsed.output as StackSpec, [...before, ...left]).map((problem) => ({
        ...problem,
        path: placeBefore(problem.path, left),
      }));
    rest = without.answers;
    issues = parsed.issues.map(({ path }) => (path ?? []).map(({ key }) => key as string | number));
    if (issues.some((path) => path.length === 0)) return [];
  }
  return [];
}

/** A problem with file and line, for an answer that came from a document. */
export function locate(problem: AnswerProblem, source: StackDocument): Problem {
  const offset = offsetOf(source.document, problem.path, problem.atKey === true);
  const position = offset === undefined ? undefined : source.lines.linePos(offset);
  return {
    file: source.file,
    ...(position ? { line: position.line, column: position.col } : {}),
    ...(problem.path.length > 0 ? { path: dotted(problem.path) } : {}),
    message: problem.message,
    ...(problem.hint ? { hint: problem.hint } : {}),
  };
}

function describe(issue: v.BaseIssue<unknown>): AnswerProblem[] {
  const path = (issue.path ?? []).map((item) => item.key as string | number);
  const last = issue.path?.at(-1);
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const hint = suggestion(String(last?.key), knownKeys(path.slice(0, -1)));
    return [{ path, message: 'is not a known setting', atKey: true, ...(hint ? { hint } : {}) }];
  }
  if (issue.type === 'strict_object' && issue.received === 'undefined')
    return [{ path, message: 'is missing' }];
  if (issue.type === 'record' && last?.type === 'object' && 'origin' in last && last.origin === 'key') {
    return [{ path, message: issue.message, atKey: true }];
  }
  if (issue.type === 'picklist' || issue.type === 'literal') {
    const allowed = issue.expected ?? '';
    const words = allowed.replace(/[()]/g, '').split(' | ');
    const choices = words.map((word) => word.replaceAll('"', ''));
    const hint =
      typeof issue.input !== 'string'
        ? undefined
        : words.includes(issue.input)
          ? 'a number, without quotes'
          : suggestion(issue.input, choices);
    return [
      { path, message: `must be ${oneOf(choices)}, not ${shown(issue.input)}`, ...(hint ? { hint } : {}) },
    ];
  }
  const bound = boundMessage(issue);
  if (bound !== undefined) return [{ path, message: bound }];
  const keyProblem = last !== undefined && 'origin' in last && last.origin === 'key';
  const message =
    issue.kind === 'schema'
      ? `must be ${kindName(issue.expected)}, not ${shown(issue.input)}`
      : issue.message;
  return [
    { path, message: isOwnMessage(issue) ? issue.message : message, ...(keyProblem ? { atKey: true } : {}) },
  ];
}

function boundMessage({ type, input, message, ...issue }: v.BaseIssue<unknown>): string | undefined {
  if (!message.startsWith('Invalid')) return undefined;
  const limit = (issue as { requirement?: unknown }).requirement;
  if (type === 'min_value') return `must be at least ${limit}, not ${shown(input)}`;
  if (type === 'max_value') return `must be at most ${limit}, not ${shown(input)}`;
  if (type === 'integer') return `must be a whole number, not ${shown(input)}`;
  if (type === 'min_length') return 'must not be empty';
  return undefined;
}

/** Our own messages start in lower case ("must be …"); the library's start with "Invalid". */
function isOwnMessage(issue: v.BaseIssue<unknown>): boolean {
  return !issue.message.startsWith('Invalid');
}

function kindName(expected: string | null): string {
  const names: Record<string, string> = {
    Object: 'a mapping',
    Array: 'a list',
    string: 'text',
    number: 'a number',
    boolean: 'true or false',
  };
  return expected === null
    ? 'something else'
    : (names[expected] ?? expected.replace(/^\((.*)\)$/, '$1').replaceAll(' | ', ' or '));
}

function oneOf(choices: readonly string[]): string {
  return choices.length < 2 ? choices.join('') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

/** A wrong value in a message: short, and only scalars, so that a mistaken paste of a secret does not fill the screen. */
function shown(input: unknown): string {
  if (input === null) return 'empty';
  if (typeof input === 'string') return JSON.stringify(input.length > 40 ? `${input.slice(0, 40)}…` : input);
  if (typeof input === 'number' || typeof input === 'boolean') return String(input);
  return Array.isArray(input) ? 'a list' : input === undefined ? 'missing' : 'a mapping';
}

/** Keys the schema allows at a path, for suggestions. */
function knownKeys(path: AnswerPath): string[] {
  let schema: unknown = stackSchema;
  for (const part of path) {
    schema = unwrap(schema);
    const node = schema as { entries?: Record<string, unknown>; value?: unknown; item?: unknown };
    schema = node.entries?.[String(part)] ?? node.value ?? node.item;
  }
  return Object.keys((unwrap(schema) as { entries?: object } | undefined)?.entries ?? {});
}

function unwrap(schema: unknown): unknown {
  let node = schema as { wrapped?: unknown; pipe?: unknown[] } | undefined;
  while (node) {
    if (node.wrapped) node = node.wrapped as typeof node;
    else break;
  }
  return node;
}

function offsetOf(document: Document, path: AnswerPath, atKey: boolean): number | undefined {
  // A missing key has no place of its own: the nearest parent that exists is shown.
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1]!;
    const pair = isMap(parent) ? pairOf(parent, key) : undefined;
    const node = pair
      ? atKey || length < path.length
        ? pair.key
        : (pair.value ?? pair.key)
      : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

function pairOf(map: YAMLMap, key: string | number) {
  return map.items.find(
    (item) => (isScalar(item.key) ? String(item.key.value) : String(item.key)) === String(key),
  );
}
