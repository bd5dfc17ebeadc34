import { resolve } from 'node:path';
import { imageDigest } from '../../engine/docker.ts';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { LOCK_FILE, readDigests } from '../../project/inputs.ts';
import { buildStack } from '../../stack/build.ts';
import { readSpec } from '../../stack/load.ts';
import { givenAnswers } from '../answers.ts';
import type { Invocation } from '../main.ts';
import { writeStack } from './create.ts';

/**
 * Resolves every image's tag to a digest and writes the Compose file with them. Nothing is written unless every image
 * could be resolved.
 */
export async function pin({ args, output }: Invocation): Promise<ExitCode> {
  const given = await givenAnswers(args);
  if (given.source === undefined || given.folder === undefined)
    throw new UserError(
      { message: 'there is no stack.yaml here', hint: 'name the folder of a stack' },
      EXIT.refused,
    );
  const stack = buildStack(readSpec(given.source));
  const images = [
    ...new Set(
      stack.workloads.flatMap(({ image }) => (image === undefined || image.includes('@') ? [] : [image])),
    ),
  ].sort();
  const before = readDigests(given.folder);
  const digests: Record<string, string> = {};
  for (const image of images) {
    output.note(`asking for ${image}`);
    digests[image] = await imageDigest(image);
  }
  const { prepared, plan } = await writeStack({
    folder: given.folder,
    source: given.source,
    answersRead: given.onDisk,
    supplied: {},
    digests,
  });
  for (const note of prepared.notes) output.note(note);
  const changed = images.filter((image) => before[image] !== digests[image]);
  if (args.switches.has('json'))
    output.result(JSON.stringify({ dir: resolve(given.folder), images: digests, changed }, null, 2));
  else
    for (const image of images)
      output.result(`${image}@${digests[image]}${changed.includes(image) ? '  (new)' : ''}`);
  if (plan.changes)
    output.note(`Written to ${LOCK_FILE} and docker-compose.yml; "docker compose up -d" takes them.`);
  return EXIT.ok;
}
