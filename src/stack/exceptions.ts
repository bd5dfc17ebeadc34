import { ACME_NAME } from '../catalog/acme.ts';
import type { Exception, Workload } from './model.ts';
import type { StackSpec } from './schema.ts';
import { proxyRange } from './trusted-proxies.ts';

/** Controls that do not hold somewhere, and why: the security report lists them. */
export function exceptions(spec: StackSpec, workloads: readonly Workload[]): Exception[] {
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
    ...spec.firewall.openings.map(({ port, protocol, from, why }) => ({
      workload: 'firewall',
      control: 'the host’s own ports are closed',
      reason: `${protocol} port ${port} is open to ${from.join(', ')} by answer${why ? `: ${why}` : ''}`,
    })),
    ...edgeExceptions(spec.edge),
    ...(spec.tls.mode === 'acme'
      ? [
          {
            workload: ACME_NAME,
            control: 'no way out',
            reason: 'asks the certificate authority; it reaches no other container',
          },
          {
            workload: ACME_NAME,
            control: 'nothing to write to',
            reason:
              'certs/acme, certs/live and certs/challenge are its own to write; certs above them is 0700',
          },
        ]
      : []),
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
  trustedProxies,
}: StackSpec['edge']): Exception[] {
  const answered = (control: string, reason: string): Exception => ({ workload: 'edge', control, reason });
  const wide = trustedProxies.filter((cidr) => proxyRange(cidr) === 'wide');
  return [
    ...(wide.length > 0
      ? [
          answered(
            'clients do not name their own address',
            `trustedProxies has ${wide.join(', ')} by answer, a wide public range; whoever calls from there passes allow-lists and limits`,
          ),
        ]
      : []),
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
