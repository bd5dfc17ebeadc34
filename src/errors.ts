/** Exit codes of the program; part of its public contract. */
export const EXIT = {
  /** Done, or nothing to do. */
  ok: 0,
  /** Something failed that is not the user's input: an I/O error, a bug. */
  failed: 1,
  /** Wrong use: an unknown flag, a wrong or missing answer. */
  usage: 2,
  /** Refused: it would lose the user's edits, the folder is not ours, another run holds the lock. */
  refused: 3,
  /** `check`, `status`, `--dry-run --exit-code`: drift or findings; `rotate`: not everything asked for was rotated. */
  findings: 4,
  /** SIGHUP: the terminal is gone. */
  hungUp: 129,
  /** Ctrl-C. */
  cancelled: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One thing that is wrong with what the user gave, and where. */
export interface Problem {
  /** What is wrong, lower case, no full stop; never contains a secret value. */
  message: string;
  /** Dotted path in stack.yaml, e.g. `apps.web.port`. */
  path?: string;
  /** Flag that gave the answer, with what tells it from others of its name: `--domain`, `--set edge.workers`. */
  flag?: string;
  /** File the problem is in, as the user named it. */
  file?: string;
  /** 1-based. */
  line?: number;
  column?: number;
  /** What to do about it. */
  hint?: string;
}

/** A mistake of the user's or a refusal: reported in one line each, without a stack trace. */
export class UserError extends Error {
  readonly problems: readonly Problem[];
  readonly exit: ExitCode;

  constructor(problems: Problem | readonly Problem[] | string, exit: ExitCode = EXIT.usage) {
    const list =
      typeof problems === 'string'
        ? [{ message: problems }]
        : Array.isArray(problems)
          ? problems
          : [problems as Problem];
    super(list.map(formatProblem).join('\n'));
    this.name = 'UserError';
    this.problems = list;
    this.exit = exit;
  }
}

/** `stack.yaml:12:5: apps.web.port: must be … (did you mean …)` */
export function formatProblem(problem: Problem): string {
  const { flag, path } = problem;
  // `--domain` and `--set edge.workers` tell the place by themselves.
  const toldByFlag = flag !== undefined && (!flag.includes(' ') || flag.endsWith(` ${path}`));
  const where = [flag ?? problem.file, problem.line, problem.line && problem.column]
    .filter((part) => part !== undefined)
    .join(':');
  const parts = [where, toldByFlag ? undefined : path, problem.message].filter(Boolean).join(': ');
  return problem.hint ? `${parts} (${problem.hint})` : parts;
}
