import { ACME_NAME, acmeClient } from '../catalog/acme.ts';
import { appWorkload } from '../catalog/app.ts';
import { edgeWorkload } from '../catalog/edge.ts';
import { catalog } from '../catalog/index.ts';
import { sampleWorkload } from '../catalog/sample.ts';
import type { ServiceParts } from '../catalog/service.ts';
import { STATIC_PORT, staticWorkload } from '../catalog/static.ts';
import { appSecrets } from './app-secrets.ts';
import { type Apps, buildEdge, upstreamTlsFolder } from './build-edge.ts';
import { parseDomain } from './domains.ts';
import { edgeLogins } from './edge-login.ts';
import { deriveNetworks, INTERNET } from './flows.ts';
import type { Exception, FirewallPolicy, Flow, SecretMount, Stack, Workload } from './model.ts';
import type { AppSpec, StackSpec } from './schema.ts';
import { markVariables, secretStore } from './secret-store.ts';
import { acmeDirectory } from './tls-schema.ts';

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
  const flows = deriveFlows(spec, apps, services);
  const edge = buildEdge(spec, apps);
  return {
    name: spec.name,
    environment: spec.environment,
    domains,
    workloads,
    flows,
    networks: deriveNetworks(spec.name, flows, spec.network.pool),
    edge,
    secrets: markVariables(workloads, [
      ...services.flatMap(({ parts }) => parts.secrets),
      ...secretsOfApps.secrets,
      ...logins.secrets,
      ...(acme?.secrets ?? []),
    ]),
    credentials: services.flatMap(({ parts }) => parts.credentials),
    secretFiles: [
      ...services.flatMap(({ parts }) => parts.secretFiles),
      ...secretsOfApps.files,
      ...logins.files,
      ...(acme?.files ?? []),
    ],
    secretStore: secretStore(spec),
    firewall: firewallPolicy(spec, workloads),
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
  apps: Apps,
  services: readonly { service: { name: string }; parts: ServiceParts }[],
): Flow[] {
  const portOf = new Map<string, number>([
    ...services.map(({ service, parts }) => [service.name, parts.port] as const),
    ...apps.map(([name, app]) => [name, app.port] as const),
  ]);
  const published = [
    ...services.map(({ service, parts }) => [service.name, parts.workload.published] as const),
    ...apps.map(([name, app]) => [name, app.expose.map((exposed) => ({ container: exposed.port }))] as const),
  ];
  return [
    { from: INTERNET, to: 'edge', port: spec.edge.ports.https, why: 'HTTPS from outside' },
    { from: INTERNET, to: 'edge', port: spec.edge.ports.http, why: 'redirect to HTTPS' },
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
      ports.map(({ container }) => ({
        from: INTERNET,
        to: name,
        port: container,
        why: 'port published by an explicit answer',
      })),
    ),
  ];
}

function firewallPolicy(spec: StackSpec, workloads: readonly Workload[]): FirewallPolicy {
  const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
  const edgeIsPublic =
    spec.environment !== 'development' || (spec.edge.bind !== undefined && !isLoopback(spec.edge.bind));
  return {
    publicTcp: edgeIsPublic ? [spec.edge.ports.http, spec.edge.ports.https] : [],
    publicUdp: edgeIsPublic && spec.edge.http3 ? [spec.edge.ports.https] : [],
    sshPorts: spec.firewall.sshPorts,
    sshFrom: spec.firewall.sshFrom,
    openings: workloads
      .flatMap(({ published }) => published)
      .filter(({ address }) => !isLoopback(address))
      .map(({ host, protocol, allow }) => ({ port: host, protocol, from: allow })),
    trustedInterfaces: spec.firewall.trustedInterfaces,
    backend: spec.firewall.backend,
    blockPrivateEgress: spec.firewall.blockPrivateEgress,
    metadataDns: spec.firewall.metadataDns,
    containersToHost: spec.firewall.containersToHost,
  };
}

function exceptions(spec: StackSpec, workloads: readonly Workload[]): Exception[] {
  return [
    {
      workload: 'edge',
      control: 'only needed ports below 1024 (CIS 5.8)',
      reason: `the public site must answer on ${spec.edge.ports.http} and ${spec.edge.ports.https}; inside the container it listens above 1024`,
    },
    ...workloads.flatMap((workload): Exception[] => [
      ...(workload.health === 'none'
        ? [
            {
              workload: workload.name,
              control: 'health check',
              reason: 'switched off by answer (health.probe: none); Docker cannot see whether it works',
            },
          ]
        : []),
      ...workload.capAdd.map(({ capability, reason }) => ({
        workload: workload.name,
        control: `capability ${capability}`,
        reason,
      })),
      ...(workload.secretVariables.some(({ plain }) => !plain)
        ? [
            {
              workload: workload.name,
              control: 'secrets by file',
              reason: `delivery: variable by answer; ${workload.secretVariables
                .filter(({ plain }) => !plain)
                .map(({ variable }) => variable)
                .join(', ')} can be read with docker inspect`,
            },
          ]
        : []),
      ...workload.published.map(({ address, host, protocol }) => ({
        workload: workload.name,
        control: 'only the edge publishes ports',
        reason: `${protocol} port ${host} on ${address} by explicit answer; it passes by the edge's TLS and limits`,
      })),
    ]),
    ...edgeExceptions(spec.edge),
    ...Object.entries(spec.apps)
      .filter(([, app]) => app.egress)
      .map(([name]) => ({ workload: name, control: 'no way out', reason: 'egress: true by answer' })),
    ...workloads
      .filter(({ build }) => build !== undefined)
      .map(({ name }) => ({
        workload: name,
        control: 'fixed image',
        reason: 'built on this host from your Dockerfile; pin its base image there',
      })),
  ];
}

function edgeExceptions({
  contentSecurityPolicy: { style = [], reportOnly },
}: StackSpec['edge']): Exception[] {
  const answered = (control: string, reason: string): Exception => ({ workload: 'edge', control, reason });
  return [
    ...(style.includes("'unsafe-inline'")
      ? [
          answered(
            'no inline styles',
            "contentSecurityPolicy.style has 'unsafe-inline' by answer; injected markup can restyle a page",
          ),
        ]
      : []),
    ...(reportOnly
      ? [
          answered(
            'enforced page policy',
            'contentSecurityPolicy.reportOnly: true by answer; nothing is blocked yet',
          ),
        ]
      : []),
  ];
}

function warnings(spec: StackSpec): string[] {
  const domains = spec.domains.map(parseDomain);
  const list: string[] = [];
  if (spec.environment === 'production' && spec.tls.mode === 'dev-ca') {
    list.push('tls.mode is dev-ca: visitors of this production stack will see a certificate warning');
  }
  for (const { ascii, unicode } of domains)
    if (ascii !== unicode)
      list.push(`${unicode} is written ${ascii} (punycode) in certificates and configuration`);
  for (const [name, app] of Object.entries(spec.apps)) {
    if (app.image?.match(/:latest$/))
      list.push(
        `apps.${name}.image uses the tag "latest", which changes under you; run "create-secure-stack pin" or choose a fixed tag`,
      );
    if (app.protocol === 'grpc' && app.health.probe === 'auto')
      list.push(`apps.${name}: the health check of a gRPC app only connects; set health.command for more`);
  }
  return list;
}
