/*
 * HTTP headers that the edge sets and removes, as data.
 *
 * Changelog
 * 2026-11-23  First table. Left out as obsolete: X-XSS-Protection, Expect-CT, HPKP, interest-cohort. Left out as too
 *             disruptive for a default: Cross-Origin-Embedder-Policy.
 */

/** Strict default for pages whose app states none; `frame-ancestors` and `form-action` do not fall back to default-src. */
export const contentSecurityPolicy: Readonly<Record<PolicyDirective, readonly string[]>> = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'media-src': ["'self'"],
  'manifest-src': ["'self'"],
  'worker-src': ["'self'"],
  'frame-src': ["'self'"],
  'frame-ancestors': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
};

export type PolicyDirective =
  | 'default-src'
  | 'script-src'
  | 'style-src'
  | 'img-src'
  | 'font-src'
  | 'connect-src'
  | 'media-src'
  | 'manifest-src'
  | 'worker-src'
  | 'frame-src'
  | 'frame-ancestors'
  | 'base-uri'
  | 'form-action';

/**
 * The header's value: the strict default with sources added to some directives. `'none'` among them closes a directive.
 */
export function contentSecurityPolicyText(
  added: Readonly<Partial<Record<PolicyDirective, readonly string[]>>> = {},
): string {
  return Object.entries(contentSecurityPolicy)
    .map(([directive, base]) =>
      [directive, ...joinedSources(base, added[directive as PolicyDirective] ?? [])].join(' '),
    )
    .join('; ');
}

function joinedSources(base: readonly string[], added: readonly string[]): readonly string[] {
  if (added.includes("'none'")) return ["'none'"];
  if (added.length === 0) return base;
  return [...new Set([...base.filter((source) => source !== "'none'"), ...added])];
}

export interface DefaultHeader {
  name: string;
  value: string;
  why: string;
}

/** Sent only where the app's response has no such header: the app knows its pages better. */
export const yieldingHeaders: readonly DefaultHeader[] = [
  {
    name: 'X-Frame-Options',
    value: 'DENY',
    why: 'no framing (clickjacking), for browsers that ignore frame-ancestors',
  },
  {
    name: 'Referrer-Policy',
    value: 'strict-origin-when-cross-origin',
    why: 'paths and queries stay on the site',
  },
  {
    name: 'Permissions-Policy',
    value: 'camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()',
    why: 'no device access for injected scripts or frames',
  },
  {
    name: 'Cross-Origin-Opener-Policy',
    value: 'same-origin',
    why: 'no window handle for pages of other origins',
  },
  {
    name: 'Cross-Origin-Resource-Policy',
    value: 'same-origin',
    why: 'no embedding by other origins (side channels)',
  },
];

/** Response headers of apps that are dropped: they tell versions, or the edge alone decides them. */
export const hiddenResponseHeaders: readonly string[] = [
  'Strict-Transport-Security',
  'X-Content-Type-Options',
  'X-Request-ID',
  'X-Powered-By',
  'X-AspNet-Version',
  'X-AspNetMvc-Version',
  'X-Generator',
  'X-Runtime',
  // A page of another origin reads what it asked for with the visitor's cookies only where a route lists it: whether an
  // app reflects any origin or has a list of its own cannot be seen from an answer.
  'Access-Control-Allow-Credentials',
];

/** Response headers of apps that are dropped on routes whose cross-origin rules the edge applies. */
export const hiddenCorsHeaders: readonly string[] = [
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Credentials',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Expose-Headers',
  'Access-Control-Max-Age',
];

export interface StrippedHeaders {
  why: string;
  names: readonly string[];
}

