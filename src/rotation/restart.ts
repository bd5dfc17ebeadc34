import { type ComposeProject, type Container, isUnwell, Unhealthy } from '../engine/project.ts';
import { EXIT, UserError } from '../errors.ts';
import { refreshUpstreams } from './served.ts';

/** What a container must have been made with to see the values on disk. */
export interface Expected {
  workload: string;
  /** When the rotation began: what was started again since then may see the files of either side. */
  since: Date;
  /** The counter of its secret files, when it mounts any. */
  revision?: string;
  /** Variables and their values. */
  variables: ReadonlyMap<string, string>;
  /** Content of the files it mounts, by path inside the container. */
  files: ReadonlyMap<string, string>;
}

/**
 * Replaces the containers of a workload whose values are outdated, and returns once the new one is healthy and sees the
 * values. Does nothing when that is so already.
 *
 * A mounted file keeps its old content in a container that was started before the file was replaced, so a new container
 * is needed even for a program that would read the file again.
 * @param rolling start the new container beside the old one, and end that only when the edge knows the new one
 * @throws {UserError} when the new container does not become healthy; with `rolling` the old one goes on then
 */
export async function restartWorkload(
  project: ComposeProject,
  expected: Expected,
  { rolling }: { rolling: boolean },
): Promise<void> {
  const { workload } = expected;
  const found = await project.containers(workload);
  // Never started: left by a run that was killed.
  const leftovers = found.filter(({ status }) => status === 'created');
  for (const { id } of leftovers) await project.remove(id);
  const containers = found.filter((one) => !leftovers.includes(one));
  // One that is unhealthy with its values may have been made from answers or an image that are mended by now.
  const fresh = containers.filter((one) => isFresh(one, expected) && !isUnwell(one));
  const stale = containers.filter((one) => !fresh.includes(one));
  if (stale.length > 0 && rolling) await roll(project, expected, { stale, fresh });
  else {
    for (const { id } of stale) await project.remove(id);
    // A run that was killed may have removed the old one already, so that there is none at all.
    if (stale.length > 0 || fresh.length === 0)
      await project.up(workload, Math.max(1, stale.length + fresh.length));
  }
  const now = (await project.containers(workload)).filter((one) => isFresh(one, expected));
  if (now.length === 0) throw notAnew(workload);
  for (const { id } of now) {
    await project.healthy(id, workload);
    await verifyFiles(project, id, expected);
  }
}

/**
 * The same for a workload that may be unhealthy afterwards, because what matters is that it has the values: the old one
 * goes in any case.
 * @returns whether it is healthy
 */
export async function restartAnyhow(
  project: ComposeProject,
  expected: Expected,
  { rolling }: { rolling: boolean },
): Promise<boolean> {
  for (const beside of rolling ? [true, false] : [false]) {
    try {
      await restartWorkload(project, expected, { rolling: beside });
      return true;
    } catch (error) {
      if (!(error instanceof Unhealthy)) throw error;
    }
  }
  return false;
}

interface Containers {
  stale: readonly Container[];
  fresh: readonly Container[];
}

async function roll(
  project: ComposeProject,
  expected: Expected,
  { stale, fresh }: Containers,
): Promise<void> {
  const { workload } = expected;
  const missing = Math.max(0, replicas(stale) - fresh.length);
  if (missing > 0) await project.up(workload, stale.length + fresh.length + missing);
  const made = (await project.containers(workload)).filter(
    (one) => isFresh(one, expected) && stale.every(({ id }) => id !== one.id),
  );
  if (made.length === 0) throw notAnew(workload);
  try {
    for (const { id } of made) await project.healthy(id, workload);
  } catch (error) {
    // The old ones go on, and so does what an earlier run started: it may be all that is left of them.
    const ours = made.filter(({ id }) => fresh.every((one) => one.id !== id));
    await Promise.allSettled(ours.map(({ id }) => project.remove(id)));
    throw error;
  }
  await refreshUpstreams(project, new Date(Math.max(...made.map(({ started }) => started.getTime()))));
  for (const { id } of stale) await project.remove(id);
}

/** How many of them there shall be: a run that was interrupted may have left those of two configurations. */
function replicas(containers: readonly Container[]): number {
  const hashes = containers.map(({ labels }) => labels['com.docker.compose.config-hash']);
  return Math.max(...hashes.map((hash) => hashes.filter((one) => one === hash).length));
}

/** Whether the container was made with the values as they are now. */
export function isFresh(
  { status, labels, environment, created, started }: Container,
  { since, revision, variables }: Expected,
): boolean {
  if (status === 'exited' || status === 'dead' || status === 'removing') return false;
  if (created < since && started >= since) return false;
  if (revision !== undefined && labels['secure-stack.secrets'] !== revision) return false;
  return [...variables].every(([name, value]) => environment.includes(`${name}=${value}`));
}

/** Looks from inside, where the image has a program to look with. */
async function verifyFiles(
  project: ComposeProject,
  id: string,
  { workload, files }: Expected,
): Promise<void> {
  for (const [path, content] of files) {
    const { code, stdout } = await project.exec(id, ['cat', path], '');
    if (code === 0 && stdout !== content)
      throw failure(workload, `its new container sees another content of ${path}`);
  }
}

function notAnew(workload: string): UserError {
  return failure(workload, 'was not made anew, although its secrets changed');
}

function failure(workload: string, what: string): UserError {
  return new UserError(
    { message: `${workload}: ${what}`, hint: `docker compose logs ${workload}` },
    EXIT.failed,
  );
}
