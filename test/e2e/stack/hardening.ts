import { describe, expect, test } from 'vitest';
import { type ContainerInfo, docker } from '../docker.ts';
import {
  missingProtections,
  processes,
  protectionNames,
  publishedPorts,
  writableMounts,
} from './protections.ts';
import { mapValues, type RunningStack } from './running.ts';

/** Memory that the engine gives every container. */
const everywhere = ['/dev/mqueue', '/dev/shm'];

/** Where each service can write besides: in memory, or in its data volume. */
const writable: Record<string, string[]> = {
  api: ['/tmp'],
  edge: ['/tmp'],
  postgres: ['/tmp', '/run/postgresql', '/var/lib/postgresql'],
  redis: ['/data', '/tmp'],
  web: ['/tmp'],
};

/** The hardening as the engine and the kernel have it, not as a file states it. */
export function hardening(running: RunningStack): void {
  describe('hardening', () => {
    test('every protection shows in docker inspect of every container', async () => {
      const found = await running.containers();
      expect(Object.keys(found)).toEqual(running.services);
      expect(mapValues(found, missingProtections)).toEqual(mapValues(found, () => []));
    });

    test('a container that nobody protected lacks them all', async () => {
      const careless = [
        ...['--user=root', '--privileged', '--group-add=0', '--device=/dev/null', '--restart=no'],
        ...['--network=host', '--pid=host', '--ipc=host', '--uts=host', '--userns=host'],
        ...['--volume=/var/run:/mnt', '--no-healthcheck', '--stop-timeout=1'],
      ];
      const id = (await docker(['create', ...careless, 'css-test/app:1'])).stdout.trim();
      try {
        const [info] = JSON.parse((await docker(['inspect', id])).stdout) as [ContainerInfo];
        expect(missingProtections(info)).toEqual(protectionNames);
      } finally {
        await docker(['rm', id]);
      }
    });

    test('only the edge publishes ports: its two, on the address that was answered', async () => {
      const { http, https } = running.stack.ports;
      expect(mapValues(await running.containers(), publishedPorts)).toEqual({
        api: [],
        edge: [`127.0.0.1:${http} → 8080/tcp`, `127.0.0.1:${https} → 8443/tcp`],
        postgres: [],
        redis: [],
        web: [],
      });
    });

    test('no process has a capability or can gain one, all are filtered, none is root', async () => {
      for (const [service, { Config }] of Object.entries(await running.containers())) {
        const [uid, gid] = Config.User.split(':') as [string, string];
        const found = await processes((script) => running.stack.shell(service, script));
        expect(found, service).toHaveProperty('1');
        for (const { Name, ...state } of Object.values(found)) {
          expect({ service, ...state }, `${service}: ${Name}`).toEqual({
            service,
            Uid: [uid, uid, uid, uid].join(' '),
            Gid: [gid, gid, gid, gid].join(' '),
            Groups: expect.not.stringMatching(/(?:^| )0(?: |$)/),
            ...mapValues({ CapInh: 0, CapPrm: 0, CapEff: 0, CapBnd: 0, CapAmb: 0 }, () => '0'.repeat(16)),
            NoNewPrivs: '1',
            Seccomp: '2',
          });
        }
      }
    });

    test('a program can write into memory and its data volume only, and run nothing from memory', async () => {
      for (const [service, places] of Object.entries(writable)) {
        const mounts = await writableMounts((script) => running.stack.shell(service, script));
        expect(Object.keys(mounts).sort(), service).toEqual([...everywhere, ...places].sort());
        for (const [place, { type, options }] of Object.entries(mounts)) {
          if (type === 'tmpfs')
            expect(options, `${service} ${place}`).toEqual(
              expect.arrayContaining(['noexec', 'nosuid', 'nodev', expect.stringMatching(/^size=\d+k$/)]),
            );
        }
      }
    });

    test('the limits are the kernel’s', async () => {
      const script = 'cp /bin/sh /tmp/tool; /tmp/tool -c true';
      await expect(running.stack.shell('api', script)).rejects.toThrow(/Permission denied/);
      const tooMuch = 'head -c 300M /dev/zero | tail -c 290M >/dev/null';
      await expect(running.stack.shell('api', tooMuch)).rejects.toThrow(/Killed|137/);
      // A fork bomb of a kind: it stops at the limit, and the app beside it lives on.
      const processesAtOnce = `sh -c 'i=0; while [ $i -lt 400 ]; do sleep 60 & i=$((i+1)); done' || failed=1
        for process in /proc/[0-9]*; do
          if read -r name <"$process/comm" && [ "$name" = sleep ]; then kill -9 "\${process##*/}"; fi
        done
        exit "\${failed:-0}"`;
      await expect(running.stack.shell('api', processesAtOnce)).rejects.toThrow(/fork/i);
      // As soon as what was killed is reaped.
      await running.worksAgain();
    });
  });
}
