import { posix } from 'node:path';
import type { Stack } from '../stack/model.ts';
import { isFields, listOf, textOf } from './compose-document.ts';
import type { ServiceRule, ServiceView } from './compose-service.ts';

interface Mount {
  source: string;
  target: string;
}

const SOCKETS = /(^|\/)(docker|containerd|podman|crio|buildkitd)\.sock$/;
/** Folders that give the host away whole, or with everything below. */
const WHOLE = ['/', '/home', '/opt', '/srv', '/usr', '/var', '/var/lib', '/var/log', '/mnt', '/media'];
const BELOW =
  '/bin /boot /dev /etc /lib /lib64 /proc /root /run /sbin /sys /usr/bin /usr/lib /usr/sbin /var/lib/docker /var/lib/containerd /var/run';
/** Read by programs everywhere, and public. */
const HARMLESS = /^\/etc\/(localtime|timezone|ssl\/certs(\/.*)?)$/;

/** Bind mounts that hand the host, Docker itself or the stack's own secrets to a container. */
export const mountRule: ServiceRule = (service) => {
  const socket =
    service.fields['use_api_socket'] === true ? [socketFinding(service, ['use_api_socket'])] : [];
  if (service.tag('volumes') === 'reset') return socket;
  const found = listOf(service.fields['volumes']).flatMap((entry, index) => {
    const mount = readMount(entry);
    if (mount === undefined) return [];
    const path = ['volumes', index];
    if (SOCKETS.test(mount.source) || SOCKETS.test(mount.target)) return [socketFinding(service, path)];
    if (service.workload?.mounts.some(({ source }) => normal(source) === mount.source)) return [];
    if (isSensitive(mount.source)) {
      return [
        service.finding(
          'compose.host-mount',
          'error',
          path,
          `mounts ${mount.source} of the host`,
          'mount a folder of the stack, read-only, or use a volume',
        ),
      ];
    }
    if (!exposesSecrets(mount.source, service.stack)) return [];
    return [
      service.finding(
        'compose.secret-mount',
        'error',
        path,
        `mounts ${mount.source === '.' ? 'the stack’s folder' : mount.source}, where the stack’s secrets are`,
        'mount only the folder it needs; a single secret goes under "secrets:"',
      ),
    ];
  });
  return [...socket, ...found];
};

function socketFinding(service: ServiceView, path: readonly (string | number)[]) {
  return service.finding(
    'compose.docker-socket',
    'error',
    path,
    'is given the socket of the container engine: who is in it is root on the host',
    'if it must ask Docker, put a read-only socket proxy in between',
  );
}

/** A bind mount of the service; undefined for a volume and for what a variable decides. */
function readMount(entry: unknown): Mount | undefined {
  if (isFields(entry)) {
    if (entry['type'] !== 'bind') return undefined;
    return { source: normal(textOf(entry['source'])), target: textOf(entry['target']) };
  }
  const [source = '', target = ''] = textOf(entry).split(':');
  return /^[./~]/.test(source) ? { source: normal(source), target } : undefined;
}

function normal(path: string): string {
  return posix.normalize(path || '.').replace(/(?<=.)\/$/, '');
}

/** Whether a path of the host is one that no container should see. */
export function isSensitive(source: string): boolean {
  if (/^~(\/\.[^/]*)?$/.test(source) || /^~\/\.(ssh|aws|docker|gnupg|kube|config)\b/.test(source))
    return true;
  if (/^\/home\/[^/]+(\/\.(ssh|aws|docker|gnupg|kube|config)(\/.*)?)?$/.test(source)) return true;
  if (HARMLESS.test(source)) return false;
  return WHOLE.includes(source) || BELOW.split(' ').some((folder) => isWithin(source, folder));
}

function exposesSecrets(source: string, { secretStore }: Stack): boolean {
  const secrets = [secretStore.envFile, secretStore.directory, 'certs/ca', 'certs/live/privkey.pem'].map(
    normal,
  );
  if (source === '.' || /^\.\.(\/\.\.)*$/.test(source)) return true;
  return secrets.some((secret) => isWithin(source, secret) || isWithin(secret, source));
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
