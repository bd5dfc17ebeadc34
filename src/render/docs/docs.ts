import readme from '../../../templates/docs/README.md.hbs';
import report from '../../../templates/docs/SECURITY-REPORT.md.hbs';
import { trustInstructions } from '../../certs/trust.ts';
import type { GeneratedFile } from '../../fileset.ts';
import { seenBy } from '../../stack/consumers.ts';
import { isLoopback } from '../../stack/domains.ts';
import { hostOpenings } from '../../stack/host-openings.ts';
import type { Secret, Stack } from '../../stack/model.ts';
import { CONTROLS } from '../compose/reasons.ts';
import { BACKEND_LIMITS } from '../firewall/limits.ts';
import { render } from '../template.ts';
import { certificateFacts } from './certificates.ts';
import { composeCommand, primaryUrl } from './commands.ts';
import { mermaidTopology } from './diagram.ts';

/** README.md and SECURITY-REPORT.md of the stack. */
export function renderDocs(stack: Stack): GeneratedFile[] {
  return [
    { path: 'README.md', mode: 0o644, class: 'generated', content: render(readme, readmeContext(stack)) },
    {
      path: 'SECURITY-REPORT.md',
      mode: 0o644,
      class: 'generated',
      content: render(report, reportContext(stack)),
    },
  ];
}

function readmeContext(stack: Stack): object {
  const compose = composeCommand(stack);
  return {
    name: stack.name,
    environment: stack.environment,
    domains: stack.domains.join(', '),
    url: primaryUrl(stack),
    commands: [
      { what: 'start, and wait until all is healthy', command: `${compose} up -d --wait` },
      { what: 'see what runs', command: `${compose} ps` },
      { what: 'follow the logs', command: `${compose} logs -f --tail 100` },
      { what: 'stop, keeping the data', command: `${compose} down` },
    ],
    certificates: certificateFacts(stack).about,
    devCa: stack.edge.tls.mode === 'dev-ca',
    trust: trustInstructions({ caFile: 'certs/ca/ca.crt', stackName: stack.name }).map(
      ({ platform, commands }) => ({ platform, command: commands.join(' && ') }),
    ),
    firstFirewall: stack.environment !== 'development',
    exposures: exposures(stack),
    workloads: stack.workloads.map((workload) => ({
      name: workload.name,
      title: workload.title,
      image: workload.image ?? `built from ${workload.build!.context}`,
      user: workload.user,
      memory: workload.limits.memory,
    })),
    topology: mermaidTopology(stack),
    secrets: stack.secrets.map((secret) => ({
      id: secret.id,
      what: secret.what,
      consumers: seenBy(secret, stack).join(', '),
    })),
    envFile: stack.secretStore.envFile,
    secretDirectory: `${stack.secretStore.directory}/`,
    upCommand: `${compose} up -d --wait`,
    reloadCommand: `${compose} exec edge nginx -c /etc/secure-stack/nginx/nginx.conf -s reload`,
  };
}

function exposures(stack: Stack): { port: string; to: string; by: string }[] {
  const { publicPorts, bind, http3 } = stack.edge;
  const everybody = bind === undefined ? 'everybody' : `who reaches ${bind}`;
  const { sshPorts, sshFrom } = stack.firewall;
  return [
    { port: `${publicPorts.https}/tcp`, to: everybody, by: 'edge: HTTPS' },
    ...(http3 ? [{ port: `${publicPorts.https}/udp`, to: everybody, by: 'edge: HTTP/3' }] : []),
    { port: `${publicPorts.http}/tcp`, to: everybody, by: 'edge: redirect to HTTPS' },
    ...(stack.environment === 'development'
      ? []
      : [
          {
            port: sshPorts.map((port) => `${port}/tcp`).join(', '),
            to: sshFrom.length > 0 ? sshFrom.join(', ') : 'everybody, rate-limited',
            by: 'SSH of the host (with the firewall on)',
          },
        ]),
    ...stack.workloads.flatMap(({ name, published }) =>
      published.map(({ address, host, protocol, allow }) => ({
        port: `${host}/${protocol} on ${address}`,
        to: isLoopback(address)
          ? 'this machine only'
          : `${allow.join(', ')}; without the firewall: everybody`,
        by: `${name}, by explicit answer`,
      })),
    ),
    ...hostOpenings(stack).map(({ port, protocol, from }) => ({
      port: `${port}/${protocol}`,
      to: from.join(', '),
      by: 'the host itself, by firewall.openings',
    })),
  ];
}

