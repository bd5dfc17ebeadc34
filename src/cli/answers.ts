import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { readOptional } from '../project/inputs.ts';
import type { AnswerPath } from '../stack/answer-problem.ts';
import { parseAppFlag } from '../stack/app-flag.ts';
import type { StackDocument } from '../stack/load.ts';
import { presets } from '../stack/presets.ts';
import { parseAnswer, presetNames, questions } from '../stack/questions.ts';
import type { Arguments } from './args.ts';

export const STACK_FILE = 'stack.yaml';

/** One answer given by a flag. */
export interface Edit {
  path: AnswerPath;
  value: unknown;
}

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
  return { folder, onDisk, source: await parsed(text, file), edits: await flagEdits(args) };
}

/** The parser is only loaded when there is something to parse: the first question must not wait for it. */
async function parsed(text: string | undefined, file: string): Promise<StackDocument | undefined> {
  return text === undefined ? undefined : (await import('../stack/load.ts')).parseStackDocument(text, file);
}

async function flagEdits(args: Arguments): Promise<Edit[]> {
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
      edits.push({ path: [key], value });
  }
  for (const question of questions) {
    const values = args.values.get(question.flag);
    if (values !== undefined) edits.push({ path: question.path, value: parseAnswer(question, values) });
  }
  for (const name of args.values.get('service') ?? []) edits.push({ path: ['services', name], value: {} });
  for (const text of args.values.get('app') ?? []) {
    const { name, app } = parseAppFlag(text);
    edits.push({ path: ['apps', name], value: app });
  }
  for (const text of args.values.get('set') ?? []) edits.push(await parseSet(text));
  return edits;
}

/** `edge.limits.maxBody=10m`, `apps.web.routes[0].path=/app`, `domains=[a.example, b.example]`. */
async function parseSet(text: string): Promise<Edit> {
  const { parse } = await import('yaml');
  const [, place, value] = /^([A-Za-z][\w.[\]-]*)=(.*)$/s.exec(text) ?? [];
  if (place === undefined || value === undefined)
    throw new UserError({
      message: `--set ${text}: is not PATH=VALUE`,
      hint: 'e.g. --set edge.limits.maxBody=10m',
    });
  const path = place.split('.').flatMap((part) =>
    part
      .split(/[[\]]+/)
      .filter((piece) => piece !== '')
      .map((piece, index) => (index > 0 ? Number(piece) : piece)),
  );
  if (path.some((part) => Number.isNaN(part)))
    throw new UserError({ message: `--set ${place}: an index in [] must be a number` });
  try {
    return { path, value: value === '' ? undefined : parse(value) };
  } catch {
    throw new UserError({
      message: `--set ${place}: the value is not valid YAML`,
      hint: 'quote it, e.g. --set \'name="a: b"\'',
    });
  }
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
