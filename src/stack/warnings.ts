import { isPlainSecret } from '../secrets/plain-secret.ts';
import { parseDomain } from './domains.ts';
import type { StackSpec } from './schema.ts';
import { proxyRange } from './trusted-proxies.ts';

/** What is allowed, and worth a word; one line each. */
export function warnings(spec: StackSpec): string[] {
  const domains = spec.domains.map(parseDomain);
  const list: string[] = [];
  if (spec.environment === 'production' && spec.tls.mode === 'dev-ca') {
    list.push('tls.mode is dev-ca: visitors of this production stack will see a certificate warning');
  }
  if (spec.environment === 'production' && spec.tls.staging)
    list.push(
      'tls.staging: browsers warn every visitor of this production stack; once all works, switch with --tls-staging false',
    );
  for (const cidr of spec.edge.trustedProxies)
    if (proxyRange(cidr) === 'wide')
      list.push(
        `edge.trustedProxies: ${cidr} is a wide public range; everybody in it can name any address as theirs, past allow-lists and limits`,
      );
  for (const { ascii, unicode } of domains)
    if (ascii !== unicode)
      list.push(`${unicode} is written ${ascii} (punycode) in certificates and configuration`);
  for (const [variable, value] of Object.entries(spec.tls.dns?.environment ?? {}))
    if (isPlainSecret(variable, value))
      list.push(
        `tls.dns.environment.${variable} looks like a secret, and stack.yaml is committed: name it under tls.dns.secrets`,
      );
  for (const [name, app] of Object.entries(spec.apps)) {
    if (app.image?.match(/:latest$/))
      list.push(
        `apps.${name}.image uses the tag "latest", which changes under you; run "create-secure-stack pin" or choose a fixed tag`,
      );
    for (const [variable, value] of Object.entries(app.environment))
      if (isPlainSecret(variable, String(value)))
        list.push(
          `apps.${name}.environment.${variable} looks like a secret, and stack.yaml is committed: declare it under apps.${name}.secrets`,
        );
    const own = app.image === 'sample' ? 'the built-in page' : app.static && 'a static site';
    if (own && app.protocol !== 'http')
      list.push(`apps.${name}.protocol: ${app.protocol} is left out; ${own} speaks HTTP alone`);
    else if (app.protocol === 'grpc' && app.health.probe === 'auto')
      list.push(`apps.${name}: the health check of a gRPC app only connects; set health.command for more`);
  }
  const { openings, trustedInterfaces } = spec.firewall;
  const tunnels = trustedInterfaces.filter((name) => /^(wg|tun)/.test(name));
  if (tunnels.length > 0 && !openings.some(({ protocol }) => protocol === 'udp'))
    list.push(
      `${tunnels.join(', ')} is trusted, but no UDP port is open: if others dial in to this tunnel, put its port into firewall.openings (WireGuard: 51820, udp)`,
    );
  return list;
}
