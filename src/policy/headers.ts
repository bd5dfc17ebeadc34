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
