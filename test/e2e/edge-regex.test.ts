import type { OutgoingHttpHeaders } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireDocker } from './docker.ts';
import { openHttp2, streamStatus } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { processorTime } from './edge/processor.ts';
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

  /** Processor time a request; the best of up to three runs, because a busy machine only ever adds to it. */
  async function cost(headers: OutgoingHttpHeaders): Promise<number> {
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 3 && best >= 1; run++) best = Math.min(best, await costOfRun(headers));
    return best;
  }

  async function costOfRun(headers: OutgoingHttpHeaders): Promise<number> {
    const session = openHttp2(edge);
    const before = await processorTime(edge.name);
    for (let i = 0; i < requests; i++) await streamStatus(session, { ':path': '/admin', ...headers });
    session.close();
    return ((await processorTime(edge.name)) - before) / requests;
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
