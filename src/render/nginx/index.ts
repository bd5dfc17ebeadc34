import compressionTemplate from '../../../templates/nginx/compression.conf.hbs';
import corsTemplate from '../../../templates/nginx/cors.conf.hbs';
import defaultTemplate from '../../../templates/nginx/default.conf.hbs';
import errorsTemplate from '../../../templates/nginx/errors.conf.hbs';
import grpcErrorsTemplate from '../../../templates/nginx/grpc-errors.conf.hbs';
import guardTemplate from '../../../templates/nginx/guard.conf.hbs';
import headersTemplate from '../../../templates/nginx/headers.conf.hbs';
import httpCommonTemplate from '../../../templates/nginx/http-common.conf.hbs';
import limitsTemplate from '../../../templates/nginx/limits.conf.hbs';
import loggingTemplate from '../../../templates/nginx/logging.conf.hbs';
import mainTemplate from '../../../templates/nginx/nginx.conf.hbs';
import proxyTemplate from '../../../templates/nginx/proxy.conf.hbs';
import proxyHeadersTemplate from '../../../templates/nginx/proxy-headers.conf.hbs';
import requestIdTemplate from '../../../templates/nginx/request-id.conf.hbs';
import serveTemplate from '../../../templates/nginx/serve.sh.hbs';
import siteTemplate from '../../../templates/nginx/site.conf.hbs';
import tlsTemplate from '../../../templates/nginx/tls.conf.hbs';
import upstreamsTemplate from '../../../templates/nginx/upstreams.conf.hbs';
import verifyTemplate from '../../../templates/nginx/verify.sh.hbs';
import verifyInsideTemplate from '../../../templates/nginx/verify-inside.sh.hbs';
import { CHALLENGE_TARGET } from '../../catalog/acme.ts';
import type { GeneratedFile } from '../../fileset.ts';
import { UPSTREAM_LOOKUP_SECONDS } from '../../policy/edge/lookup.ts';
import { grpcErrors } from '../../policy/grpc.ts';
import { hiddenResponseHeaders } from '../../policy/headers.ts';
import { strippedFor } from '../../policy/request-headers.ts';
import {
  type EdgeCapability,
  edgeImage,
  keyExchangeGroups,
  minimumNginx,
  tlsGuideline,
  tlsPolicies,
} from '../../policy/tls.ts';
import { LOGIN_KEYS_FILE } from '../../stack/edge-login.ts';
import type { TlsMode } from '../../stack/model.ts';
import { leftovers } from '../../stack/route-values.ts';
import { nginxRegex, nginxString } from '../quote/nginx.ts';
import { render, type Template } from '../template.ts';
import { canonicalCidr } from './cidr.ts';
import { locationText } from './location.ts';
import { guardedMatch, internalPaths, type NamedRoute, nameRoutes, routesOf, upstreamsOf } from './routes.ts';
import { corsTables, requestHeaders, responseHeaders } from './tables.ts';
import { type EdgeStack, validateEdge } from './validate.ts';
import { indent, isAddress, limitRequest, portSuffix, rate, secondsBetween, urlHost } from './values.ts';
import { verifyValues } from './verify.ts';

/**
 * The edge's nginx configuration: one file per concern under `nginx/`, which the container mounts read-only as
 * /etc/secure-stack/nginx. It listens on 8080 and 8443, writes only to /tmp and needs
 * no capability.
 * @param capability what the image can do; only what it knows is written
 * @throws {UserError} when the edge's answers cannot be honoured as they are
 */
