import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { parseAppFlag } from '../stack/app-flag.ts';
import type { StackDocument } from '../stack/load.ts';
import { presets } from '../stack/presets.ts';
import { parseAnswer, presetNames, questions } from '../stack/questions.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import { readOptional } from '../workspace/read.ts';
import type { Arguments } from './args.ts';
import { type Edit, withEdits } from './edits.ts';
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
}

/** @throws {UserError} for a wrong flag, an unreadable file, wrong YAML */
export async function givenAnswers(args: Arguments): Promise<Given> {
  const config = args.values.get('config')?.[0];
  const here = readOptional(resolve(STACK_FILE)) !== undefined;
  const folder = args.target ?? (here ? '.' : undefined);
  const onDisk = folder === undefined ? undefined : readOptional(resolve(folder, STACK_FILE));
  const text = config === undefined ? onDisk : readConfig(config);
  const file = config === undefined ? shownPath(folder) : config === '-' ? '<stdin>' : config;
  const source = await parsed(text, file);
  const edits = await flagEdits(args, folder);
  // Only for what it throws: a place that cannot be is wrong whatever the rest turns out to be.
  if (edits.length > 0) withEdits(await plain(source), edits);
  return { folder, onDisk, source, edits };
}

/** The parser is only loaded when there is something to parse: the first question must not wait for it. */
async function parsed(text: string | undefined, file: string): Promise<StackDocument | undefined> {
  return text === undefined ? undefined : (await import('../stack/load.ts')).parseStackDocument(text, file);
}

async function plain(source: StackDocument | undefined): Promise<unknown> {
  return source === undefined ? {} : (await import('../stack/load.ts')).plainAnswers(source);
}

async function flagEdits(args: Arguments, folder: string | undefined): Promise<Edit[]> {
  const edits: Edit[] = [];
  const preset = args.values.get('preset')?.[0];
  if (preset !== undefined) {
    const found = presets.find(({ name }) => name === preset);
    if (!found)
      throw new UserError({
        message: `unknown preset "${preset}"`,
        hint: `there are ${presetNames.join(', ')}`,
      });
    for (const [key, value] of Object.entries({ services: {}, apps: {}, ...found.answers }))
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
  for (const text of args.values.get('app') ?? []) {
    const { name, app } = parseAppFlag(text);
    edits.push({ path: ['apps', name], value: app, flag: `--app name=${name}` });
  }
  for (const text of args.values.get('set') ?? []) edits.push(await parseSet(text));
  return edits;
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
  const text = readOptional(file);
  if (text === undefined) throw new UserError({ message: `--config ${file}: there is no such file` });
  return text;
}

export function shownPath(folder: string | undefined): string {
  return folder === undefined || folder === '.' ? STACK_FILE : join(folder, STACK_FILE);
}
