import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ComposeProject } from '../../src/engine/project.ts';
import { refreshUpstreams, reloadEdge } from '../../src/rotation/served.ts';
import type { Stack } from '../../src/stack/model.ts';

// Vitest's clock drives the global one only.
vi.mock('node:timers/promises', () => ({
  setTimeout: (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}));

const START = new Date('2026-06-01T12:00:00Z');

beforeEach(() => vi.useFakeTimers({ now: START }));
afterEach(() => vi.useRealTimers());

/** An edge whose processes are given by the seconds since its reload; `undefined`: nginx refuses its configuration. */
function edge(processes: ((seconds: number) => string[]) | undefined) {
  let reloaded = Number.NaN;
  const said: string[] = [];
  const project = {
    containers: async () => [{ id: 'edge', status: 'running' }],
    exec: async (_id: string, argv: readonly string[]) => {
      if (argv[0] === 'sh') {
        const lines = Number.isNaN(reloaded)
          ? ['1 nginx: master process', '13 nginx: worker process', '14 nginx: worker process']
          : processes!((Date.now() - reloaded) / 1000);
        return { code: 0, stdout: lines.join('\n'), stderr: '' };
      }
      said.push(argv.slice(1, 3).join(' '));
      if (processes === undefined) return { code: 1, stdout: '', stderr: 'nginx: [emerg] unknown directive' };
      if (argv.includes('reload')) reloaded = Date.now();
      return { code: 0, stdout: '', stderr: '' };
    },
  } as unknown as ComposeProject;
  return { project, said, reloadedAfter: () => (reloaded - START.getTime()) / 1000 };
}

/** Seconds until it returns. */
async function secondsOf(project: ComposeProject, started: Date): Promise<number> {
  let done: number | undefined;
  const run = refreshUpstreams(project, started).then(() => {
    done = Date.now();
  });
  while (done === undefined) await vi.advanceTimersByTimeAsync(250);
  await run;
  return (done - START.getTime()) / 1000;
}

const NEW = ['1 nginx: master process', '33 nginx: worker process', '34 nginx: worker process'];

test('reloads when the new container has been looked up, and waits for the new workers', async () => {
  const { project, said, reloadedAfter } = edge((seconds) =>
    seconds < 2 ? [...NEW, '14 nginx: worker process is shutting down'] : NEW,
  );
  expect(await secondsOf(project, START)).toBeCloseTo(9, 0);
  expect(reloadedAfter()).toBe(7);
  expect(said).toEqual(['-t -q', '-s reload']);
});

test('one that has run for long is known already', async () => {
  const { project } = edge(() => NEW);
  expect(await secondsOf(project, new Date(START.getTime() - 60_000))).toBeLessThan(1);
});

test('another machine’s clock delays it no longer than a lookup takes', async () => {
  const { project } = edge(() => NEW);
  expect(await secondsOf(project, new Date(START.getTime() + 3_600_000))).toBeLessThan(8);
});

test('a worker that a WebSocket holds is not waited for without end', async () => {
  const { project } = edge(() => [...NEW, '13 nginx: worker process is shutting down']);
  expect(await secondsOf(project, START)).toBeCloseTo(17, 0);
});

test('with a configuration that does not load, it waits until nginx tries the address again', async () => {
  const { project, said } = edge(undefined);
  expect(await secondsOf(project, START)).toBe(17);
  expect(said).toEqual(['-t -q']);
});

test('without a running edge there is nobody to wait for', async () => {
  const project = { containers: async () => [{ id: 'edge', status: 'exited' }] } as unknown as ComposeProject;
  await refreshUpstreams(project, START);
  // The certificate is not looked at: there is nobody who could serve it.
  expect(await reloadEdge(project, {} as Stack, '')).toBe(false);
});
