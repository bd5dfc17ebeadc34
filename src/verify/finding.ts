import type { Problem, UserError } from '../errors.ts';

/** `error` and `warning` fail a check; a `note` only tells. */
export type Severity = 'error' | 'warning' | 'note';

/** One thing a check has found. Safe to print: it never holds a secret value. */
export interface Finding {
  /** Stable, `<area>.<what>`, e.g. `compose.privileged`. */
  rule: string;
  severity: Severity;
  /** Relative to the stack's folder, or absolute when it lies outside. */
  file: string;
  /** 1-based; absent when the file as a whole is meant. */
  line?: number;
  /** What is wrong, lower case, no full stop. */
  message: string;
  /** What to do about it. */
  hint?: string;
}

export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** The same findings in the order they are shown in: the worst first, then by place. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      compare(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      compare(a.rule, b.rule) ||
      compare(a.message, b.message),
  );
}

/** By code unit: the order must not depend on the machine's language. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A refusal of another part of the program as findings of a check, which goes on where that part stops. */
export function findingsOf(
  error: UserError,
  { rule, severity = 'error', file }: { rule: string; severity?: Severity; file: string },
): Finding[] {
  return error.problems.map((problem: Problem) => ({
    rule,
    severity,
    file: problem.file ?? file,
    ...(problem.line === undefined ? {} : { line: problem.line }),
    message: [problem.path, problem.message].filter(Boolean).join(': '),
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
  }));
}
