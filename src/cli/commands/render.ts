import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { renderStack } from '../../library.ts';
import { readDigests } from '../../project/inputs.ts';
import { ioFailure } from '../../workspace/failure.ts';
import { inspectFolder } from '../../workspace/folder.ts';
import { MANIFEST } from '../../workspace/state.ts';
import { givenAnswers } from '../answers.ts';
import { editedSource } from '../complete.ts';
import type { Invocation } from '../main.ts';

/** Writes the masked tree into a folder of its own, for snapshot tests. */
export async function renderCommand({ args, output }: Invocation): Promise<ExitCode> {
  const out = args.values.get('out')?.[0];
  if (out === undefined)
    throw new UserError({ message: 'render needs --out DIR', hint: 'the folder to write the tree to' });
  const given = await givenAnswers(args);
  if (given.source === undefined)
    throw new UserError(
      { message: 'there is no stack.yaml here', hint: 'name the folder of a stack, or give --config FILE' },
      EXIT.refused,
    );
  const target = resolve(out);
  refuseTarget(target, out, resolve(given.folder ?? '.'));
  const files = renderStack(editedSource(given.source, given).text, {
    redactSecrets: true,
    digests: readDigests(given.folder ?? '.'),
  });
  try {
    makeFolder(target);
    for (const { path, content, mode } of files) {
      // Secrets that live outside the folder are shown below it.
      const file = join(target, isAbsolute(path) ? `outside${path}` : path);
      // Masked: nothing in here is secret, whatever the mode says it would be.
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { mode });
    }
  } catch (error) {
    throw ioFailure(error, `writing to ${out}`, 'the tree there is not complete');
  }
  if (args.switches.has('json'))
    output.result(JSON.stringify({ out: target, files: files.map(({ path }) => path) }, null, 2));
  else output.note(`${files.length} files in ${out}, secrets masked.`);
  return EXIT.ok;
}

/** @throws {UserError} for anything but a folder without content, or none */
function refuseTarget(target: string, out: string, stack: string): void {
  // Told apart from an earlier tree, which may be removed.
  if (target === stack || existsSync(join(target, MANIFEST)))
    throw new UserError(
      { message: `${out}: holds a stack that is in use`, hint: 'name an empty or a new folder' },
      EXIT.refused,
    );
  const state = inspectFolder(target);
  if (state === 'absent' || (state === 'empty' && readdirSync(target).length === 0)) return;
  throw new UserError(
    { message: `${out}: is not empty`, hint: 'remove it first; render never mixes two trees' },
    EXIT.refused,
  );
}

/** With its parents, one by one: Node's recursive mkdir never returns where the system denies that a parent is there (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
