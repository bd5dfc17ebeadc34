import type { ContainerInfo } from '../docker.ts';

/** Namespaces of the host that a container could be put into. */
const namespaces = ['PidMode', 'IpcMode', 'UTSMode', 'UsernsMode', 'NetworkMode'] as const;

/** What every container of a stack must show to `docker inspect`: the protection, and whether it is there. */
const protections: Record<string, (info: ContainerInfo) => boolean> = {
  'read-only file system': ({ HostConfig }) => HostConfig.ReadonlyRootfs,
  'no capability': ({ HostConfig: { CapDrop, CapAdd } }) =>
    String(CapDrop) === 'ALL' && (CapAdd ?? []).length === 0,
  'no new privileges': ({ HostConfig }) =>
    (HostConfig.SecurityOpt ?? []).some((option) => /^no-new-privileges(?::true)?$/.test(option)),
  'no filter switched off': ({ HostConfig }) =>
    !(HostConfig.SecurityOpt ?? []).some((option) => option.includes('unconfined')) && !HostConfig.Privileged,
  'a numbered user and group, not root': ({ Config }) => /^[1-9]\d*:[1-9]\d*$/.test(Config.User),
  'memory limit': ({ HostConfig: { Memory } }) => Memory > 0 && Memory <= 1024 ** 3,
  'no swap': ({ HostConfig: { Memory, MemorySwap } }) => Memory > 0 && MemorySwap === Memory,
  'CPU limit': ({ HostConfig }) => HostConfig.NanoCpus > 0 && HostConfig.NanoCpus <= 2e9,
  'process limit': ({ HostConfig: { PidsLimit } }) => PidsLimit !== null && PidsLimit > 0 && PidsLimit <= 500,
  'init process': ({ HostConfig }) => HostConfig.Init === true,
  'rotated logs': ({ HostConfig: { LogConfig } }) =>
    LogConfig.Type === 'json-file' &&
    LogConfig.Config?.['max-size'] === '10m' &&
    LogConfig.Config['max-file'] === '3',
  'health check': ({ Config }) => !['', 'NONE'].includes(Config.Healthcheck?.Test[0] ?? ''),
  'restart policy': ({ HostConfig }) => HostConfig.RestartPolicy.Name === 'unless-stopped',
  'time to stop': ({ Config }) => (Config.StopTimeout ?? 0) >= 10,
  'memory file systems that are small and execute nothing': ({ HostConfig: { Tmpfs } }) =>
    Object.keys(Tmpfs ?? {}).length > 0 &&
    Object.values(Tmpfs!).every((options) =>
      ['noexec', 'nosuid', 'nodev'].every(
        (word) => `,${options},`.includes(`,${word},`) && /size=\d+m/.test(options),
      ),
    ),
  'mounts from the host read-only': ({ Mounts }) => Mounts.every(({ Type, RW }) => Type !== 'bind' || !RW),
  'no Docker socket': ({ Mounts }) =>
    !Mounts.some(({ Source }) => /docker\.sock|^\/(?:run|var\/run)?\/?$/.test(Source)),
  'no device': ({ HostConfig }) => (HostConfig.Devices ?? []).length === 0,
  'no additional group': ({ HostConfig }) => (HostConfig.GroupAdd ?? []).length === 0,
  'no namespace of the host': ({ HostConfig }) => namespaces.every((name) => HostConfig[name] !== 'host'),
  'networks of its own': ({ NetworkSettings }) => {
    const networks = Object.keys(NetworkSettings.Networks);
    return networks.length > 0 && !networks.includes('bridge') && !networks.includes('host');
  },
};

export const protectionNames = Object.keys(protections);

/** The protections a container lacks. */
export function missingProtections(info: ContainerInfo): string[] {
  return Object.entries(protections)
    .filter(([, holds]) => !holds(info))
    .map(([name]) => name);
}

/** Ports the host forwards to a container: `address:port → port/protocol`. */
export function publishedPorts({ NetworkSettings }: ContainerInfo): string[] {
  return Object.entries(NetworkSettings.Ports).flatMap(([inside, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => `${HostIp}:${HostPort} → ${inside}`),
  );
}

/** What the kernel says about each process of a container; `exec`: runs a shell script in it. */
export async function processes(
  exec: (script: string) => Promise<string>,
): Promise<Record<string, Record<string, string>>> {
  const fields = 'Name|Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp';
  const output = await exec(`grep -sE '^(${fields}):' /proc/[0-9]*/status || true`);
  const found: Record<string, Record<string, string>> = {};
  for (const line of output.split('\n')) {
    const [, pid, field, value] = /^\/proc\/(\d+)\/status:(\w+):\s*(.*)$/.exec(line)!;
    found[pid!] = { ...found[pid!], [field!]: value!.trim().replaceAll('\t', ' ') };
  }
  return found;
}

/** Where a program in a container could write: mount points, with their options. */
export async function writableMounts(
  exec: (script: string) => Promise<string>,
): Promise<Record<string, { type: string; options: string[] }>> {
  // In /proc the engine lays /dev/null over what must not be read; that can be written to.
  const script =
    'while read -r _ place type options _; do [ ! -w "$place" ] || echo "$place $type $options"; done';
  const lines = (await exec(`${script} </proc/mounts`)).split('\n').map((line) => line.split(' '));
  return Object.fromEntries(
    (lines as [string, string, string][])
      .filter(([place]) => !place.startsWith('/proc/'))
      .map(([place, type, options]) => [place, { type, options: options.split(',') }]),
  );
}
