import { UserError } from '../errors.ts';
import { runDocker } from './run.ts';

/** Nobody waits longer for an answer that no file depends on. */
const PATIENCE_SECONDS = 2;

/** Those of the volumes that exist here; none where no Docker answers soon. */
export async function existingVolumes(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const filters = names.flatMap((name) => ['--filter', `name=${name}`]);
  try {
    const { stdout } = await runDocker(['volume', 'ls', '--quiet', ...filters], {
      timeoutSeconds: PATIENCE_SECONDS,
    });
    // The filter is content with a part of the name.
    const found = stdout.split('\n');
    return names.filter((name) => found.includes(name));
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
