import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Problem, UserError } from '../errors.ts';
import { type AnswerPath, suggestion } from '../stack/answer-problem.ts';
import { parseAppFlag } from '../stack/app-flag.ts';
import type { StackDocument } from '../stack/load.ts';
import { presets } from '../stack/presets.ts';
import { parseAnswer, presetNames, questions } from '../stack/questions.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import { readOptional } from '../workspace/read.ts';
import type { Arguments } from './args.ts';
import { type Edit, placeable } from './edits.ts';
import { storedPath } from './stored-path.ts';

/** What the command line and the folder say, before any prompt. */
export interface Given {
  /** As typed or derived; undefined when only the wizard can tell. */
  folder: string | undefined;
  /** stack.yaml as it is on disk, which the new one replaces. */
  onDisk: string | undefined;
  /** The answers a run starts from: of the folder, or of --config. */
  source: StackDocument | undefined;
  edits: readonly Edit[];
  /** Flags that could not be read. They are told with what else is wrong, by whoever takes the edits. */
  wrong: readonly Problem[];
}

/** What flags that could not be read may have said: nothing that hinges on it is judged. */
export function unread({ wrong }: Given): readonly AnswerPath[] {
  return wrong.length === 0
    ? []
    : [
        ['apps', '?'],
        ['services', '?'],
      ];
}

/** @throws {UserError} for an unreadable file, wrong YAML */
export async function givenAnswers(args: Arguments): Promise<Given> {
  const config = args.values.get('config')?.[0];
  const here = readOptional(resolve(STACK_FILE)) !== undefined;
  const folder = args.target ?? (here ? '.' : undefined);
  const onDisk = folder === undefined ? undefined : readOptional(resolve(folder, STACK_FILE));
  const text = config === undefined ? onDisk : readConfig(config);
  const file = config === undefined ? shownPath(folder) : config === '-' ? '<stdin>' : config;
  const source = await parsed(text, file);
  const read = await flagEdits(args, folder);
  // A place that cannot be is wrong whatever the rest turns out to be.
  const { edits, problems } = placeable(read.edits.length > 0 ? await plain(source) : {}, read.edits);
  return { folder, onDisk, source, edits, wrong: [...read.wrong, ...problems] };
}

/** The parser is only loaded when there is something to parse: the first question must not wait for it. */
async function parsed(text: string | undefined, file: string): Promise<StackDocument | undefined> {
  return text === undefined ? undefined : (await import('../stack/load.ts')).parseStackDocument(text, file);
}

async function plain(source: StackDocument | undefined): Promise<unknown> {
  return source === undefined ? {} : (await import('../stack/load.ts')).plainAnswers(source);
}

async function flagEdits(
  args: Arguments,
  folder: string | undefined,
): Promise<{ edits: Edit[]; wrong: Problem[] }> {
  const edits: Edit[] = [];
  const wrong: Problem[] = [];
  const add = async (edit: () => Edit | Promise<Edit>): Promise<void> => {
    try {
      edits.push(await edit());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      wrong.push(...error.problems);
    }
  };
  const preset = args.values.get('preset')?.[0];
  if (preset !== undefined) {
    const found = presets.find(({ name }) => name === preset);
    if (!found)
      wrong.push({
        message: `unknown preset "${preset}"`,
        hint: suggestion(preset, presetNames) ?? `there are ${presetNames.join(', ')}`,
      });
    for (const [key, value] of Object.entries(found ? { services: {}, apps: {}, ...found.answers } : {}))
      edits.push({ path: [key], value, flag: `--preset ${preset}` });
  }
  for (const question of questions) {
    const values = args.values.get(question.flag);
    if (values === undefined) continue;
    const answer = parseAnswer(question, values);
    const value = question.isFile && typeof answer === 'string' ? storedPath(answer, folder) : answer;
    edits.push({ path: question.path, value, flag: `--${question.flag}` });
  }
  for (const name of args.values.get('service') ?? [])
    edits.push({ path: ['services', name], value: {}, flag: `--service ${name}` });
  for (const text of args.values.get('app') ?? [])
    await add(() => {
      const { name, app } = parseAppFlag(text);
      return { path: ['apps', name], value: app, flag: `--app name=${name}` };
    });
  for (const text of args.values.get('set') ?? []) await add(() => parseSet(text));
  return { edits, wrong };
}

/** `edge.limits.maxBody=10m`, `apps.web.routes[0].path=/app`, `domains=[a.example, b.example]`. */
async function parseSet(text: string): Promise<Edit> {
  const { parse } = await import('yaml');
  const [, place, value] = /^([A-Za-z_][\w.[\]-]*)=(.*)$/s.exec(text) ?? [];
  if (place === undefined || value === undefined)
    throw new UserError({
      message: `--set ${text}: is not PATH=VALUE`,
      hint: 'e.g. --set edge.limits.maxBody=10m',
    });
  const flag = `--set ${place}`;
  if (!/^[\w-]+(\[[^\][]*\])*(\.[\w-]+(\[[^\][]*\])*)*$/.test(place))
    throw new UserError({
      flag,
      message: 'is not a place in stack.yaml',
      hint: 'e.g. apps.web.routes[0].path',
    });
  const path = [...place.matchAll(/([\w-]+)|\[([^\]]*)\]/g)].map(([, key, index]) => key ?? toIndex(index!));
  try {
    return { path, value: value === '' ? undefined : parse(value), flag };
  } catch {
    throw new UserError({
      flag,
      message: 'the value is not valid YAML',
      hint: 'quote it, e.g. --set \'name="a: b"\'',
    });
  }
}

/** What is no index stays a number that `placeProblem` refuses. */
function toIndex(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function readConfig(file: string): string {
  if (file === '-') return readFileSync(0, 'utf8');
  const wrong = (message: string) => new UserError({ message: `--config ${file}: ${message}` });
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw wrong('is a folder, a file was expected');
  const text = readOptional(file);
  if (text === undefined) throw wrong('there is no such file');
  return text;
}

export function shownPath(folder: string | undefined): string {
  return folder === undefined || folder === '.' ? STACK_FILE : join(folder, STACK_FILE);
}
