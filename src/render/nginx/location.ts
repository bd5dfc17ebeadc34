import corsTemplate from '../../../templates/nginx/cors.hbs';
import locationTemplate from '../../../templates/nginx/location.hbs';
import { BODY_ROOM_MIB } from '../../catalog/edge.ts';
import { grpcErrors } from '../../policy/grpc.ts';
import { hiddenCorsHeaders } from '../../policy/headers.ts';
import type { Edge } from '../../stack/model.ts';
import { nginxRegex } from '../quote/nginx.ts';
import { render } from '../template.ts';
import { canonicalCidr } from './cidr.ts';
import { guardedMatch, type NamedRoute } from './routes.ts';
import { indent, limitRequest, secondsBetween, sizeInBytes } from './values.ts';

/** Wrong logins that a client may make in a row; a page's first requests come without one too. */
const loginBurst = 10;

/** Where larger bodies are allowed they are handed to the app as they come: /tmp, which is memory, holds few of them. */
const largestCollectedBody = 1024 ** 2;

/** The `location` block of one route. */
export function locationText(route: NamedRoute, edge: Edge): string {
  const scheme = `${route.protocol === 'grpc' ? 'grpc' : 'http'}${route.upstreamTls ? 's' : ''}`;
  const { certificate, key } = route.upstreamTls ?? {};
  return render(locationTemplate, {
    title: `${route.path} → ${route.app}:${route.port} (${route.protocol})`,
    match: locationMatch(route),
    allow: route.allow.map(canonicalCidr),
    login: route.login,
    loginLimit: limitRequest('edge_login', loginBurst),
    ownLimits: route.rateLimit !== undefined || route.login !== undefined,
    timeout: timeouts(route),
    rateLimit: route.rateLimit && limitRequest(route.zone, route.rateLimit.burst),
    generalLimit: limitRequest('edge', edge.limits.burst),
    retry: retryAfter(route, edge.limits.requestsPerSecond),
    maxBody: route.maxBody,
    stream: isStreamed(route, edge),
    cors: route.cors.length > 0 && indent(corsText(route), 4),
    grpc: route.protocol === 'grpc',
    ws: route.protocol === 'ws',
    grpcErrors,
    tls: route.upstreamTls,
    certificate: certificate !== undefined && key !== undefined && { certificate, key },
    directive: route.directive,
    target: `${scheme}://${route.upstream}`,
  });
}

/** Seconds, or what tells whether it is the login that was refused, at five a minute. */
function retryAfter({ rateLimit, login }: NamedRoute, general: number): string {
  if (!rateLimit) return login === undefined ? String(secondsBetween(general)) : '$edge_login_retry';
  return String(
    Math.max(
      secondsBetween(general),
      secondsBetween(rateLimit.requestsPerSecond),
      login === undefined ? 0 : 12,
    ),
  );
}

/**
 * Whether bodies reach the app as they come, and not when they are complete. Collected ones must not fill /tmp, or nobody
 * could send any more: not even if one client holds all its connections a byte before the end. gRPC streams by itself.
 */
function isStreamed({ maxBody, protocol }: NamedRoute, { limits }: Edge): boolean {
  const largest = sizeInBytes(maxBody ?? limits.maxBody)!;
  return (
    protocol !== 'grpc' &&
    (largest > largestCollectedBody || largest * limits.connections > BODY_ROOM_MIB * 1024 ** 2)
  );
}

/** Where silence is normal, an hour; elsewhere nothing, which leaves the general 30 seconds. */
function timeouts({ timeoutSeconds, protocol }: NamedRoute): string | false {
  if (timeoutSeconds !== undefined) return `${timeoutSeconds}s`;
  return protocol !== 'http' && '1h';
}

/**
 * What the location matches. A prefix ends at a segment's end: `/api` does not mean `/apis`. A restricted one also meets
 * other cases and anything that some framework takes for the same path (`/admin;x`, `/admin%20`), so that its allow-list
 * or login cannot be got round; those spellings would otherwise fall through to a more open route.
 */
function locationMatch({ prefix, allow, login }: NamedRoute): string {
  if (prefix === '') return '/';
  return allow.length > 0 || login !== undefined ? guardedMatch(prefix) : `~ "^${nginxRegex(prefix)}(?:/|$)"`;
}

function corsText({ corsVariable, directive }: NamedRoute): string {
  return render(corsTemplate, { variable: corsVariable, directive, hidden: hiddenCorsHeaders });
}
