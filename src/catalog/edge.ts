import type { Workload } from '../stack/model.ts';
import { ACME_FOLDERS, CHALLENGE_TARGET } from './acme.ts';

/**
 * nginx, the Docker official image, series 1.30: needs 1.30.7 or newer (HTTP/2, map and resolver fixes of November
 * 2026), so the series tag is used until `pin` makes it exact.
 *
 * Sources: nginx/docker-nginx stable/debian/Dockerfile, docker-library/official-images library/nginx,
 * nginx security advisories.
 */
export const NGINX_IMAGE = 'nginx:1.30';

/** The image's `nginx` user. Started as this user, the master needs no capability. */
export const NGINX_USER = '101:101';

/** Ports inside the container; above 1024 so that no runtime needs a capability for them. */
export const EDGE_PORTS = { http: 8080, https: 8443 } as const;

/** Room in /tmp for bodies on their way to the apps, in MiB. */
export const BODY_ROOM_MIB = 128;

export function edgeWorkload(
  { challenges }: { challenges: boolean },
  workers: number,
): Omit<Workload, 'published'> {
  return {
    name: 'edge',
    kind: 'edge',
    title: 'nginx reverse proxy',
    image: NGINX_IMAGE,
    command: ['sh', '/etc/secure-stack/nginx/serve.sh'],
    user: NGINX_USER,
    environment: {},
    secretMounts: [],
    secretVariables: [],
    tmpfs: [{ target: '/tmp', size: `${BODY_ROOM_MIB + 32}m`, mode: '1777' }],
    volumes: [],
    mounts: [
      { source: 'nginx', target: '/etc/secure-stack/nginx' },
      // The folder, not the files: a renewed certificate arrives by rename, which a file mount would never show.
      { source: 'certs/live', target: '/etc/secure-stack/certs' },
      ...(challenges ? [{ source: ACME_FOLDERS.challenge, target: CHALLENGE_TARGET }] : []),
    ],
    health: {
      test: ['CMD', 'curl', '-fsS', '-o', '/dev/null', `http://127.0.0.1:${EDGE_PORTS.http}/health`],
      intervalSeconds: 10,
      timeoutSeconds: 5,
      retries: 3,
      startPeriodSeconds: 15,
    },
    // What lies in /tmp counts as memory.
    limits: { memory: `${BODY_ROOM_MIB + 224}m`, cpus: Math.max(1, workers), pids: 100 },
    // SIGQUIT lets running requests finish.
    stopSignal: 'SIGQUIT',
    stopGraceSeconds: 35,
    capAdd: [],
  };
}
