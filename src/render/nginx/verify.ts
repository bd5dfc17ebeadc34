import { type EdgeCapability, keyExchangeGroups, minimumNginx } from '../../policy/tls.ts';
import { closedPaths, type NamedRoute, routesOf } from './routes.ts';
import { sentTransportSecurity } from './tables.ts';
import type { EdgeStack } from './validate.ts';
import { isAddress, portSuffix, urlHost } from './values.ts';

/** Gateways of a container's networks, as `docker inspect --format` takes it. */
const GATEWAYS = '{{range .NetworkSettings.Networks}}{{.Gateway}} {{.IPv6Gateway}} {{end}}';

/** Values for verify.sh: what the running edge must answer, according to the same model it was made from. */
export function verifyValues(
  stack: EdgeStack,
  { openssl }: EdgeCapability,
  routes: readonly NamedRoute[],
): object {
  const { name, domains, edge } = stack;
  const primary = domains.find((domain) => !isAddress(domain) && domain !== 'localhost') ?? domains[0]!;
  const own = routesOf(primary, routes);
  const root = own.find(({ prefix }) => prefix === '');
  return {
    stack: name,
    minimum: minimumNginx,
    primary: concrete(primary),
    names: domains.map(concrete).join(' '),
    deep: domains.filter((domain) => domain.startsWith('*.')).map((domain) => `deep.${concrete(domain)}`),
    port: edge.publicPorts.https,
    suffix: portSuffix(edge.publicPorts.https, 443),
    workers: edge.workers,
    modern: edge.tls.policy === 'modern',
    postQuantum: keyExchangeGroups(openssl).some((group) => group.includes('MLKEM')),
    http3: edge.http3 ?? false,
    addresses: domains.some((domain) => isAddress(domain)),
    internal: closedPaths(own),
    // Of a gRPC service the edge's refusals are no pages.
    pages: root?.protocol !== 'grpc',
    hsts: primary === 'localhost' ? '' : (sentTransportSecurity(stack)?.toLowerCase() ?? ''),
    restricted: restrictedPaths(domains, routes),
    local: edge.bind === '127.0.0.1' || edge.bind === '::1',
    bind: edge.bind === '0.0.0.0' || edge.bind === '::' ? undefined : edge.bind,
    gatewayFormat: GATEWAYS,
    lists: routes.some(({ allow }) => allow.length > 0),
  };
}

/** A name that can be asked for; of a wildcard, one below it. */
function concrete(domain: string): string {
  return urlHost(domain.replace(/^\*\./, 'verify.'));
}

/** Paths that the container itself may not have: each route once, with the first name it is for. */
function restrictedPaths(domains: readonly string[], routes: readonly NamedRoute[]): object[] {
  const hosts = new Map<NamedRoute, string>();
  for (const domain of domains)
    for (const route of routesOf(domain, routes)) if (!hosts.has(route)) hosts.set(route, concrete(domain));
  return [...hosts].flatMap(([{ prefix, protocol, allow, login }, host]) => {
    if (protocol === 'grpc') return [];
    const at = { host, path: prefix || '/' };
    if (allow.length > 0)
      return allow.some(isLoopback) ? [] : [{ ...at, status: 403, title: '#39 only from its list:' }];
    return login === undefined ? [] : [{ ...at, status: 401, title: '#40 asks for the login:' }];
  });
}

/** Whether a list may let the container itself in; a wide block is taken for one. */
function isLoopback(cidr: string): boolean {
  const [address = '', prefix = '32'] = cidr.split('/');
  return address.startsWith('127.') || Number(prefix) < 8;
}
