import { domainCovers } from '../../stack/domains.ts';
import type { EdgeRoute } from '../../stack/model.ts';
import { nginxRegex } from '../quote/nginx.ts';

/** A route with the names that belong to it in the configuration. */
export interface NamedRoute extends EdgeRoute {
  /** Path without a trailing slash; empty for the root. */
  prefix: string;
  /** Name of the `upstream` block. */
  upstream: string;
  /** Its own rate limit zone. */
  zone: string;
  /** Start of the names of its CORS variables. */
  corsVariable: string;
  /** Of the directives that pass requests on: `proxy_pass`, `grpc_pass`. */
  directive: 'proxy' | 'grpc';
}

export function nameRoutes(routes: readonly EdgeRoute[]): NamedRoute[] {
  const tlsSettings: string[] = [];
  return routes.map((route, i) => ({
    ...route,
    prefix: route.path.replace(/\/$/, ''),
    upstream: upstreamName(route, tlsSettings),
    zone: `route_${i + 1}`,
    corsVariable: `cors_${i + 1}`,
    directive: route.protocol === 'grpc' ? 'grpc' : 'proxy',
  }));
}

/**
 * One block for each way to talk to an app's port, because a block's kept-alive connections serve every route that
 * names it: HTTP/1.1 must not end up on HTTP/2, nor one route on a connection that another one verified differently.
 */
function upstreamName({ app, port, protocol, upstreamTls }: EdgeRoute, tlsSettings: string[]): string {
  return [app, port, protocol === 'grpc' && 'grpc', upstreamTls && tlsName(upstreamTls, tlsSettings)]
    .filter(Boolean)
    .join('-');
}

/** `tls1`, `tls2` …: the same name for the same settings. */
function tlsName(tls: NonNullable<EdgeRoute['upstreamTls']>, known: string[]): string {
  const settings = JSON.stringify([tls.name, tls.ca, tls.certificate, tls.key]);
  if (!known.includes(settings)) known.push(settings);
  return `tls${known.indexOf(settings) + 1}`;
}

export function upstreamsOf(routes: readonly NamedRoute[]): { name: string; server: string }[] {
  const servers = new Map(routes.map(({ upstream, app, port }) => [upstream, `${app}:${port}`]));
  return [...servers].map(([name, server]) => ({ name, server }));
}

/**
 * The routes of one domain, the longest path first, which is the order nginx tries them in. Of two with the same path,
 * the one for exactly this name wins over a wildcard's, and that over one for every name.
 */
export function routesOf(domain: string, routes: readonly NamedRoute[]): NamedRoute[] {
  const best = new Map<string, NamedRoute>();
  for (const route of routes) {
    const rank = hostRank(route.host, domain);
    const other = best.get(route.prefix);
    if (rank > 0 && (!other || rank > hostRank(other.host, domain))) best.set(route.prefix, route);
  }
  return [...best.values()].sort(
    (a, b) => b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1),
  );
}

function hostRank(host: string | undefined, domain: string): number {
  if (host === undefined) return 1;
  if (host === domain) return 3;
  return domainCovers(host, domain) ? 2 : 0;
}

/**
 * Paths that only the stack itself may ask for. Their guards stand behind a domain's routes: a route that names one is met
 * first, in its own spelling alone.
 */
export const internalPaths = ['/metrics', '/ready'] as const;

/** Those that no route of the domain opens. @param own what `routesOf` gives for it */
export function closedPaths(own: readonly NamedRoute[]): string[] {
  return internalPaths.filter((path) => !own.some(({ prefix }) => prefix === path));
}

/**
 * What the location of a guarded path matches, besides the path: other cases, spaces and dots around a `/`, and at the end
 * anything that does not make it another word (`/admin;x`, `/admin.json`).
 */
export function guardedMatch(prefix: string): string {
  const segments = prefix.slice(1).split('/').map(nginxRegex);
  return String.raw`~* "^/\s*${segments.join(String.raw`[\s.]*/\s*`)}(?![a-z0-9_-])"`;
}
