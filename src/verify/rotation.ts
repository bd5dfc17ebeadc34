import { resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { agesPath, parseAges } from '../rotation/ages.ts';
import { otherEnvironments } from '../rotation/environments.ts';
import { readRotation, rotationJournalPath } from '../rotation/journal.ts';
import { waysOut } from '../rotation/machine.ts';
import { sharedValues } from '../rotation/shared.ts';
import { openLines } from '../rotation/words.ts';
import type { SecretValues } from '../secrets/values.ts';
import type { Stack } from '../stack/model.ts';
import { readOptional } from '../workspace/read.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Whether a rotation was interrupted, the ages are known, and another environment beside this one has a value too. */
export function rotationFindings(
  root: string,
  stack: Stack,
  values: SecretValues,
  against: readonly string[],
): Finding[] {
  return [
    ...told(() => openRotation(root, stack)),
    ...told(() => unknownAges(root, stack, values)),
    ...told(() => sharedFindings(root, stack, values, against)),
  ];
}

function openRotation(root: string, stack: Stack): Finding[] {
  const path = rotationJournalPath(stack.secretStore.directory);
  const journal = readRotation(resolve(root, path));
  if (journal === undefined) return [];
  return [
    {
      rule: 'rotation.open',
      severity: 'error',
      file: path,
      message: `${openLines(journal, stack).slice(0, 2).join(' ')} Some values are in this file only`,
      hint: waysOut(journal),
    },
  ];
}

function unknownAges(root: string, { secretStore }: Stack, values: SecretValues): Finding[] {
  const file = agesPath(secretStore);
  const text = readOptional(resolve(root, file));
  if (text !== undefined) parseAges(text, file);
  if (text !== undefined || values.names().length === 0) return [];
  return [
    {
      rule: 'secrets.ages',
      severity: 'warning',
      file,
      message: 'is missing; nobody knows how old the secrets are',
      hint: 'restore it; or run create-secure-stack on the folder: their age starts anew',
    },
  ];
}

function sharedFindings(
  root: string,
  stack: Stack,
  values: SecretValues,
  against: readonly string[],
): Finding[] {
  const others = otherEnvironments({ root, stack }, against);
  return sharedValues(values, values.names(), others).map(
    ({ id, other, otherId }): Finding => ({
      rule: 'secrets.shared',
      severity: 'error',
      file: stack.secretStore.envFile,
      message: `${id} has the same value as ${otherId} in ${other}`,
      hint: `create-secure-stack rotate ${id}`,
    }),
  );
}

function told(look: () => Finding[]): Finding[] {
  try {
    return look();
  } catch (error) {
    if (error instanceof UserError)
      return findingsOf(error, { rule: 'rotation.unreadable', severity: 'warning', file: '.' });
    throw error;
  }
}
