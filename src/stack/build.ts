import { ACME_NAME, acmeClient } from '../catalog/acme.ts';
import { appWorkload } from '../catalog/app.ts';
import { edgeWorkload } from '../catalog/edge.ts';
import { catalog } from '../catalog/index.ts';
import { sampleWorkload } from '../catalog/sample.ts';
import type { ServiceParts } from '../catalog/service.ts';
import { STATIC_PORT, staticWorkload } from '../catalog/static.ts';
import { appSecrets } from './app-secrets.ts';
import { type Apps, buildEdge, upstreamTlsFolder } from './build-edge.ts';
import { isLoopback, parseDomain } from './domains.ts';
import { edgeLogins } from './edge-login.ts';
import { exceptions } from './exceptions.ts';
import { deriveNetworks, INTERNET } from './flows.ts';
import type { Edge, FirewallPolicy, Flow, SecretMount, Stack, Workload } from './model.ts';
import type { AppSpec, StackSpec } from './schema.ts';
import { markVariables, secretStore } from './secret-store.ts';
import { acmeDirectory } from './tls-schema.ts';
import { ANYWHERE } from './value-schemas.ts';
import { warnings } from './warnings.ts';

/** Joins the answers with the catalogue. The spec must have passed `validateSpec`. */
export function buildStack(spec: StackSpec): Stack {
  const apps = Object.entries(spec.apps).map(([name, app]) => [name, ownPort(app)] as const);
  const services = catalog
    .filter((service) => spec.services[service.name] !== undefined)
    .map((service) => ({
      service,
      parts: service.build({
        options: spec.services[service.name],
        environment: spec.environment,
        clients: apps
          .filter(([, app]) => app.needs.includes(service.name))
          .map(([name, app]) => ({ name, delivery: app.delivery })),
      }),
    }));
  const secretsOfApps = appSecrets(spec);
  const logins = edgeLogins(spec);
  const domains = spec.domains.map((domain) => parseDomain(domain).ascii);
  const acme =
    spec.tls.mode === 'acme'
      ? acmeClient({ tls: spec.tls, domains, directory: acmeDirectory(spec.tls) })
      : undefined;
  const workloads: Workload[] = [
    edgeOf(spec, apps, logins.mounts),
    ...(acme ? [acme.workload] : []),
    ...services.map(({ service, parts }) => ({
      name: service.name,
      kind: 'service' as const,
      title: service.title,
      ...parts.workload,
    })),
    ...apps.map(([name, app]): Workload => {
      const { environment, mounts, variables } = secretsOfApps.wiring.get(name)!;
      const own = appWorkload(app, name);
      return {
        name,
        kind: 'app',
        title: app.image === 'sample' ? 'sample app' : app.static ? 'static site' : 'app',
        ...own,
        ...(app.image === 'sample' ? sampleWorkload : {}),
        ...(app.static ? staticWorkload(app.static) : {}),
        environment: { ...environment, ...own.environment },
        secretMounts: mounts,
        secretVariables: variables,
      };
    }),
  ];
  const edge = buildEdge(spec, apps);
  const flows = deriveFlows(spec, edge, apps, services);
  const credentials = services.flatMap(({ parts }) => parts.credentials);
  const named = credentials.map(({ service }) => service);
  return {
    name: spec.name,
    environment: spec.environment,
    domains,
    workloads,
    flows,
    networks: deriveNetworks(spec.name, flows, spec.network.pool, named),
    edge,
    secrets: markVariables(workloads, [
      ...services.flatMap(({ parts }) => parts.secrets),
      ...secretsOfApps.secrets,
      ...logins.secrets,
      ...(acme?.secrets ?? []),
    ]),
    credentials,
    secretFiles: [
      ...services.flatMap(({ parts }) => parts.secretFiles),
      ...secretsOfApps.files,
      ...logins.files,
      ...(acme?.files ?? []),
    ],
    secretStore: secretStore(spec),
    firewall: firewallPolicy(spec, edge, workloads),
    files: services.flatMap(({ parts }) => parts.files),
    exceptions: exceptions(spec, workloads),
    warnings: warnings(spec),
  };
}

/** What the edge's image serves brings its own port and answers on /health, whatever the app says. */
function ownPort(app: AppSpec): AppSpec {
  if (app.image !== 'sample' && !app.static) return app;
  const { upstreamTls: _, ...plain } = app;
  return { ...plain, port: STATIC_PORT, protocol: 'http' };
}

