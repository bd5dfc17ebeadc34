import * as v from 'valibot';
import { cidrProblem, parseDomain } from './domains.ts';
import {
  ORIGIN,
  ORIGIN_RULE,
  originProblem,
  ROUTE_PATH,
  ROUTE_PATH_RULE,
  routePathProblem,
} from './route-values.ts';

/** A check by a function that says what is wrong; silent where another check of the value has spoken. */
const judged = (problemOf: (value: string) => string | undefined) =>
  v.rawCheck<string>(({ dataset, addIssue }) => {
    const message = dataset.typed && !dataset.issues ? problemOf(dataset.value) : undefined;
    if (message) addIssue({ message });
  });

/** Kinds of values that several answers have. */

export const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
export const cidr = v.pipe(v.string(), judged(cidrProblem));
/** Who may come in; the word spares the second of both families' ranges, which is easily forgotten. */
export const ANYWHERE = 'anywhere';
export const source = v.pipe(
  v.string(),
  judged((value) => (value === ANYWHERE ? undefined : cidrProblem(value))),
);
export const text = v.pipe(
  v.string(),
  v.check((value) => !/\p{Cc}/u.test(value), 'must not contain line breaks or control characters'),
);
export const variableName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable name: letters, digits and "_"'),
);
/** What shells, the dynamic loader and language runtimes obey: a secret under such a name breaks or steers the program. */
const OBEYED =
  /^(PATH|HOME|SHELL|USER|PWD|IFS|ENV|BASH_ENV|PS4|PROMPT_COMMAND|TMPDIR|HOSTNAME|LD_.*|GCONV_PATH|NODE_(OPTIONS|PATH)|PYTHON(PATH|HOME|STARTUP)|PERL5?(OPT|LIB)|RUBY(OPT|LIB)|_?JAVA_(TOOL_)?OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH)$/;
export const notObeyed = v.check<string, string>(
  (name) => !OBEYED.test(name),
  'is a name that shells or runtimes obey, which no secret can have',
);
export const secretName = v.pipe(variableName, notObeyed);
export const size = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,5}[kmg]$/, 'must be a size such as 512k, 10m or 1g'),
);
export const absolutePath = v.pipe(
  v.string(),
  v.regex(/^\/[A-Za-z0-9._/-]+$/, 'must be an absolute path of letters, digits, ".", "_", "-" and "/"'),
  v.check((path) => !path.split('/').includes('..'), 'must not contain ".."'),
);
export const relativePath = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9._@/-]+$/, 'must be a path of letters, digits, ".", "_", "@", "-" and "/"'),
);
/** A service's name is its DNS name and part of container, network and variable names. */
export const workloadName = v.pipe(
  v.string(),
  v.regex(
    /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
    'must be lower-case letters, digits and "-", start with a letter, at most 30 characters',
  ),
);
export const image = v.pipe(
  v.string(),
  v.regex(
    /^(?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9._/-]+(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/,
    'must be an image name such as ghcr.io/acme/web:1.4.2',
  ),
);

export const domain = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      parseDomain(dataset.value);
    } catch (error) {
      addIssue({ message: (error as Error).message });
    }
  }),
);

// The pattern once more, for the JSON Schema.
export const origin = v.pipe(v.string(), v.regex(ORIGIN, ORIGIN_RULE), judged(originProblem));
export const routePath = v.pipe(v.string(), v.regex(ROUTE_PATH, ROUTE_PATH_RULE), judged(routePathProblem));

export const rate = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000));
