import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { edgeAddress, waitUntilServed } from '../certs/served.ts';
import type { ComposeProject, Container } from '../engine/project.ts';
import { EXIT, UserError } from '../errors.ts';
import { UPSTREAM_LOOKUP_SECONDS } from '../policy/edge/lookup.ts';
import type { Stack } from '../stack/model.ts';

const CONFIG = '/etc/secure-stack/nginx/nginx.conf';
const WAIT_SECONDS = 20;
/** After so long the edge has asked for an app's addresses, and had its answer. */
export const KNOWN_SECONDS = UPSTREAM_LOOKUP_SECONDS + 2;
/** An address that failed is left out for so long (nginx, `fail_timeout`). */
const FAILED_SECONDS = 10;
/** Longer than a request takes; a WebSocket would hold the old workers for as long as it likes. */
const WORKERS_SECONDS = 10;

/**
 * Makes the edge take a new certificate, without dropping a connection, and compares what it then serves.
 * @param certificatePem the new certificate, leaf first
 * @returns false: no edge runs, which takes the files when it starts
 * @throws {UserError} when nginx refuses it or goes on serving another one
 */
export async function reloadEdge(
  project: ComposeProject,
  stack: Stack,
  certificatePem: string,
): Promise<boolean> {
  const edge = await runningEdge(project);
  if (!edge) return false;
  await reload(project, edge.id);
  const wanted = new X509Certificate(certificatePem).fingerprint256;
  const served = await waitUntilServed(edgeAddress(stack), wanted, WAIT_SECONDS);
  if (served === 'another') throw failed('it serves another certificate than the new one');
  if (served === 'no answer') throw failed('it runs, and does not answer on its port');
  return true;
}

/**
 * Returns when the edge sends requests to the new containers of an app, so that the old ones may end. One that it met
 * before the app listened is left out by nginx for a while, and then tried with one request at a time; the workers
 * of a reload know nothing of that.
 * @param started when the last of them was started
 */
export async function refreshUpstreams(project: ComposeProject, started: Date): Promise<void> {
  const edge = await runningEdge(project);
  if (!edge) return;
  const untilKnown = started.getTime() + KNOWN_SECONDS * 1000 - Date.now();
  // The engine's clock may be another machine's.
  await sleep(Math.min(Math.max(untilKnown, 0), KNOWN_SECONDS * 1000));
  const before = await workers(project, edge.id);
  try {
    await reload(project, edge.id);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // A configuration that was edited and does not load is no reason to stop here.
    await sleep(FAILED_SECONDS * 1000);
    return;
  }
  const deadline = Date.now() + WORKERS_SECONDS * 1000;
  while (Date.now() < deadline) {
    const now = await workers(project, edge.id);
    if (now.length > 0 && now.every((pid) => !before.includes(pid))) return;
    await sleep(250);
  }
}

/** nginx's processes that serve requests, by id; also those that only finish theirs. */
async function workers(project: ComposeProject, id: string): Promise<string[]> {
  const titles =
    'cd /proc && for pid in [0-9]*; do echo "$pid $(tr "\\0" " " < "$pid/cmdline")"; done 2>/dev/null';
  const { stdout } = await project.exec(id, ['sh', '-c', titles], '');
  return stdout.split('\n').flatMap((line) => /^(\d+) nginx: worker process/.exec(line)?.[1] ?? []);
}

async function runningEdge(project: ComposeProject): Promise<Container | undefined> {
  return (await project.containers('edge')).find(({ status }) => status === 'running');
}

/** @throws {UserError} when nginx refuses its configuration */
async function reload(project: ComposeProject, id: string): Promise<void> {
  for (const options of [
    ['-t', '-q'],
    ['-s', 'reload'],
  ]) {
    const { code, stderr } = await project.exec(id, ['nginx', ...options, '-c', CONFIG], '');
    if (code !== 0) throw failed(stderr.trim().split('\n').at(-1) ?? `nginx ended with ${code}`);
  }
}

function failed(reason: string): UserError {
  return new UserError({ message: `edge: ${reason}`, hint: 'docker compose logs edge' }, EXIT.failed);
}
