import type { AnswerProblem } from './answer-problem.ts';
import { parseDomain } from './domains.ts';
import type { StackSpec } from './schema.ts';

type Tls = StackSpec['tls'];

/** Keys of `tls` that mean something in one mode only. */
const OWN_KEYS = {
  files: ['certificate', 'key'],
  acme: ['email', 'terms', 'staging', 'directory', 'directoryCa', 'dns'],
  'dev-ca': [],
} as const satisfies Record<Tls['mode'], readonly (keyof Tls)[]>;

/** What is wrong with the answers about certificates. */
export function tlsProblems(spec: StackSpec): AnswerProblem[] {
  const { tls } = spec;
  const strange = (['files', 'acme'] as const)
    .filter((mode) => mode !== tls.mode)
    .flatMap((mode) =>
      OWN_KEYS[mode]
        // An e-mail address or a consent that waits for another mode does no harm; no staging is the default.
        .filter((key) => (tls[key] ?? false) !== false && key !== 'email' && key !== 'terms')
        .map((key) => ({
          path: ['tls', key],
          message: `belongs to mode "${mode}", not "${tls.mode}"`,
          atKey: true,
          or: ['tls', 'mode'],
        })),
    );
  return [...strange, ...(tls.mode === 'files' ? fileProblems(tls) : [])].concat(
    tls.mode === 'acme' ? acmeProblems(spec) : [],
  );
}

function fileProblems(tls: Tls): AnswerProblem[] {
  return OWN_KEYS.files
    .filter((key) => tls[key] === undefined)
    .map((key) => ({ path: ['tls', key], message: 'is missing; mode "files" needs the path of a PEM file' }));
}

function acmeProblems(spec: StackSpec): AnswerProblem[] {
  const { tls } = spec;
  const problems = domainProblems(spec);
  if (tls.terms !== 'accepted')
    problems.push({
      path: ['tls', 'terms'],
      message: `${tls.terms === undefined ? 'is missing' : 'are declined'}; the authority issues to nobody who has not accepted its terms of service`,
      hint: 'read them, then set "accepted"; for Let’s Encrypt: https://letsencrypt.org/repository/',
      or: ['tls', 'mode'],
    });
  if (tls.staging && tls.directory !== undefined)
    problems.push({
      path: ['tls', 'staging'],
      message: 'is about Let’s Encrypt; with a directory of your own, name its staging directory there',
    });
  if (tls.directoryCa !== undefined && tls.directory === undefined)
    problems.push({
      path: ['tls', 'directoryCa'],
      message: 'is for a directory of your own; Let’s Encrypt’s is verified with the public CAs',
    });
  for (const [index, name] of (tls.dns?.secrets ?? []).entries())
    if (tls.dns!.environment[name] !== undefined || tls.dns!.secrets.indexOf(name) !== index)
      problems.push({ path: ['tls', 'dns', 'secrets', index], message: 'is given twice' });
  return problems;
}

function domainProblems({ tls, domains }: StackSpec): AnswerProblem[] {
  return domains.flatMap((raw, index): AnswerProblem[] => {
    const domain = parseDomain(raw);
    const path = ['domains', index];
    if (domain.kind === 'wildcard' && tls.dns === undefined)
      return [
        {
          path,
          message: 'a wildcard cannot be had by ACME over HTTP',
          hint: 'list the hosts, set tls.dns, or use tls.mode "files"',
          or: ['tls', 'mode'],
        },
      ];
    // An authority of one's own may issue for any name.
    if (!domain.public && (tls.directory === undefined || domain.kind === 'ip'))
      return [
        {
          path,
          message: 'no public authority issues certificates for this name',
          hint: 'use tls.mode "dev-ca"',
          or: ['tls', 'mode'],
        },
      ];
    return [];
  });
}
