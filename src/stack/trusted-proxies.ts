import { isIPv4 } from 'node:net';
import type { AnswerProblem } from './answer-problem.ts';
import type { StackSpec } from './schema.ts';

/** Ranges that nobody outside can send from: a whole one may be believed. */
const PRIVATE = [
  [/^10\./, 8],
  [/^127\./, 8],
  [/^192\.168\./, 16],
  [/^172\.(?:1[6-9]|2\d|3[01])\./, 12],
  [/^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./, 10],
  [/^f[cd]/i, 7],
  [/^fe[89ab]/i, 10],
] as const;

/** Shortest prefixes: of any sane range; of the ranges that content networks publish (Akamai’s are the widest). */
const SHORTEST = { 4: { any: 8, usual: 11 }, 6: { any: 16, usual: 20 } } as const;

/**
 * How far a range of front proxies can be believed. Whoever calls from it names the client’s address himself, so it decides
 * over every allow-list and limit.
 * @param cidr valid according to `cidrProblem`
 */
export function proxyRange(cidr: string): 'absurd' | 'wide' | 'fine' {
  const [address = '', bits] = cidr.split('/');
  const prefix = Number(bits ?? 128);
  if (PRIVATE.some(([start, shortest]) => start.test(address) && prefix >= shortest)) return 'fine';
  const { any, usual } = SHORTEST[isIPv4(address) ? 4 : 6];
  if (prefix < any) return 'absurd';
  return prefix < usual ? 'wide' : 'fine';
}

export function proxyProblems({ edge }: StackSpec): AnswerProblem[] {
  return edge.trustedProxies.flatMap((cidr, index) =>
    proxyRange(cidr) === 'absurd'
      ? [
          {
            path: ['edge', 'trustedProxies', index],
            message:
              'is so wide that clients could name any address as theirs, past every allow-list and limit',
            hint: 'list the ranges that the front proxy publishes',
          },
        ]
      : [],
  );
}
