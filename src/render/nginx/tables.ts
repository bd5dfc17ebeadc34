import { contentSecurityPolicyText, yieldingHeaders } from '../../policy/headers.ts';
import type { Edge, Framing } from '../../stack/model.ts';
import { nginxQuoted, nginxRegex, nginxString } from '../quote/nginx.ts';
import { canonicalCidr } from './cidr.ts';
import type { NamedRoute } from './routes.ts';
import type { EdgeStack } from './validate.ts';
import { portSuffix } from './values.ts';

/** Values for headers.conf; `cors`: some route has cross-origin readers. */
export function responseHeaders(stack: EdgeStack, cors: boolean): object {
  const { edge } = stack;
  const {
    policy = contentSecurityPolicyText(),
    reportOnly = false,
    framing = 'DENY',
  } = edge.contentSecurityPolicy ?? {};
  const hsts = sentTransportSecurity(stack);
  return {
    hsts: hsts !== undefined && nginxQuoted(hsts),
    csp: {
      header: `Content-Security-Policy${reportOnly ? '-Report-Only' : ''}`,
      value: nginxQuoted(policy),
      unframed: nginxQuoted(policy.replace(/(?:^|; *)frame-ancestors [^;]*/, '')),
    },
    cors,
    altSvc: edge.http3 && `'h3=":${edge.publicPorts.https}"; ma=86400'`,
    yielding: yieldingHeaders.flatMap(({ name, value, why }) =>
      headerValue(name, value, framing).map((value) => ({
        name,
        why: `Yields to the app: ${why}`,
        value: nginxQuoted(value),
        variable: name.toLowerCase().replaceAll('-', '_'),
      })),
    ),
  };
}

/** Framing is answered together with the page policy; everything else is the table's. */
function headerValue(name: string, value: string, framing: Framing): string[] {
  if (name !== 'X-Frame-Options') return [value];
  return framing === 'allowed' ? [] : [framing];
}

/** The value of Strict-Transport-Security; none in development. */
export function sentTransportSecurity({ environment, edge }: EdgeStack): string | undefined {
  // A browser that has pinned a name to HTTPS refuses every other project a developer runs under it.
  return environment === 'development' ? undefined : strictTransportSecurity(edge.hsts);
}

function strictTransportSecurity({ maxAgeSeconds, includeSubdomains, preload }: Edge['hsts']): string {
  return [`max-age=${maxAgeSeconds}`, includeSubdomains && 'includeSubDomains', preload && 'preload']
    .filter(Boolean)
    .join('; ');
}

/** Headers that tell an app who called; quoted nginx expressions. gRPC sends the upstream's name as `:authority`. */
export function requestHeaders(edge: Edge, directive: 'proxy' | 'grpc'): { name: string; value: string }[] {
  const { https } = edge.publicPorts;
  const host = `"$host${portSuffix(https, 443)}"`;
  return [
    ...(directive === 'proxy' ? [{ name: 'Host', value: host }] : []),
    { name: 'X-Real-IP', value: '$remote_addr' },
    { name: 'X-Forwarded-For', value: '$remote_addr' },
    { name: 'X-Forwarded-Proto', value: '$scheme' },
    { name: 'X-Forwarded-Host', value: host },
    { name: 'X-Forwarded-Port', value: String(https) },
    { name: 'X-Request-ID', value: '$edge_request_id' },
  ];
}

/** Values for cors.conf: per route the allowed origins as map keys. */
export function corsTables(routes: readonly NamedRoute[]): object[] {
  return routes
    .filter(({ cors }) => cors.length > 0)
    .map((route) => ({
      title: `${route.host ?? 'every name'} ${route.path}`,
      variable: route.corsVariable,
      origins: [...new Set(route.cors)].map(originKey),
      allow: [...new Set(route.allow.map(canonicalCidr))],
    }));
}

/** A wildcard stands for one level of names; anchored at both ends, so that nothing can be put before or behind it. */
function originKey(origin: string): string {
  const [scheme, rest] = origin.split('://*.');
  if (rest === undefined) return nginxString(origin);
  return `"~^${nginxRegex(`${scheme}://`)}[a-z0-9][a-z0-9-]{0,62}${nginxRegex(`.${rest}`)}$"`;
}