function reportContext(stack: Stack): object {
  const { edge, secretStore } = stack;
  return {
    name: stack.name,
    environment: stack.environment,
    controls: CONTROLS.map(({ key, title, why, source }) => ({ key, title, why, source })),
    surroundings: [
      {
        title: `TLS ${edge.tls.policy === 'modern' ? '1.3 only' : '1.2 and 1.3'}; unknown names rejected`,
        by: 'nginx/: ssl_reject_handshake, 421, the TLS policy’s dated table',
      },
      certificateFacts(stack).control,
      {
        title: `Request limits: ${edge.limits.requestsPerSecond}/s a client, burst ${edge.limits.burst}, body ${edge.limits.maxBody}`,
        by: 'nginx/: limit_req, limit_conn, client_max_body_size',
      },
      {
        title: 'Only the edge is published',
        by: 'docker-compose.yml: no other service has ports, save the exceptions below',
      },
      {
        title: 'Host ports closed before Docker’s own rules',
        by:
          stack.firewall.backend === 'nftables'
            ? 'firewall/firewall.sh, once it is applied: an nftables table of its own ahead of DNAT, IPv4 and IPv6'
            : `firewall/firewall.sh, once it is applied: iptables chains of its own ahead of DNAT, IPv4 and IPv6${stack.firewall.backend === 'ufw' ? '; the same ports opened in ufw' : ''}`,
      },
      {
        title: 'Generated secrets have 256 random bits (UUIDs 122) and go to their consumers only',
        by: `${secretStore.envFile} (0600), ${secretStore.directory}/ (0700)`,
      },
      { title: 'Nothing starts with a blank secret', by: 'docker-compose.yml: ${NAME:?…}' },
      {
        title: 'Secrets out of git and of build contexts',
        by: '.gitignore, .dockerignore; check looks into the index',
      },
    ],
    exceptions: [
      ...stack.exceptions,
      ...BACKEND_LIMITS[stack.firewall.backend].map((limit) => ({ workload: 'firewall', ...limit })),
    ],
    networks: [
      ...stack.networks.map(({ name, members, internal, egress, why }) => ({
        name,
        members: members.join(', '),
        out: internal ? 'no' : egress ? 'yes' : 'answers only',
        why,
      })),
      ...stack.workloads
        .filter(({ name }) => !stack.networks.some(({ members }) => members.includes(name)))
        .map(({ name }) => ({
          name: 'none',
          members: name,
          out: 'no',
          why: 'no need, no route: no network',
        })),
    ],
    secrets: stack.secrets.map((secret) => ({
      id: secret.id,
      kind: secret.kind,
      class: secret.class,
      consumers: seenBy(secret, stack).join(', '),
      due: due(secret, stack),
    })),
    warnings: stack.warnings.map((text) => ({ text })),
  };
}

function due(secret: Secret, { secretStore: { schedule } }: Stack): string {
  if (secret.kind === 'derived') return 'with what it is made from';
  if (secret.kind === 'previous') return 'emptied by rotate --retire';
  if (secret.kind === 'setting') return 'no secret; changed by rotate';
  switch (secret.class) {
    case 'engine':
    case 'signing':
    case 'external':
      return `${schedule[secret.class]} days`;
    case 'encryption':
      return 'never by itself; by name, with the old key kept';
    case 'bootstrap':
      return 'with the engine';
  }
}
