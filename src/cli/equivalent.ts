import { shellWord } from '../render/quote/shell.ts';
import { formatAppFlag } from '../stack/app-flag.ts';
import { plainAnswers } from '../stack/load.ts';
import { type Draft, questions } from '../stack/questions.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import type { Order } from './commands/create.ts';

/** How the program is called in a command to paste. */
export const NPX = 'npx create-secure-stack@latest';

/**
 * The command that gives the same stack without questions, in the stack's folder: by flags where they can say it all,
 * else from the stack.yaml there. It names no other folder: a second one of the same name would share the containers and
 * volumes of the first.
 */
export function equivalentCommand({ source }: Order): string {
  const flags = flagsFor(plainAnswers(source) as Draft) ?? [`--config ${STACK_FILE}`];
  return [`${NPX} . --yes`, ...flags].join(' ');
}

function flagsFor(draft: Draft): string[] | undefined {
  const { version: _version, services = {}, apps = {}, ...rest } = draft as Draft & Record<string, unknown>;
  const flags: string[] = [];
  const said = new Set<string>();
  for (const { path, flag } of questions) {
    const value = path.reduce<unknown>(
      (node, part) => (node as Record<string | number, unknown> | undefined)?.[part],
      rest,
    );
    if (value === undefined) continue;
    said.add(path.join('.'));
    for (const one of Array.isArray(value) ? value : [value])
      flags.push(`--${flag} ${shellWord(String(one))}`);
  }
  for (const [name, options] of Object.entries(services)) {
    if (options && Object.keys(options).length > 0) return undefined;
    flags.push(`--service ${name}`);
  }
  for (const [name, app] of Object.entries(apps)) {
    const text = formatAppFlag(name, app);
    if (text === undefined) return undefined;
    flags.push(`--app ${shellWord(text)}`);
  }
  // `--yes` alone would add the sample app.
  if (Object.keys(apps).length + Object.keys(services).length === 0) flags.push('--preset empty');
  return leaves(rest).every((place) => said.has(place)) ? flags : undefined;
}

function leaves(node: unknown, place: readonly string[] = []): string[] {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return [place.join('.')];
  return Object.entries(node).flatMap(([key, value]) =>
    value === undefined ? [] : leaves(value, [...place, key]),
  );
}
