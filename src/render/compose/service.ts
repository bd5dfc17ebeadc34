import { EDGE_PORTS } from '../../catalog/edge.ts';
import { secretsRevisionVariable } from '../../secrets/revisions.ts';
import { startsAfter } from '../../stack/flows.ts';
import type { HealthCheck, Stack, Tmpfs, Workload } from '../../stack/model.ts';
import { controlComment } from './reasons.ts';
import { Commented, type ComposeValue, Interpolation } from './yaml.ts';

export interface ServiceFacts {
  /** `name:tag` → `sha256:…`, from the lock file. */
  digests: Readonly<Record<string, string>>;
  /** Digest of the configuration the workload mounts; a change makes `up -d` recreate the container. */
  configDigest?: string;
}

/** One service of the Compose file; the same hardening for every workload. */
export function composeService(
  stack: Stack,
  workload: Workload,
  { digests, configDigest }: ServiceFacts,
): ComposeValue {
  const why = (key: string, value: ComposeValue): ComposeValue => new Commented(value, controlComment(key));
  const { limits } = workload;
  const networks = networkNames(stack, workload);
  const dependsOn = [...startsAfter(workload.name, stack.flows), ...(workload.startAfter ?? [])].sort();
  return {
    ...imageOrBuild(workload, digests),
    depends_on:
      dependsOn.length > 0
        ? Object.fromEntries(dependsOn.map((name) => [name, { condition: startCondition(stack, name) }]))
        : undefined,
    volumes: volumes(workload),
    secrets: workload.secretMounts.length > 0 ? workload.secretMounts.map(({ name }) => name) : undefined,
    environment: environment(workload),
    ports: ports(stack, workload),
    networks: networks.length > 0 ? why('networks', networks) : undefined,
    // Without either, Compose puts it on a network "default", which leads to the internet and to all others there.
    network_mode:
      networks.length > 0 ? undefined : new Commented('none', 'it needs nobody, and nobody needs it'),
    entrypoint: workload.entrypoint,
    command: workload.command,
    restart: why('restart', 'unless-stopped'),
    healthcheck: healthcheck(workload),
    logging: why('logging', { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } }),
    labels: labels(workload, configDigest),
    user: why('user', workload.user),
    cap_add: capAdd(workload),
    cap_drop: why('cap_drop', ['ALL']),
    cpus: why('cpus', limits.cpus),
    init: why('init', true),
    mem_limit: why('mem_limit', limits.memory),
    memswap_limit: why('memswap_limit', limits.memory),
    pids_limit: why('pids_limit', limits.pids),
    read_only: why('read_only', true),
    security_opt: why('security_opt', ['no-new-privileges:true']),
    shm_size: workload.shmSize
      ? new Commented(workload.shmSize, 'Docker’s 64 MB are too few for this service')
      : undefined,
    stop_grace_period: `${workload.stopGraceSeconds}s`,
    stop_signal: workload.stopSignal,
    tmpfs: workload.tmpfs.length > 0 ? why('tmpfs', workload.tmpfs.map(tmpfs)) : undefined,
  };
}

function imageOrBuild(
  workload: Workload,
  digests: Readonly<Record<string, string>>,
): { [key: string]: ComposeValue } {
  if (workload.build) {
    const { context, dockerfile } = workload.build;
    return { build: { context: context.startsWith('.') ? context : `./${context}`, dockerfile } };
  }
  const image = workload.image!;
  const digest = digests[image];
  if (digest)
    return { image: new Commented(`${image}@${digest}`, 'these very bytes, whatever the tag becomes') };
  const moves = /(?:^|\/)[^:/]+$|:latest$/.test(image);
  return {
    image: new Commented(
      image,
      moves ? 'EXCEPTION: this tag changes unseen; see `pin`' : controlComment('image'),
    ),
  };
}

function startCondition(stack: Stack, name: string): string {
  const target = stack.workloads.find((workload) => workload.name === name);
  return target?.health === 'none' ? 'service_started' : 'service_healthy';
}

function tmpfs({ target, size, mode, uid, gid }: Tmpfs): string {
  const owner = uid === undefined ? '' : `,uid=${uid},gid=${gid ?? uid}`;
  return `${target}:size=${size},mode=${mode}${owner},noexec,nosuid,nodev`;
}

