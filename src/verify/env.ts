import type { EnvFile } from '../secrets/env-parse.ts';
import type { Secret, Stack } from '../stack/model.ts';
import type { Finding, Severity } from './finding.ts';
import type { StoredSecrets } from './stored-secrets.ts';

const RERUN = 'run create-secure-stack on the folder to rewrite it';

/**
 * Whether `.env` has what `.env.example` asks for, and whether the files that containers mount hold what `.env` gives.
 * @param example `.env.example` as the stack gives it
 */
export function envFindings(
  stack: Stack,
  stored: Extract<StoredSecrets, { state: 'read' }>,
  example: EnvFile,
): Finding[] {
  const { env } = stored;
  return [
    ...keyFindings(env, example),
    ...stack.secrets.flatMap((secret) => valueFindings(secret, env)),
    ...stored.given.recomputed.map((id) =>
      at(env, id, 'env.computed', 'error', 'is not what the values it is made from give', RERUN),
    ),
    ...stored.given.problems.map(
      ({ message, line, hint }): Finding => ({
        rule: 'env.format',
        severity: 'warning',
        file: env.file,
        ...(line === undefined ? {} : { line }),
        message,
        ...(hint === undefined ? {} : { hint }),
      }),
    ),
    ...fileFindings(stack, stored),
  ];
}

function keyFindings(env: EnvFile, example: EnvFile): Finding[] {
  const wanted = example.values.names();
  const present = env.values.names();
  const missing = wanted.filter((name) => !env.values.has(name));
  const surplus = present.filter((name) => !example.values.has(name));
  const expected = wanted.filter((name) => env.values.has(name));
  const misplaced = present
    .filter((name) => example.values.has(name))
    .find((name, index) => name !== expected[index]);
  return [
    ...missing.map((name) =>
      at(env, name, 'env.missing-key', 'error', 'is missing; .env.example has it', RERUN),
    ),
    ...surplus.map((name) =>
      at(
        env,
        name,
        'env.surplus-key',
        'note',
        'is read by nothing in the stack',
        'delete it when you are sure; if it encrypted stored data, not before that is encrypted anew',
      ),
    ),
    ...(misplaced === undefined
      ? []
      : [at(env, misplaced, 'env.order', 'warning', 'is not where .env.example has it', RERUN)]),
  ];
}

function valueFindings(secret: Secret, env: EnvFile): Finding[] {
  const { id, kind, placeholder } = secret;
  if (kind === 'derived' || kind === 'previous' || !env.values.has(id)) return [];
  const value = env.values.get(id);
  const hint =
    kind === 'external'
      ? 'fill it in, then run create-secure-stack on the folder'
      : 'run create-secure-stack to have it made';
  if (value === '') return [at(env, id, 'env.blank', 'error', 'is blank', hint)];
  // A setting starts as its default, which stands in the example.
  if (value === placeholder && kind !== 'setting')
    return [at(env, id, 'env.placeholder', 'error', 'still has the placeholder of .env.example', hint)];
  return [];
}

/** A container would go on with a value that `.env` no longer has. */
function fileFindings(stack: Stack, { files, given }: Extract<StoredSecrets, { state: 'read' }>): Finding[] {
  const { envFile, directory } = stack.secretStore;
  return stack.secretFiles.flatMap(({ name }): Finding[] => {
    if (!given.files.has(name) || files.get(name) === given.files.get(name)) return [];
    const isMissing = !files.has(name);
    return [
      {
        rule: isMissing ? 'secrets.missing-file' : 'secrets.out-of-step',
        severity: 'error',
        file: `${directory}/${name}`,
        message: isMissing ? 'is missing; containers mount it' : `is not what ${envFile} gives`,
        hint: RERUN,
      },
    ];
  });
}

function at(
  env: EnvFile,
  name: string,
  rule: string,
  severity: Severity,
  message: string,
  hint: string,
): Finding {
  const line = env.lines.get(name);
  return {
    rule,
    severity,
    file: env.file,
    ...(line === undefined ? {} : { line }),
    message: `${name} ${message}`,
    hint,
  };
}
