import { expect, test } from 'vitest';
import type { ComposeProject, Container } from '../../src/engine/project.ts';
import { UserError } from '../../src/errors.ts';
import { restartWorkload } from '../../src/rotation/restart.ts';

const SINCE = new Date('2026-05-06T07:08:09Z');

function container(id: string, revision: string): Container {
  return {
    id,
    service: 'api',
    status: 'running',
    created: SINCE,
    started: SINCE,
    labels: { 'secure-stack.secrets': revision, 'com.docker.compose.config-hash': revision },
    environment: [],
    mounts: [],
  };
}

test('a new container that does not become healthy goes, whatever runs already stays, and the reason is told', async () => {
  const all = [container('old1', '1'), container('old2', '1'), container('of an earlier run', '2')];
  const tried: string[] = [];
  const project = {
    containers: async () => [...all],
    up: async () => void all.push(container('new', '2')),
    healthy: async (id: string) => {
      if (id === 'new') throw new UserError('api: is unhealthy');
    },
    remove: async (id: string) => {
      tried.push(id);
      throw new UserError('docker rm: no answer');
    },
  } as unknown as ComposeProject;
  const expected = { workload: 'api', since: SINCE, revision: '2', variables: new Map(), files: new Map() };
  await expect(restartWorkload(project, expected, { rolling: true })).rejects.toThrow('api: is unhealthy');
  expect(tried).toEqual(['new']);
});
