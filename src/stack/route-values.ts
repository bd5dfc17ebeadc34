/** Endings of what editors, dumps and backups leave behind; the edge refuses every path with one. */
export const leftovers = ['bak', 'conf', 'sql', 'env', 'log', 'old', 'orig', 'swp'] as const;

/**
 * What is wrong with a route's path: characters that nginx never sees in one, or an address that the edge refuses before
 * it looks at any route, so that the route would be dead.
 */
export function routePathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must start with "/"';
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  if (segments.some((segment) => !/^[A-Za-z0-9._~@:+-]+$/.test(segment)))
    return 'must consist of letters, digits and . _ ~ @ : + - between single "/"';
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
const ORIGIN =
  /^https?:\/\/(?:(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(?::[1-9]\d{0,4})?$/;

/** What is wrong with an origin, as browsers write one. */
export function originProblem(origin: string): string | undefined {
  if (!ORIGIN.test(origin))
    return 'must be an origin such as https://app.example.com, without a path; *.example.com stands for one level of names';
  const [bare] = /^(?:https:.*(?=:443$)|http:.*(?=:80$))/.exec(origin) ?? [];
  return bare && `must be ${bare}: browsers never name the scheme’s own port`;
}
