import { describe, expect, test } from 'vitest';
import { catalog } from '../../../src/catalog/index.ts';
import { fingerprint } from '../../program.ts';
import { expectMatrix, presetPairs, whoGetsOut } from './isolation.ts';
import { missingProtections, publishedPorts } from './protections.ts';
import { mapValues, type RunningStack } from './running.ts';

/**
 * An app that the edge does not show, which may call out and reads no files, the rest of the catalogue, and an app that
 * needs nobody and that nobody needs.
 */
const worker = (needs: string) => [
  ...['--service', 'mailpit', '--service', 'valkey', '--app'],
  `name=worker,image=css-test/app:1,path=none,needs=${needs},delivery=variable,egress=true`,
  ...['--app', 'name=lonely,image=css-test/app:1,path=none'],
];

/** Running the program again in the folder of a running stack. */
export function addingAnApp(running: RunningStack): void {
  describe('run again', () => {
    test('the same answers change no byte, and nothing starts anew', async () => {
      const files = fingerprint(running.stack.dir);
      const started = mapValues(await running.containers(), ({ Id, State }) => `${Id} ${State.Pid}`);
      const { stderr } = await running.stack.generate([]);
      expect(stderr).toContain('Nothing to change');
      expect(fingerprint(running.stack.dir)).toEqual(files);

      await running.stack.up();
      expect(mapValues(await running.containers(), ({ Id, State }) => `${Id} ${State.Pid}`)).toEqual(started);
    });

    test('a new app, and the service it needs: nothing that runs is made anew', async () => {
      const before = await running.stack.ids();
      await running.stack.generate(worker('mailpit+valkey'));
      await running.stack.up();
      expect(await running.stack.recreatedSince(before)).toEqual(['lonely', 'mailpit', 'valkey', 'worker']);
      await running.healthy([...running.services, 'lonely', 'mailpit', 'valkey', 'worker']);
      expect(await running.stack.app('worker', '/cache')).toEqual({ value: 'cached' });
      expect(await running.stack.app('worker', '/mail')).toEqual({ sent: true });
    });

    test('it now needs the database, which joins its network; the edge and the cache stay as they are', async () => {
      const before = await running.stack.ids();
      await running.stack.generate(worker('postgres+mailpit+valkey'));
      await running.stack.up();
      const recreated = await running.stack.recreatedSince(before);
      expect(recreated).toEqual(expect.arrayContaining(['postgres', 'worker']));
      // Some versions of Compose also make anew what depends on the database.
      expect(recreated.filter((name) => !['api', 'postgres', 'web', 'worker'].includes(name))).toEqual([]);
      await running.worksAgain();
      expect(await running.stack.app('worker', '/db')).toEqual({ rows: ['app|1'] });
    });

    test('the newcomers reach what they need, are reached by nobody else, and only one app gets out', async () => {
      await expectMatrix(running, [
        ...presetPairs,
        'mailpit - worker',
        'postgres - worker',
        'valkey - worker',
      ]);
      expect(await whoGetsOut(running)).toEqual(['worker']);
    });

    test('who needs nobody has no network but its own loopback, and commands run in it', async () => {
      const { lonely } = await running.containers();
      expect(Object.keys(lonely!.NetworkSettings.Networks)).toEqual(['none']);
      expect(await running.stack.shell('lonely', 'ls /sys/class/net')).toBe('lo');
    });

    test('they are as hardened as the others, and publish nothing', async () => {
      const { lonely, mailpit, valkey, worker } = await running.containers();
      const newcomers = [lonely!, mailpit!, valkey!, worker!];
      expect(newcomers.map(missingProtections)).toEqual([[], [], [], []]);
      expect(newcomers.map(publishedPorts)).toEqual([[], [], [], []]);
    });

    test('every service of the catalogue was among them', async () => {
      const names = catalog.map(({ name }) => name);
      expect(Object.keys(await running.stack.ids())).toEqual(expect.arrayContaining(names));
    });

    test('a secret that the answers give by variable can be read in docker inspect, as the report says', async () => {
      const { worker } = await running.containers();
      const url = await running.stack.shell('worker', 'printf %s "$DATABASE_URL"');
      expect(url).toMatch(/^postgresql:\/\/app:[^@]{43}@postgres:5432\/app$/);
      expect(worker!.Config.Env).toContain(`DATABASE_URL=${url}`);
      expect(await running.stack.read('SECURITY-REPORT.md')).toMatch(/worker.*DATABASE_URL.*docker inspect/);
    });
  });
}
