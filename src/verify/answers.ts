import { missingSources } from '../project/sources.ts';
import { isPlainSecret } from '../secrets/plain-secret.ts';
import { locate, type StackDocument } from '../stack/load.ts';
import type { StackSpec } from '../stack/schema.ts';
import { STACK_FILE } from '../stack/stack-file.ts';
import type { Finding } from './finding.ts';

/** What the answers say that is valid and still not good. */
export function answerFindings(
  root: string,
  spec: StackSpec,
  source: StackDocument,
  digests: Readonly<Record<string, string>>,
): Finding[] {
  return [
    ...sourceFindings(root, spec, source),
    ...plainSecretFindings(spec, source),
    ...latestFindings(spec, source, digests),
  ];
}

/** Folders that answers name: Compose would fail at the first start only. */
function sourceFindings(root: string, spec: StackSpec, source: StackDocument): Finding[] {
  return missingSources(root, spec).map(({ path, message, hint }) => {
    const { line } = locate({ path, message }, source);
    return {
      rule: 'stack.missing-source',
      severity: 'error',
      file: STACK_FILE,
      ...(line === undefined ? {} : { line }),
      message: `${path.join('.')}: ${message}`,
      hint,
    } as const;
  });
}

/** stack.yaml is made to be committed, and `docker inspect` shows what an environment holds. */
function plainSecretFindings({ apps, tls }: StackSpec, source: StackDocument): Finding[] {
  const places = [
    ...Object.entries(apps).map(([name, { environment }]) => ({
      path: ['apps', name, 'environment'],
      environment,
      hint: `declare it under apps.${name}.secrets`,
    })),
    {
      path: ['tls', 'dns', 'environment'],
      environment: tls.dns?.environment ?? {},
      hint: 'name it under tls.dns.secrets; its value goes into the env file',
    },
  ];
  return places.flatMap(({ path, environment, hint }) =>
    Object.entries(environment)
      .filter(([variable, value]) => isPlainSecret(variable, String(value)))
      .map(([variable]) => {
        const message = `${[...path, variable].join('.')} looks like a secret in plain text`;
        const { line } = locate({ path: [...path, variable], message }, source);
        return {
          rule: 'stack.plain-secret',
          severity: 'error',
          file: STACK_FILE,
          ...(line === undefined ? {} : { line }),
          message,
          hint,
        } as const;
      }),
  );
}

function latestFindings(
  { apps }: StackSpec,
  source: StackDocument,
  digests: Readonly<Record<string, string>>,
): Finding[] {
  return Object.entries(apps).flatMap(([name, { image }]) => {
    if (image === undefined || !image.endsWith(':latest') || digests[image] !== undefined) return [];
    const message = `apps.${name}.image has the tag "latest", which changes under you`;
    const { line } = locate({ path: ['apps', name, 'image'], message }, source);
    return [
      {
        rule: 'stack.latest',
        severity: 'warning',
        file: STACK_FILE,
        ...(line === undefined ? {} : { line }),
        message,
        hint: 'name a version, or run "create-secure-stack pin"',
      } as const,
    ];
  });
}