/** The edge with what the answers mount into it. */
function edgeOf(spec: StackSpec, apps: Apps, logins: readonly SecretMount[]): Workload {
  const edge = edgeWorkload(
    { challenges: spec.tls.mode === 'acme' && spec.tls.dns === undefined },
    spec.edge.workers,
  );
  const authorities = apps.flatMap(([name, app]) =>
    app.upstreamTls && app.routes.length > 0
      ? [{ source: app.upstreamTls.folder, target: upstreamTlsFolder(name) }]
      : [],
  );
  return {
    ...edge,
    secretMounts: [...edge.secretMounts, ...logins],
    mounts: [...edge.mounts, ...authorities],
    published: [],
  };
}

function deriveFlows(
  spec: StackSpec,
  edge: Edge,
  apps: Apps,
  services: readonly { service: { name: string }; parts: ServiceParts }[],
): Flow[] {
  const portOf = new Map<string, number>([
    ...services.map(({ service, parts }) => [service.name, parts.port] as const),
    ...apps.map(([name, app]) => [name, app.port] as const),
  ]);
  const published = [
    ...services.map(({ service, parts }) => [service.name, parts.workload.published] as const),
    ...apps.map(
      ([name, app]) => [name, app.expose.map(({ port, address }) => ({ container: port, address }))] as const,
    ),
  ];
  const reach = (address: string | undefined) =>
    address !== undefined && isLoopback(address) ? { local: true as const } : {};
  return [
    {
      from: INTERNET,
      to: 'edge',
      port: spec.edge.ports.https,
      why: 'HTTPS from outside',
      ...reach(edge.bind),
    },
    { from: INTERNET, to: 'edge', port: spec.edge.ports.http, why: 'redirect to HTTPS', ...reach(edge.bind) },
    ...(spec.tls.mode === 'acme'
      ? [
          {
            from: ACME_NAME,
            to: INTERNET,
            port: Number(new URL(acmeDirectory(spec.tls)).port) || 443,
            why: 'certificates from the authority',
          },
        ]
      : []),
    ...apps
      .filter(([, app]) => app.routes.length > 0)
      .map(([name, app]) => ({ from: 'edge', to: name, port: app.port, why: 'requests from outside' })),
    ...apps.flatMap(([name, app]) =>
      app.needs.map((need) => ({
        from: name,
        to: need,
        port: portOf.get(need)!,
        why: `${name} needs ${need}`,
      })),
    ),
    ...apps
      .filter(([, app]) => app.egress)
      .map(([name]) => ({ from: name, to: INTERNET, port: 0, why: 'may call the internet (egress: true)' })),
    ...published.flatMap(([name, ports]) =>
      ports.map(({ container, address }) => ({
        from: INTERNET,
        to: name,
        port: container,
        why: 'port published by an explicit answer',
        ...reach(address),
      })),
    ),
  ];
}

function firewallPolicy(spec: StackSpec, { bind }: Edge, workloads: readonly Workload[]): FirewallPolicy {
  const edgeIsPublic = bind === undefined || !isLoopback(bind);
  return {
    publicTcp: edgeIsPublic ? [spec.edge.ports.http, spec.edge.ports.https] : [],
    publicUdp: edgeIsPublic && spec.edge.http3 ? [spec.edge.ports.https] : [],
    sshPorts: spec.firewall.sshPorts,
    sshFrom: spec.firewall.sshFrom,
    openings: [
      ...workloads
        .flatMap(({ published }) => published)
        .filter(({ address }) => !isLoopback(address))
        .map(({ host, protocol, allow }) => ({ port: host, protocol, from: allow })),
      ...spec.firewall.openings.map(({ port, protocol, from }) => ({
        port,
        protocol,
        from: from.flatMap((source) => (source === ANYWHERE ? ['0.0.0.0/0', '::/0'] : [source])),
      })),
    ],
    trustedInterfaces: spec.firewall.trustedInterfaces,
    backend: spec.firewall.backend,
    blockPrivateEgress: spec.firewall.blockPrivateEgress,
    metadataDns: spec.firewall.metadataDns,
    containersToHost: spec.firewall.containersToHost,
  };
}
