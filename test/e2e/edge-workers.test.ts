import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireDocker, waitFor } from './docker.ts';
import { call, open } from './edge/client.ts';
import { type EdgeContainer, EdgeLab } from './edge/lab.ts';
import { workers } from './edge/processor.ts';
import { labStack } from './edge/stacks.ts';

const conf = '/etc/secure-stack/nginx/nginx.conf';

describe.runIf(requireDocker())('the edge’s processes', () => {
  let lab: EdgeLab;
  let edge: EdgeContainer;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await lab.startUpstream('web');
    // The same as for everybody, less waiting.
    edge = await lab.startEdge(labStack(), (files) =>
      files.map((file) => ({
        ...file,
        content: file.content.replace('worker_shutdown_timeout 30s', 'worker_shutdown_timeout 2s'),
      })),
    );
    await call(edge, '/');
  });
  afterAll(() => lab?.close());

  test('#2 #3 as many as answered, each without any capability and with descriptors for both sides', async () => {
    const ids = await workers(edge);
    expect(ids).toHaveLength(2);
    for (const id of ids) {
      expect(
        await lab.exec(edge, ['grep', '-E', '^(CapEff|CapBnd|NoNewPrivs|Uid)', `/proc/${id}/status`]),
      ).toMatch(/^Uid:\s+101\s+101\s+101\s+101\nCapEff:\s+0+\nCapBnd:\s+0+\nNoNewPrivs:\s+1\n$/);
      expect(await lab.exec(edge, ['grep', 'Max open files', `/proc/${id}/limits`])).toMatch(
        /\s8192\s+8192\s/,
      );
    }
  });

  test('#2 nothing but /tmp can be written to', async () => {
    const attempt =
      'for d in / /etc /etc/nginx /usr /var /var/log /run /srv /etc/secure-stack/nginx; do touch $d/x 2>/dev/null && echo $d; done; :';
    expect(await lab.exec(edge, ['sh', '-c', attempt])).toBe('');
    expect(await lab.exec(edge, ['sh', '-c', 'touch /tmp/x && echo yes'])).toBe('yes\n');
  });

  test('#3 a WebSocket does not keep old workers alive after a reload', async () => {
    const before = await workers(edge);
    const socket = open(edge);
    socket.on('error', () => {});
    socket.write(
      'GET /live HTTP/1.1\r\nHost: a.example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await new Promise((resolve) => socket.once('data', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await lab.exec(edge, ['nginx', '-c', conf, '-s', 'reload']);
    await waitFor('new workers', async () => (await workers(edge)).some((id) => !before.includes(id)));
    // Requests go on while the old one waits for its connection.
    expect((await call(edge, '/')).status).toBe(200);
    await closed;
    await waitFor('the old workers are gone', async () =>
      (await workers(edge)).every((id) => !before.includes(id)),
    );
    expect(await workers(edge)).toHaveLength(2);
  });
});
