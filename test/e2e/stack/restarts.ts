import { beforeAll, describe, expect, test } from 'vitest';
import { docker, inspect, waitFor } from '../docker.ts';
import { addressesOf } from './reach.ts';
import type { RunningStack } from './running.ts';

/** Everything comes back, in whatever order, with its data. */
export function restarts(running: RunningStack): void {
  const psql = (sql: string) =>
    running.stack.shell('api', 'psql -XAtq "$(cat "$DATABASE_URL_FILE")"', { input: sql });
  const cache = (command: string) =>
    running.stack.shell('api', `redis-cli --no-auth-warning -u "$(cat "$REDIS_URL_FILE")" ${command}`);
  const keepsItsData = async () => {
    expect(await psql('select content from kept')).toBe('a row');
    expect(await cache('get kept')).toBe('a value');
  };

  describe('restarts', () => {
    beforeAll(async () => {
      await psql("create table kept (content text); insert into kept values ('a row')");
      await cache("set kept 'a value'");
    });

    test('of all containers at once', async () => {
      await running.stack.compose(['restart']);
      await running.healthy();
      // The edge looks for its apps every few seconds.
      await running.worksAgain();
      await keepsItsData();
    });

    test('of each container by itself, the others running', async () => {
      for (const [service, { Id }] of Object.entries(await running.containers())) {
        await docker(['restart', Id]);
        await waitFor(
          `the stack works after a restart of ${service}`,
          async () => {
            await running.works();
            return true;
          },
          {
            timeoutMs: 60_000,
          },
        );
      }
      await keepsItsData();
    });

    test('of what crashed, by the engine', async () => {
      const { web, edge } = await running.containers();
      for (const { Id, State } of [web!, edge!]) {
        process.kill(State.Pid, 'SIGKILL');
        await waitFor('its restart', async () => (await inspect(Id)).RestartCount === 1);
      }
      await running.worksAgain();
    });

    test('down and up again', async () => {
      const before = await running.stack.ids();
      await running.stack.compose(['down']);
      expect(await running.stack.ids()).toEqual({});
      await running.stack.up();
      expect(await running.stack.recreatedSince(before)).toEqual(running.services);
      await running.healthy();
      await running.worksAgain();
      await keepsItsData();
    });

    test('the edge starts without an app, and follows it to another address', async () => {
      const { web } = await running.containers();
      const network = Object.keys(web!.NetworkSettings.Networks)[0]!;
      await running.stack.compose(['rm', '--stop', '--force', 'web']);
      // Takes the free address, so that the app cannot come back to it.
      const squatter = await docker(['run', '--detach', '--network', network, 'css-test/app:1']);
      try {
        await running.stack.compose(['restart', 'edge']);
        await running.healthy(running.services.filter((name) => name !== 'web'));
        expect((await running.request('/')).status).toBe(502);
        await waitFor('the other app', async () => (await running.request('/echo')).status === 200);
        const { edge } = await running.containers();

        await running.stack.up();
        const now = await running.containers();
        expect(addressesOf(now['web']!)).not.toEqual(addressesOf(web!));
        await running.worksAgain();
        expect((await running.containers())['edge']!.State.Pid).toBe(edge!.State.Pid);
      } finally {
        await docker(['rm', '--force', squatter.stdout.trim()]);
      }
    });
  });
}
