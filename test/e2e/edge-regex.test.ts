import { readFile } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, inspect, requireDocker } from './docker.ts';
import { openHttp2, streamStatus } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { labStack, reader } from './edge/stacks.ts';

/** Few enough for nginx not to take the connection for a flood of headers, many enough to measure. */
const requests = 150;
/** Four headers of it fit into what the edge reads; for a compressed one nginx reserves more than it takes. */
const size = 5000;

describe.runIf(requireDocker())('#48 what hostile headers cost a worker', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    edge = await lab.startEdge(labStack());
  });
  afterAll(() => lab?.close());

  /** Processor time of all nginx processes, in milliseconds (the kernel counts in steps of 10). */
  async function processorTime(): Promise<number> {
    const { Pid } = (await inspect(edge.name)).State;
    const { stdout } = await docker(['top', edge.name, '-eo', 'pid']);
    const pids = stdout.trim().split('\n').slice(1).map(Number);
    expect(pids).toContain(Pid);
    const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')));
    const ticks = stats.map((stat) => {
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(fields[11]) + Number(fields[12]);
    });
    return ticks.reduce((sum, value) => sum + value, 0) * 10;
  }

  /** Processor time for each of many requests on one connection. */
  async function cost(headers: OutgoingHttpHeaders): Promise<number> {
    const session = openHttp2(edge);
    const before = await processorTime();
    for (let i = 0; i < requests; i++) await streamStatus(session, { ':path': '/admin', ...headers });
    session.close();
    return ((await processorTime()) - before) / requests;
  }

  test.each(['a', ',', '.', 'a.', '-', ' a', '&a', '%61=', 'token', 'https://a', '"', '/'])(
    'filled with %j: less than 1 ms each',
    async (unit) => {
      const filled = unit.repeat(Math.floor(size / unit.length)).trim();
      const spent = await cost({
        ':path': `/admin/${filled.replace(/[ "]/g, '.')}?${filled.replace(/[ "]/g, '.')}`.slice(0, size),
        'user-agent': filled,
        origin: `${reader}${filled}`.slice(0, size),
        'x-request-id': filled,
      });
      expect(spent).toBeLessThan(1);
    },
  );
});
