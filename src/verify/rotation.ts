import { resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { otherEnvironments } from '../rotation/environments.ts';
import { readRotation, rotationJournalPath } from '../rotation/journal.ts';
import { waysOut } from '../rotation/machine.ts';
import { sharedValues } from '../rotation/shared.ts';
import type { SecretValues } from '../secrets/values.ts';
import type { Stack } from '../stack/model.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Whether a rotation was interrupted, and whether another environment beside this one has one of its values. */
export function rotationFindings(root: string, stack: Stack, values: SecretValues): Finding[] {
  return [...told(() => openRotation(root, stack)), ...told(() => sharedFindings(root, stack, values))];
}

function openRotation(root: string, { secretStore: { directory } }: Stack): Finding[] {
  const path = rotationJournalPath(directory);
  const journal = readRotation(resolve(root, path));
  if (journal === undefined) return [];
  return [
    {
      rule: 'rotation.open',
      severity: 'error',
      file: path,
      message: 'a rotation was interrupted; some values are in this file only',
      hint: waysOut(journal),
    },
  ];
}

function sharedFindings(root: string, stack: Stack, values: SecretValues): Finding[] {
  const others = otherEnvironments({ root, stack }, []);
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
