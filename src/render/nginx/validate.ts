import { isIP } from 'node:net';
import { type Problem, UserError } from '../../errors.ts';
import { cidrProblem } from '../../stack/domains.ts';
import type { EdgeRoute, Stack } from '../../stack/model.ts';
import { originProblem, routePathProblem } from '../../stack/route-values.ts';
import { sizeInBytes } from './values.ts';

export type EdgeStack = Pick<Stack, 'name' | 'environment' | 'domains' | 'edge'>;

/**
 * Refuses what nginx would accept and then do something else with: duplicates (it warns and ignores one), paths that
 * never match, a body limit of 0 (no limit).
 * @throws {UserError} with every problem found
 */
export function validateEdge({ domains, edge }: EdgeStack): void {
  const problems: Problem[] = [
    ...domainProblems(domains),
    ...limitProblems(edge.limits.requestsPerSecond, edge.limits.burst, 'edge.limits'),
    ...bodyProblems(edge.limits.maxBody, 'edge.limits.maxBody'),
    ...edge.trustedProxies.flatMap((cidr, i) => cidrProblems(cidr, `edge.trustedProxies[${i}]`)),
    ...edge.routes.flatMap((route, i) => routeProblems(route, `edge.routes[${i}]`, domains)),
    ...duplicateRoutes(edge.routes),
    ...textProblems([
      ['edge.contentSecurityPolicy.policy', edge.contentSecurityPolicy?.policy],
      ...edge.routes.flatMap(({ upstreamTls = {} }, i) =>
        Object.entries(upstreamTls).map(([key, value]): [string, string] => [
          `edge.routes[${i}].upstreamTls.${key}`,
          value,
        ]),
      ),
    ]),
  ];
  if (!Number.isInteger(edge.limits.connections) || edge.limits.connections < 1)
    problems.push({ path: 'edge.limits.connections', message: 'must be a whole number above 0' });
  if (problems.length > 0) throw new UserError(problems);
}

function domainProblems(domains: readonly string[]): Problem[] {
  if (domains.length === 0) return [{ path: 'domains', message: 'must name at least one domain' }];
  return domains.flatMap((domain, i) => {
    const path = `domains[${i}]`;
    if (!/^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(domain) && !isIP(domain))
      return [{ path, message: 'must be a domain name in lower case or an address' }];
    if (domains.indexOf(domain) !== i) return [{ path, message: `names ${domain} twice` }];
    return [];
  });
}

function routeProblems(route: EdgeRoute, at: string, domains: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  if (route.host !== undefined && !domains.includes(route.host))
    problems.push({ path: `${at}.host`, message: `${route.host} is not one of the domains` });
  const path = routePathProblem(route.path);
  if (path) problems.push({ path: `${at}.path`, message: path });
  if (!/^[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?$/i.test(route.app))
    problems.push({ path: `${at}.app`, message: 'must be the name of an app' });
  if (!Number.isInteger(route.port) || route.port < 1 || route.port > 65535)
    problems.push({ path: `${at}.port`, message: 'must be a port from 1 to 65535' });
  if (route.rateLimit)
    problems.push(
      ...limitProblems(route.rateLimit.requestsPerSecond, route.rateLimit.burst, `${at}.rateLimit`),
    );
  if (
    route.timeoutSeconds !== undefined &&
    !(Number.isInteger(route.timeoutSeconds) && route.timeoutSeconds > 0)
  )
    problems.push({ path: `${at}.timeoutSeconds`, message: 'must be a whole number of seconds above 0' });
  if (route.login !== undefined && !/^[a-z0-9_]+$/.test(route.login))
    problems.push({ path: `${at}.login`, message: 'must be the name of a secret file' });
  if (route.maxBody !== undefined) problems.push(...bodyProblems(route.maxBody, `${at}.maxBody`));
  for (const [i, origin] of route.cors.entries()) {
    const message = originProblem(origin);
    if (message)
      problems.push({
        path: `${at}.cors[${i}]`,
        message: `${JSON.stringify(origin)} ${message}`,
        hint: '"*" and "null" are never allowed',
      });
  }
  problems.push(...route.allow.flatMap((cidr, i) => cidrProblems(cidr, `${at}.allow[${i}]`)));
  return problems;
}

/** nginx compares paths without a trailing slash here, so `/api` and `/api/` are one route. */
function duplicateRoutes(routes: readonly EdgeRoute[]): Problem[] {
  const seen = new Map<string, number>();
  return routes.flatMap((route, i) => {
    const key = `${route.host ?? ''} ${route.path.replace(/\/$/, '')}`;
    const first = seen.get(key);
    if (first !== undefined)
      return [{ path: `edge.routes[${i}]`, message: `has the host and path of edge.routes[${first}]` }];
    seen.set(key, i);
    return [];
  });
}

function limitProblems(perSecond: number, burst: number, at: string): Problem[] {
  const problems: Problem[] = [];
  if (!(perSecond > 0 && perSecond <= 1_000_000))
    problems.push({ path: `${at}.requestsPerSecond`, message: 'must be above 0' });
  if (!Number.isInteger(burst) || burst < 0)
    problems.push({ path: `${at}.burst`, message: 'must be a whole number, 0 or more' });
  return problems;
}

function bodyProblems(size: string, path: string): Problem[] {
  return sizeInBytes(size) === undefined
    ? [{ path, message: 'must be a size such as 512k or 10m, and not 0' }]
    : [];
}

function cidrProblems(cidr: string, path: string): Problem[] {
  const message = cidrProblem(cidr);
  return message ? [{ path, message: `${JSON.stringify(cidr)} ${message}` }] : [];
}

/** nginx has no way to write these characters inside a value. */
function textProblems(values: readonly (readonly [path: string, value: string | undefined])[]): Problem[] {
  return values.flatMap(([path, value]) => {
    if (value === undefined) return [];
    const semicolon = path.endsWith('.policy') ? '' : ';{}';
    const odd = [...value].find((char) => `"\\$${semicolon}`.includes(char) || /\p{Cc}/u.test(char));
    return odd === undefined ? [] : [{ path, message: `must not contain ${JSON.stringify(odd)}` }];
  });
}
