import { X509Certificate } from 'node:crypto';
import { edgeAddress, waitUntilServed } from '../certs/served.ts';
import type { ComposeProject } from '../engine/project.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Stack } from '../stack/model.ts';

const CONFIG = '/etc/secure-stack/nginx/nginx.conf';
const WAIT_SECONDS = 20;

/**
 * Makes the edge take a new certificate, without dropping a connection, and compares what it then serves.
 * @param certificatePem the new certificate, leaf first
 * @throws {UserError} when nginx refuses it or goes on serving another one
 */
export async function reloadEdge(
  project: ComposeProject,
  stack: Stack,
  certificatePem: string,
): Promise<void> {
  const edge = (await project.containers('edge')).find(({ status }) => status === 'running');
  // It takes the files when it starts.
  if (!edge) return;
  for (const options of [
    ['-t', '-q'],
    ['-s', 'reload'],
  ]) {
    const { code, stderr } = await project.exec(edge.id, ['nginx', ...options, '-c', CONFIG], '');
    if (code !== 0) throw failed(stderr.trim().split('\n').at(-1) ?? `nginx ended with ${code}`);
  }
  const wanted = new X509Certificate(certificatePem).fingerprint256;
  const served = await waitUntilServed(edgeAddress(stack), wanted, WAIT_SECONDS);
  if (served === 'another') throw failed('it serves another certificate than the new one');
  if (served === 'no answer') throw failed('it runs, and does not answer on its port');
}

function failed(reason: string): UserError {
  return new UserError({ message: `edge: ${reason}`, hint: 'docker compose logs edge' }, EXIT.failed);
}
