import type { Workload } from '../stack/model.ts';
import { NGINX_IMAGE, NGINX_USER } from './edge.ts';

/**
 * The built-in sample: a page that shows the stack works, so that a first start needs no image of the user's.
 * It runs in the edge's own image, which is on the machine anyway.
 */
export const SAMPLE_PORT = 8080;

/** What `image: sample` replaces of an app's workload. */
export const sampleWorkload = {
  image: NGINX_IMAGE,
  command: ['nginx', '-c', '/etc/secure-stack/sample/nginx.conf', '-g', 'daemon off;'],
  user: NGINX_USER,
  tmpfs: [{ target: '/tmp', size: '16m', mode: '1777' }],
  mounts: [{ source: 'sample', target: '/etc/secure-stack/sample' }],
  health: {
    test: ['CMD', 'curl', '-fsS', '-o', '/dev/null', `http://127.0.0.1:${SAMPLE_PORT}/health`],
    intervalSeconds: 10,
    timeoutSeconds: 5,
    retries: 3,
    startPeriodSeconds: 10,
  },
} as const satisfies Partial<Workload>;