export function renderNginx(stack: EdgeStack, capability: EdgeCapability = edgeImage): GeneratedFile[] {
  validateEdge(stack);
  const { edge, domains } = stack;
  const routes = nameRoutes(edge.routes);
  const cors = corsTables(routes);
  const verify = verifyValues(stack, capability, routes);
  const addresses = domains.filter(isAddress);
  const file = (path: string, template: Template, context: object): GeneratedFile => ({
    path: `nginx/${path}`,
    content: render(template, context),
    mode: 0o644,
    class: 'generated',
  });
  const appHeaders = (directive: 'proxy' | 'grpc') => ({
    directive,
    proxy: directive === 'proxy',
    set: requestHeaders(edge, directive),
    stripped: strippedFor(directive),
    hidden: hiddenResponseHeaders,
  });
  return [
    file('nginx.conf', mainTemplate, {
      name: stack.name,
      guideline: tlsGuideline,
      policy: edge.tls.policy,
      image: capability,
      minimum: minimumNginx,
      workers: edge.workers,
    }),
    { ...file('serve.sh', serveTemplate, {}), mode: 0o755 },
    { ...file('verify.sh', verifyTemplate, verify), mode: 0o755 },
    { ...file('verify-inside.sh', verifyInsideTemplate, verify), mode: 0o755 },
    file('conf.d/logging.conf', loggingTemplate, { household: edge.logIpv6 === 'last-segment' }),
    file('conf.d/tls.conf', tlsTemplate, tlsValues(stack, capability, addresses)),
    file('conf.d/limits.conf', limitsTemplate, limitValues(stack, routes)),
    file('conf.d/request-id.conf', requestIdTemplate, {}),
    file('conf.d/headers.conf', headersTemplate, responseHeaders(stack, cors.length > 0)),
    file('conf.d/cors.conf', corsTemplate, { routes: cors }),
    file('conf.d/proxy.conf', proxyTemplate, {
      lookup: `${UPSTREAM_LOOKUP_SECONDS}s`,
      trustedProxies: edge.trustedProxies.map(canonicalCidr),
    }),
    file('conf.d/compression.conf', compressionTemplate, {}),
    file('conf.d/upstreams.conf', upstreamsTemplate, { upstreams: upstreamsOf(routes) }),
    file('snippets/errors.conf', errorsTemplate, {
      cors: cors.length > 0,
      retry: secondsBetween(edge.limits.requestsPerSecond),
    }),
    file('snippets/guard.conf', guardTemplate, { leftovers: leftovers.join('|') }),
    file('snippets/http-common.conf', httpCommonTemplate, { webroot: WEBROOTS[edge.tls.mode] }),
    file('snippets/proxy-headers.conf', proxyHeadersTemplate, appHeaders('proxy')),
    ...(routes.some(({ directive }) => directive === 'grpc')
      ? [
          file('snippets/grpc-headers.conf', proxyHeadersTemplate, appHeaders('grpc')),
          file('snippets/grpc-errors.conf', grpcErrorsTemplate, { errors: grpcErrors }),
        ]
      : []),
    file('sites/_default.conf', defaultTemplate, {
      addresses,
      ipv6: edge.ipv6 ?? false,
      http3: edge.http3 ?? false,
    }),
    ...domains.map((domain) =>
      file(`sites/${siteName(domain)}.conf`, siteTemplate, siteValues(domain, stack, routes, addresses)),
    ),
  ];
}

function tlsValues({ edge }: EdgeStack, { openssl }: EdgeCapability, addresses: string[]): object {
  const policy = tlsPolicies[edge.tls.policy];
  const groups = keyExchangeGroups(openssl);
  return {
    guideline: tlsGuideline,
    policy: edge.tls.policy,
    ...policy,
    ciphers: policy.ciphers.join(':'),
    groups: groups.join(':'),
    postQuantum: groups.some((group) => group.includes('MLKEM')),
    openssl,
    addresses: addresses.map((address) => ` ${urlHost(address)}`),
  };
}

/** Where the answers to HTTP-01 lie, in the container; absent: there are none. */
const WEBROOTS: Partial<Record<TlsMode, string>> = {
  acme: CHALLENGE_TARGET,
  // For an ACME client of the user's own.
  files: '/etc/secure-stack/nginx/webroot',
};

function limitValues({ edge: { limits } }: EdgeStack, routes: readonly NamedRoute[]): object {
  return {
    rate: rate(limits.requestsPerSecond),
    zones: routes.flatMap(({ zone, rateLimit }) =>
      rateLimit ? [{ name: zone, rate: rate(rateLimit.requestsPerSecond) }] : [],
    ),
    general: limitRequest('edge', limits.burst),
    logins: routes.some(({ login }) => login !== undefined) && LOGIN_KEYS_FILE,
    retry: secondsBetween(limits.requestsPerSecond),
    connections: limits.connections,
    maxBody: limits.maxBody,
  };
}

function siteValues(
  domain: string,
  { edge }: EdgeStack,
  routes: readonly NamedRoute[],
  addresses: readonly string[],
): object {
  const own = routesOf(domain, routes);
  const locations = own.map((route) => locationText(route, edge));
  if (!own.some(({ prefix }) => prefix === ''))
    locations.push('# No route for anything else.\nlocation / {\n    try_files /- =404;\n}\n');
  const wildcard = domain.startsWith('*.');
  return {
    title: wildcard ? `Every name one level below ${domain.slice(2)}.` : `${domain}.`,
    serverName: wildcard
      ? // nginx’s own `*.` stands for any number of levels, a certificate’s for one; and a redirect holds what is matched.
        `"~^[a-z0-9_-]+${nginxRegex(domain.slice(1))}$"`
      : nginxString(urlHost(domain)),
    redirectHost: `${wildcard ? '$host' : urlHost(domain)}${portSuffix(edge.publicPorts.https, 443)}`,
    defaultServer: domain === addresses[0],
    ipv6: edge.ipv6 ?? false,
    http3: edge.http3 ?? false,
    grpc: own.some(({ directive }) => directive === 'grpc'),
    locations: indent(locations.join('\n'), 4),
    internal: internalPaths.map(guardedMatch),
  };
}

/** `_` stands in no domain, so no other site can get the same name. */
function siteName(domain: string): string {
  return domain.replace(/^\*/, '_').replaceAll(':', '-');
}
