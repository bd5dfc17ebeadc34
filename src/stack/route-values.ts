/** Endings of what editors, dumps and backups leave behind; the edge refuses every path with one. */
export const leftovers = ['bak', 'conf', 'sql', 'env', 'log', 'old', 'orig', 'swp'] as const;

/** What nginx sees of a path as it was sent: no `%`, no `//`. */
export const ROUTE_PATH = /^\/(?:[A-Za-z0-9._~@:+-]+\/)*[A-Za-z0-9._~@:+-]*$/;
export const ROUTE_PATH_RULE =
  'must start with "/" and consist of letters, digits and . _ ~ @ : + - between single "/"';

/**
 * What is wrong with a route's path: characters that nginx never sees in one, or an address that the edge refuses before
 * it looks at any route, so that the route would be dead.
 */
export function routePathProblem(path: string): string | undefined {
  if (!ROUTE_PATH.test(path)) return ROUTE_PATH_RULE;
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  const hidden = segments.find((segment) => segment.startsWith('.') && segment !== '.well-known');
  if (hidden !== undefined)
    return `must not have a part that starts with a dot (${hidden}); such paths are always refused`;
  const [leftover] =
    new RegExp(`(?:\\.(?:${leftovers.join('|')})|~)$`, 'i').exec(segments.at(-1) ?? '') ?? [];
  return (
    leftover &&
    `must not end with "${leftover}"; such paths are always refused, as what editors and backups leave`
  );
}

/** Scheme, host (a leading `*.` for one level), port; lower case, as browsers send it. */
export const ORIGIN =
  /^https?:\/\/(?:(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::[1-9]\d{0,4})?$/;
export const ORIGIN_RULE =
  'must be an origin such as https://app.example.com, without a path; *.example.com stands for one level of names';

/** What is wrong with an origin: browsers have one spelling for each, and no other would ever be met. */
export function originProblem(origin: string): string | undefined {
  const sample = origin.replace('://*.', '://any.');
  if (!ORIGIN.test(origin) || !URL.canParse(sample)) return ORIGIN_RULE;
  const sent = new URL(sample).origin;
  return sent === sample
    ? undefined
    : `must be ${sample === origin ? sent : sent.replace('://any.', '://*.')}: so browsers write it`;
}
