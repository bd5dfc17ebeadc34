import { contentSecurityPolicyText, type PolicyDirective } from '../policy/headers.ts';
import { parseDomain } from './domains.ts';
import { loginFile } from './edge-login.ts';
import type { ContentSecurityPolicySpec } from './edge-schema.ts';
import type { Edge, EdgeRoute, Environment, Framing } from './model.ts';
import type { AppSpec, StackSpec } from './schema.ts';

/** HSTS by environment: none in development (a pinned localhost hurts every other project), short while staging. */
const HSTS_SECONDS: Record<Environment, number> = { development: 0, staging: 300, production: 63_072_000 };

export type Apps = readonly (readonly [string, AppSpec])[];

/** The edge's part of the model. @param apps the apps as they run, the sample's own port included */
export function buildEdge(spec: StackSpec, apps: Apps): Edge {
  const bind = spec.edge.bind ?? (spec.environment === 'development' ? '127.0.0.1' : undefined);
  return {
    tls: {
      mode: spec.tls.mode,
      policy: spec.tls.policy,
    },
    publicPorts: spec.edge.ports,
    ...(bind ? { bind } : {}),
    hsts: {
      maxAgeSeconds: spec.edge.hsts.maxAge ?? HSTS_SECONDS[spec.environment],
      includeSubdomains: spec.edge.hsts.includeSubdomains,
      preload: spec.edge.hsts.preload,
    },
    routes: apps.flatMap(([name, app]) => routesOf(name, app)),
    limits: spec.edge.limits,
    workers: spec.edge.workers,
    trustedProxies: spec.edge.trustedProxies,
    contentSecurityPolicy: pagePolicy(spec.edge.contentSecurityPolicy),
    http3: spec.edge.http3,
    logIpv6: spec.edge.log.ipv6,
  };
}

function routesOf(name: string, app: AppSpec): EdgeRoute[] {
  return app.routes.map((route) => ({
    ...(route.host === undefined ? {} : { host: parseDomain(route.host).ascii }),
    path: route.path,
    app: name,
    port: app.port,
    protocol: app.protocol,
    ...(route.rateLimit ? { rateLimit: route.rateLimit } : {}),
    ...(route.maxBody ? { maxBody: route.maxBody } : {}),
    cors: route.cors,
    allow: route.allow,
    ...(route.auth === 'basic' ? { login: loginFile(name) } : {}),
    ...(route.timeout === undefined ? {} : { timeoutSeconds: route.timeout }),
    ...(app.upstreamTls ? { upstreamTls: upstreamTls(name, app.upstreamTls) } : {}),
  }));
}

/** Where the edge's container sees the folder with an app's authority. */
export function upstreamTlsFolder(app: string): string {
  return `/etc/secure-stack/upstream/${app}`;
}

function upstreamTls(app: string, { name, clientCertificate }: NonNullable<AppSpec['upstreamTls']>) {
  const folder = upstreamTlsFolder(app);
  return {
    name: name ?? app,
    ca: `${folder}/ca.pem`,
    ...(clientCertificate ? { certificate: `${folder}/client.pem`, key: `${folder}/client-key.pem` } : {}),
  };
}

const DIRECTIVES = {
  script: 'script-src',
  style: 'style-src',
  image: 'img-src',
  font: 'font-src',
  connect: 'connect-src',
  media: 'media-src',
  worker: 'worker-src',
  frame: 'frame-src',
  form: 'form-action',
  embeddedBy: 'frame-ancestors',
} as const satisfies Partial<Record<keyof ContentSecurityPolicySpec, PolicyDirective>>;

function pagePolicy({
  reportOnly,
  ...answers
}: ContentSecurityPolicySpec): NonNullable<Edge['contentSecurityPolicy']> {
  const added = Object.entries(DIRECTIVES).map(([key, directive]) => [
    directive,
    answers[key as keyof typeof answers] ?? [],
  ]);
  return {
    policy: contentSecurityPolicyText(Object.fromEntries(added)),
    reportOnly,
    framing: framing(answers.embeddedBy ?? []),
  };
}

/** X-Frame-Options knows no list of origins: where others may embed, only frame-ancestors can say so. */
function framing(ancestors: readonly string[]): Framing {
  if (ancestors.length === 0 || ancestors.includes("'none'")) return 'DENY';
  return ancestors.every((source) => source === "'self'") ? 'SAMEORIGIN' : 'allowed';
}