function networkNames(stack: Stack, { name }: Workload): string[] {
  return stack.networks
    .filter(({ members }) => members.includes(name))
    .map((network) => network.name)
    .sort();
}

function capAdd({ capAdd: list }: Workload): ComposeValue | undefined {
  if (list.length === 0) return undefined;
  const reasons = list.map(({ capability, reason }) => `${capability}: ${reason}`).join('; ');
  return new Commented(
    list.map(({ capability }) => capability),
    `EXCEPTION: ${reasons}`,
  );
}

function ports(stack: Stack, workload: Workload): ComposeValue | undefined {
  const bracket = (address: string): string => (address.includes(':') ? `[${address}]` : address);
  if (workload.kind === 'edge') {
    const { publicPorts, bind, http3 } = stack.edge;
    const prefix = bind ? `${bracket(bind)}:` : '';
    return new Commented(
      [
        `${prefix}${publicPorts.http}:${EDGE_PORTS.http}`,
        `${prefix}${publicPorts.https}:${EDGE_PORTS.https}`,
        ...(http3 ? [`${prefix}${publicPorts.https}:${EDGE_PORTS.https}/udp`] : []),
      ],
      bind ? `reachable at ${bind} only` : 'the only ports the world can reach; IPv4 and IPv6',
    );
  }
  if (workload.published.length === 0) return undefined;
  return new Commented(
    workload.published.map(
      ({ address, host, container, protocol }) => `${bracket(address)}:${host}:${container}/${protocol}`,
    ),
    'EXCEPTION, by explicit answer: passes by the edge; the firewall lets in the allow-list only',
  );
}

function environment(workload: Workload): ComposeValue | undefined {
  const entries: [string, ComposeValue][] = [
    ...Object.entries(workload.environment),
    ...workload.secretMounts
      .filter(({ variable }) => variable !== undefined)
      .map(({ name, variable }) => [variable!, `/run/secrets/${name}`] as [string, ComposeValue]),
    ...workload.secretVariables.map(
      ({ variable, secret, optional }) =>
        [
          variable,
          new Interpolation(optional ? `\${${secret}:-}` : `\${${secret}:?set ${secret} in the env file}`),
        ] as [string, ComposeValue],
    ),
  ];
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function volumes(workload: Workload): ComposeValue | undefined {
  const list: ComposeValue[] = [
    ...workload.volumes.map(({ name, target }) => ({ type: 'volume', source: name, target })),
    ...workload.mounts.map(({ source, target, writable }) => ({
      type: 'bind',
      source: source.startsWith('/') ? source : `./${source}`,
      target,
      ...(writable ? {} : { read_only: true }),
      // Docker would create a missing folder, empty and owned by root; a missing one is an error to be seen.
      bind: { create_host_path: false },
    })),
  ];
  return list.length > 0 ? list : undefined;
}

function healthcheck({ health }: Workload): ComposeValue | undefined {
  // Not `disable: true`: "up --wait" fails on a check that is switched off, and takes a container without one as it is.
  if (health === 'none') return undefined;
  return new Commented(
    {
      test: health.test,
      interval: `${health.intervalSeconds}s`,
      timeout: `${health.timeoutSeconds}s`,
      retries: health.retries,
      start_period: `${health.startPeriodSeconds}s`,
    } satisfies Record<Exclude<string, keyof HealthCheck>, ComposeValue>,
    controlComment('healthcheck'),
  );
}

/** A changed file behind a bind mount or secret is invisible to `up -d`; a changed label is not. */
function labels(workload: Workload, configDigest: string | undefined): ComposeValue | undefined {
  const hasSecrets = workload.secretMounts.length > 0;
  if (!configDigest && !hasSecrets) return undefined;
  return new Commented(
    {
      ...(configDigest ? { 'secure-stack.config': configDigest } : {}),
      ...(hasSecrets
        ? { 'secure-stack.secrets': new Interpolation(`\${${secretsRevisionVariable(workload.name)}:-0}`) }
        : {}),
    },
    'make "up -d" notice changed files',
  );
}
