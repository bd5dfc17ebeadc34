import { createHash } from 'node:crypto';
import type { GeneratedFile } from '../../fileset.ts';
import type { Stack } from '../../stack/model.ts';
import { composeService } from './service.ts';
import { Commented, type ComposeValue, composeYaml, Interpolation } from './yaml.ts';

const HEADER = [
  'Written by create-secure-stack from stack.yaml. Change stack.yaml and run it again;',
  'put your own additions into docker-compose.override.yml. Edits made here are merged, not lost.',
].join('\n');

export interface ComposeInput {
  /** Files the containers mount, to notice that they changed. */
  mounted: readonly GeneratedFile[];
  /** `name:tag` → `sha256:…`. */
  digests: Readonly<Record<string, string>>;
}

/** docker-compose.yml for Compose v2.26 and newer. */
export function renderCompose(stack: Stack, { mounted, digests }: ComposeInput): GeneratedFile {
  const blankChecks = requiredSecrets(stack);
  const content: ComposeValue = {
    'x-required': blankChecks
      ? new Commented(
          blankChecks,
          'Nothing starts while one of these is blank in the env file; no container sees this.',
        )
      : undefined,
    name: stack.name,
    services: Object.fromEntries(
      byName(stack.workloads).map((workload) => {
        const configDigest = digestOf(
          workload.mounts.map(({ source }) => source),
          mounted,
        );
        return [
          workload.name,
          composeService(stack, workload, { digests, ...(configDigest ? { configDigest } : {}) }),
        ];
      }),
    ),
    networks: Object.fromEntries(
      byName(stack.networks).map((network) => [network.name, composeNetwork(network)]),
    ),
    volumes: stack.workloads.some(({ volumes }) => volumes.length > 0)
      ? Object.fromEntries(stack.workloads.flatMap(({ volumes }) => volumes.map(({ name }) => [name, {}])))
      : undefined,
    secrets:
      stack.secretFiles.length > 0
        ? Object.fromEntries(stack.secretFiles.map(({ name }) => [name, { file: secretPath(stack, name) }]))
        : undefined,
  };
  return {
    path: 'docker-compose.yml',
    mode: 0o644,
    class: 'generated',
    content: composeYaml(content, HEADER),
  };
}

/** Linters want names in order, and a re-run must not move lines about. */
function byName<Item extends { name: string }>(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function composeNetwork({ internal, egress, bridge, subnet, why }: Stack['networks'][number]): ComposeValue {
  return new Commented(
    {
      internal: internal ? new Commented(true, 'no way out of the host') : undefined,
      driver_opts: {
        'com.docker.network.bridge.name': new Commented(bridge, 'the firewall knows css-* as this program’s'),
        ...(internal || egress
          ? {}
          : {
              'com.docker.network.bridge.enable_ip_masquerade': new Commented(
                'false',
                'reached from outside, opens nothing itself',
              ),
            }),
      },
      ipam: subnet ? { config: [{ subnet }] } : undefined,
    },
    why,
  );
}

/**
 * File secrets are plain mounts: Compose would start with an empty one. An extension field is interpolated like
 * everything else, so `:?` in it stops `up`, without the value reaching any container.
 */
function requiredSecrets(stack: Stack): ComposeValue | undefined {
  const required = stack.secretFiles.filter(({ optional }) => !optional);
  const ids = [...new Set(required.flatMap(({ from }) => from))].sort();
  if (ids.length === 0) return undefined;
  return Object.fromEntries(
    ids.map((id) => [
      id,
      new Interpolation(`\${${id}:?set ${id} in the env file, then run create-secure-stack again}`),
    ]),
  );
}

function secretPath(stack: Stack, name: string): string {
  const { directory } = stack.secretStore;
  return directory.startsWith('/') ? `${directory}/${name}` : `./${directory}/${name}`;
}

function digestOf(sources: readonly string[], files: readonly GeneratedFile[]): string | undefined {
  const relevant = files.filter(({ path }) => sources.some((source) => path.startsWith(`${source}/`)));
  if (relevant.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const { path, content } of relevant) hash.update(`${path}\0${content}\0`);
  return hash.digest('hex').slice(0, 12);
}
