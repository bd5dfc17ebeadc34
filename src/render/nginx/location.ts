import corsTemplate from '../../../templates/nginx/cors.hbs';
import locationTemplate from '../../../templates/nginx/location.hbs';
import { grpcErrors } from '../../policy/grpc.ts';
import { hiddenCorsHeaders } from '../../policy/headers.ts';
import type { Edge } from '../../stack/model.ts';
import { nginxRegex } from '../quote/nginx.ts';
import { render } from '../template.ts';
import { canonicalCidr } from './cidr.ts';
import type { NamedRoute } from './routes.ts';
import { indent, limitRequest, sizeInBytes } from './values.ts';

/** Bodies above this are not collected in /tmp, which is memory, but handed to the app as they come. */
const largestBufferedBody = 16 * 1024 ** 2;

/** The `location` block of one route. */
export function locationText(route: NamedRoute, edge: Edge): string {
  const scheme = `${route.protocol === 'grpc' ? 'grpc' : 'http'}${route.upstreamTls ? 's' : ''}`;
  const { certificate, key } = route.upstreamTls ?? {};
  return render(locationTemplate, {
    title: `${route.path} → ${route.app}:${route.port} (${route.protocol})`,
    match: locationMatch(route),
    allow: route.allow.map(canonicalCidr),
    rateLimit: route.rateLimit && limitRequest(route.zone, route.rateLimit.burst),
    generalLimit: limitRequest('edge', edge.limits.burst),
    maxBody: route.maxBody,
    stream:
      route.protocol !== 'grpc' &&
      route.maxBody !== undefined &&
      sizeInBytes(route.maxBody)! > largestBufferedBody,
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

/**
 * What the location matches. A prefix ends at a segment's end: `/api` does not mean `/apis`. A restricted one also meets
 * other cases and anything that some framework takes for the same path (`/admin;x`, `/admin%20`), so that its allow-list
 * cannot be got round; those spellings would otherwise fall through to a more open route.
 */
function locationMatch({ prefix, allow }: NamedRoute): string {
  if (prefix === '') return '/';
  return allow.length > 0 ? `~* "^${nginxRegex(prefix)}(?![a-z0-9_-])"` : `~ "^${nginxRegex(prefix)}(?:/|$)"`;
}

function corsText({ corsVariable, directive }: NamedRoute): string {
  return render(corsTemplate, { variable: corsVariable, directive, hidden: hiddenCorsHeaders });
}
