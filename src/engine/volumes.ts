import { UserError } from '../errors.ts';
import { DockerMissing, runDocker } from './run.ts';

/** Nobody waits longer for an answer that no file depends on. */
const PATIENCE_SECONDS = 2;

/** Those of the volumes that exist here: none where there is no Docker, `unknown` where it gives no answer soon. */
export async function existingVolumes(names: readonly string[]): Promise<readonly string[] | 'unknown'> {
  if (names.length === 0) return [];
  const filters = names.flatMap((name) => ['--filter', `name=${name}`]);
  try {
    const { code, stdout } = await runDocker(['volume', 'ls', '--quiet', ...filters], {
      timeoutSeconds: PATIENCE_SECONDS,
    });
    if (code !== 0) return 'unknown';
    // The filter is content with a part of the name.
    const found = stdout.split('\n');
    return names.filter((name) => found.includes(name));
  } catch (error) {
    if (error instanceof DockerMissing) return [];
    if (error instanceof UserError) return 'unknown';
    throw error;
  }
}
