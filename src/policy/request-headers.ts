/*
 * Request headers that the edge removes, as data. nginx knows them by name alone, not by pattern.
 */

export interface StrippedHeaders {
  why: string;
  names: readonly string[];
  /** From requests over HTTP alone. */
  http?: readonly string[];
}

/**
 * What is removed by this directive's module. The table of nginx's gRPC module has a size that nothing can change, 512
 * buckets of 64 bytes (ngx_http_grpc_init_headers); above it every start warns.
 */
export function strippedFor(directive: 'proxy' | 'grpc'): StrippedHeaders[] {
  return strippedRequestHeaders.map(({ why, names, http = [] }) => ({
    why,
    names: directive === 'proxy' ? [...names, ...http] : names,
  }));
}

/** Request headers that no client outside may send on to an app. */
const strippedRequestHeaders: readonly StrippedHeaders[] = [
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
      'X-WEBAUTH-USER',
    ],
    http: [
      'X-Auth-Request-Preferred-Username',
      'X-Auth-Request-Access-Token',
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
      'X-Forwarded-Client-Cert',
      'X-SSL-Client-Cert',
      'X-SSL-Client-Verify',
      'SSL-Client-Cert',
    ],
    http: [
      'X-Client-Verify',
      'X-Client-DN',
      'X-Forwarded-Tls-Client-Cert',
      'X-Forwarded-Tls-Client-Cert-Info',
      'X-ARR-ClientCert',
      'Client-Cert',
      'Client-Cert-Chain',
      'SSL-Client-Verify',
      'X-SSL-Cert',
      'X-SSL-Verify',
      ...['X-SSL-Client-', 'SSL-Client-', 'X-SSL-'].flatMap((start) =>
        ['S-DN', 'DN', 'Subject', 'Issuer', 'Serial'].map((end) => `${start}${end}`),
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
      'X-Originating-IP',
      'X-Remote-Addr',
      'X-Remote-IP',
      'X-Envoy-External-Address',
      'X-Forwarded',
      'X-Forwarded-By',
      'X-Forwarded-Prefix',
      'X-Forwarded-Scheme',
      'X-Forwarded-Server',
      'X-Forwarded-Ssl',
      'X-Url-Scheme',
      'Front-End-Https',
      'X-HTTPS',
      'X-Host',
    ],
    http: [
      'Client-IP',
      'Proxy-Client-IP',
      'WL-Proxy-Client-IP',
      'HTTP-Client-IP',
      'X-ProxyUser-IP',
      'X-Azure-ClientIP',
      'CF-Connecting-IPv6',
      'Fly-Client-IP',
      'X-Forwarded-For-Original',
      'X-Original-Forwarded-For',
      'X-Forwarded-Protocol',
      'X-Scheme',
    ],
  },
  {
    why: 'a second path or a skipped middleware would get round the allow-lists',
    names: [
      'X-Original-URL',
      'X-Original-URI',
      'X-Rewrite-URL',
      'X-Original-Host',
      'X-Middleware-Subrequest',
    ],
    http: [
      'X-Original-Method',
      'X-Forwarded-URI',
      'X-Forwarded-URL',
      'X-Forwarded-Path',
      'X-Forwarded-Method',
    ],
  },
  { why: 'HTTP_PROXY in CGI environments (httpoxy, CVE-2016-5385)', names: ['Proxy'] },
];
