/**
 * `npm run bench:edge`: what a request and a handshake cost the edge's worker, beside a bare nginx with Mozilla's
 * intermediate TLS, and beside what nginxconfig.io prints. The three take turns in every round, with the same app, one
 * worker each and the same container; the figure is processor time for each request, which depends little on what else
 * the machine does. Needs Docker; nothing is sent to another host. `ROUNDS=9` takes more of them.
 */
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { renderNginx } from '../../src/render/nginx/index.ts';
import { docker } from '../e2e/docker.ts';
import { type EdgeContainer, EdgeLab } from '../e2e/edge/lab.ts';
import { processorTime } from '../e2e/edge/processor.ts';
import { buildImage } from '../e2e/images.ts';
import { edgeStack, route } from '../fixtures/edge.ts';
import { app, bare, nginxconfig } from './edge-rivals.ts';

const tools = 'css-test/edge-judges:1';
const rounds = Number(process.env['ROUNDS'] ?? 5);
/** Below nginx's thousand requests a connection, after which it closes one. */
const requests = 15_000;
/** At once, and how often: more at a time would only queue up before the one worker. */
const handshakes = { clients: 200, times: 4 };

interface Sample {
  perSecond: number;
  /** Microseconds of the worker for each request or handshake. */
  cost: number;
}

const generated = renderNginx(
  edgeStack(
    {
      workers: 1,
      publicPorts: { http: 8080, https: 8443 },
      routes: [route('/')],
      // Everything on, only wide enough for one client to be all of the load.
      limits: { requestsPerSecond: 1_000_000, burst: 100_000, connections: 1000, maxBody: '1m' },
    },
    { domains: ['a.example.test'] },
  ),
);
const file = (content: string) => [
  { path: 'nginx/nginx.conf', content, mode: 0o644, class: 'generated' as const },
];

/** Runs a load generator and tells how many answers it got, of which none may be an error. */
async function load(
  client: string,
  command: readonly string[],
): Promise<{ done: number; perSecond: number }> {
  const { stdout } = await docker(['exec', client, ...command], { timeoutMs: 300_000 });
  const perSecond = Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(stdout)?.[1]);
  const done = Number(/(\d+) succeeded/.exec(stdout)?.[1]);
  if (!done || !/ 0 failed, 0 errored, 0 timeout/.test(stdout) || !new RegExp(`${done} 2xx`).test(stdout))
    throw new Error(`not every request was answered well:\n${stdout}`);
  return { done, perSecond };
}

async function sample(
  client: string,
  edge: EdgeContainer,
  options: readonly string[],
  times: number,
): Promise<Sample> {
  const target = ['--connect-to', `${edge.address}:8443`, 'https://a.example.test:8443/'];
  const before = await processorTime(edge.name);
  const runs: { done: number; perSecond: number }[] = [];
  for (let i = 0; i < times; i++) runs.push(await load(client, ['h2load', ...options, ...target]));
  const spent = (await processorTime(edge.name)) - before;
  const done = runs.reduce((sum, run) => sum + run.done, 0);
  return { perSecond: median(runs.map(({ perSecond }) => perSecond)), cost: (spent * 1000) / done };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function span(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
}

test('what the edge costs', async () => {
  const lab = await EdgeLab.open();
  const client = `${lab.network}-load`;
  try {
    await buildImage(tools, fileURLToPath(new URL('../long/images/judges/', import.meta.url)));
    await lab.startNginx('app', file(app), { alias: 'web', port: 3000 });
    const variants = {
      'this edge': await lab.startNginx('generated', generated),
      'bare nginx, Mozilla intermediate': await lab.startNginx('bare', file(bare)),
      'nginxconfig.io reverse proxy': await lab.startNginx('rival', file(nginxconfig)),
    };
    await docker(['run', '--detach', '--rm', '--name', client, `--network=${lab.network}`, tools]);
    const kinds: [string, string[], number][] = [
      ['requests over 16 HTTP/2 connections', ['-c16', '-m8', `-n${requests}`], 1],
      [
        'full handshakes with one request each',
        [`-c${handshakes.clients}`, '-m1', `-n${handshakes.clients}`],
        handshakes.times,
      ],
    ];
    for (const [what, options, times] of kinds) {
      const results = new Map<string, Sample[]>(Object.keys(variants).map((name) => [name, []]));
      for (let round = -1; round < rounds; round++) {
        const order = Object.entries(variants);
        // Nobody is always the first.
        for (let i = 0; i < (round + 3) % 3; i++) order.push(order.shift()!);
        for (const [name, edge] of order) {
          const result = await sample(client, edge, options, times);
          // The first round warms up.
          if (round >= 0) results.get(name)!.push(result);
        }
      }
      console.info(`\n${what}, ${rounds} rounds in turn`);
      const own = results.get('this edge')!;
      for (const [name, samples] of results) {
        const ratios = samples.map(({ cost }, i) => own[i]!.cost / cost);
        const ratio =
          name === 'this edge'
            ? ''
            : `, this edge costs ${median(ratios).toFixed(2)} times as much (${span(ratios)})`;
        const rate = Math.round(median(samples.map(({ perSecond }) => perSecond)));
        console.info(
          `  ${name}: ${median(samples.map(({ cost }) => cost)).toFixed(1)} µs of the worker each, ${rate}/s${ratio}`,
        );
      }
    }
  } finally {
    await docker(['rm', '--force', client], { allowFailure: true });
    await lab.close();
  }
});
