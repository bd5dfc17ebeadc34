import type { Workload } from '../stack/model.ts';
import { NGINX_IMAGE, NGINX_USER } from './edge.ts';

/** Port of what the edge's own image serves. */
export const STATIC_PORT = 8080;

/** The file server's configuration in the stack's folder, and inside the container. */
export function fileServerConf(singlePage: boolean): { path: string; target: string } {
  const path = `file-server/${singlePage ? 'single-page' : 'nginx'}.conf`;
  return { path, target: `/etc/secure-stack/${path}` };
}

/** What `static` replaces of an app's workload: the edge's own image, which is on the machine anyway. */
export function staticWorkload({ folder, singlePage }: { folder: string; singlePage: boolean }) {
  return {
    image: NGINX_IMAGE,
    command: ['nginx', '-c', fileServerConf(singlePage).target, '-g', 'daemon off;'],
    user: NGINX_USER,
    tmpfs: [{ target: '/tmp', size: '16m', mode: '1777' }],
    mounts: [
      { source: 'file-server', target: '/etc/secure-stack/file-server' },
      { source: folder, target: '/srv/site' },
    ],
    health: {
      test: ['CMD', 'curl', '-fsS', '-o', '/dev/null', `http://127.0.0.1:${STATIC_PORT}/health`],
      intervalSeconds: 10,
      timeoutSeconds: 5,
      retries: 3,
      startPeriodSeconds: 10,
    },
  } satisfies Partial<Workload>;
}