/** Request headers that no client outside may send on to an app. */
export const strippedRequestHeaders: readonly StrippedHeaders[] = [
  {
    why: 'shared secrets and identities that only services inside the stack may assert',
    names: [
      'X-Internal-Secret',
      'X-Internal-Token',
      'X-Internal-Auth',
      'X-Internal-Request',
      'X-Internal-User',
      'X-Gateway-Secret',
      'X-Service-Token',
    ],
  },
  {
    why: 'identities that an authenticating proxy would assert; this one asserts none',
    names: [
      'Remote-User',
      'X-Remote-User',
      'X-User-Id',
      'X-Authenticated-User',
      'X-Forwarded-User',
      'X-Forwarded-Email',
      'X-Forwarded-Groups',
      'X-Forwarded-Preferred-Username',
      'X-Forwarded-Access-Token',
      'X-Auth-Request-User',
      'X-Auth-Request-Email',
      'X-Auth-Request-Groups',
      'X-Auth-Request-Preferred-Username',
      'X-Auth-Request-Access-Token',
      'X-WEBAUTH-USER',
      'X-WEBAUTH-NAME',
      'X-WEBAUTH-EMAIL',
      'X-WEBAUTH-ROLE',
      'X-WEBAUTH-GROUPS',
      'Remote-Name',
      'Remote-Email',
      'Remote-Groups',
      'X-Remote-Group',
      'X-Remote-Email',
      'X-Authentik-Username',
      'X-Authentik-Groups',
      'X-Authentik-Entitlements',
      'X-Authentik-Email',
      'X-Authentik-Name',
      'X-Authentik-Uid',
      'X-Authentik-Jwt',
      'Cf-Access-Authenticated-User-Email',
      'Cf-Access-Jwt-Assertion',
      'X-Goog-Authenticated-User-Email',
      'X-Goog-Authenticated-User-Id',
      'X-Goog-IAP-JWT-Assertion',
      'X-Amzn-Oidc-Data',
      'X-Amzn-Oidc-Identity',
      'X-Amzn-Oidc-Accesstoken',
      'X-Ms-Client-Principal',
      'X-Ms-Client-Principal-Id',
      'X-Ms-Client-Principal-Name',
      'X-Ms-Client-Principal-Idp',
      'Tailscale-User-Login',
      'Tailscale-User-Name',
      'X-Pomerium-Jwt-Assertion',
    ],
  },
  {
    why: 'client certificates that a proxy would have checked; this one asks clients for none',
    names: [
      'X-Client-Cert',
      'X-Client-Verify',
      'X-Client-DN',
      'X-Forwarded-Client-Cert',
      'X-Forwarded-Tls-Client-Cert',
      'X-Forwarded-Tls-Client-Cert-Info',
      'X-ARR-ClientCert',
      'Client-Cert',
      'Client-Cert-Chain',
      ...['X-SSL-Client-', 'SSL-Client-', 'X-SSL-'].flatMap((start) =>
        ['Cert', 'Verify', 'S-DN', 'DN', 'Subject', 'Issuer', 'Serial'].map((end) => `${start}${end}`),
      ),
    ],
  },
  {
    why: "other spellings of the client's address and scheme, which a library may prefer to ours",
    names: [
      'Forwarded',
      'True-Client-IP',
      'CF-Connecting-IP',
      'Fastly-Client-IP',
      'X-Client-IP',
      'X-Cluster-Client-IP',
      'Client-IP',
      'Proxy-Client-IP',
      'WL-Proxy-Client-IP',
      'HTTP-Client-IP',
      'X-ProxyUser-IP',
      'X-Azure-ClientIP',
      'CF-Connecting-IPv6',
      'Fly-Client-IP',
      'X-Originating-IP',
      'X-Remote-Addr',
      'X-Remote-IP',
      'X-Envoy-External-Address',
      'X-Forwarded',
      'X-Forwarded-For-Original',
      'X-Original-Forwarded-For',
      'X-Forwarded-Protocol',
      'X-Forwarded-By',
      'X-Forwarded-Prefix',
      'X-Forwarded-Scheme',
      'X-Forwarded-Server',
      'X-Forwarded-Ssl',
      'X-Url-Scheme',
      'X-Scheme',
      'Front-End-Https',
      'X-HTTPS',
      'X-Host',
    ],
  },
  {
    why: 'a second path or a skipped middleware would get round the allow-lists',
    names: [
      'X-Original-URL',
      'X-Original-URI',
      'X-Original-Method',
      'X-Forwarded-URI',
      'X-Forwarded-URL',
      'X-Forwarded-Path',
      'X-Forwarded-Method',
      'X-Rewrite-URL',
      'X-Original-Host',
      'X-Middleware-Subrequest',
    ],
  },
  { why: 'HTTP_PROXY in CGI environments (httpoxy, CVE-2016-5385)', names: ['Proxy'] },
];
