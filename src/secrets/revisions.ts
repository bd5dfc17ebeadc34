import type { Secret, SecretFile } from '../stack/model.ts';
import type { SecretValues } from './values.ts';

/**
 * The variable of `.env` that counts how often a workload's secrets have changed, e.g. `APP_DB_SECRETS_REV`.
 *
 * Compose compares a container's configuration with compose.yaml to decide whether to recreate it. The content of a
 * mounted secret file is no part of that: `docker compose up -d` leaves the container with the old value until somebody
 * restarts it. The container carries this counter as a label, so that a changed file is a changed configuration. A
 * counter, because a hash would let anybody who may read labels try out guesses of a short secret.
 */
export function secretsRevisionVariable(workload: string): string {
  const name = workload.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  return `${/^[A-Z]/.test(name) ? '' : 'W'}${name}_SECRETS_REV`;
}

/** Whether a variable of the env file is such a counter, of whatever workload. */
export function isRevision(variable: string, value: string): boolean {
  return variable.endsWith('_SECRETS_REV') && /^\d+$/.test(value);
}

export interface RevisionInput {
  secrets: readonly Secret[];
  secretFiles: readonly SecretFile[];
  /** What is in `.env` now. */
  before: SecretValues | undefined;
  /** Content of the secret files on disk by name. */
  filesBefore: ReadonlyMap<string, string>;
  /** What will be in `.env`. */
  after: SecretValues;
  /** What the secret files will hold; without those that are not written. */
  filesAfter: SecretValues;
  /** The counters stay as they are in `before`. */
  keep?: true;
}

/**
 * The counter of every workload that reads secret files, by variable: one more than in `before` when a file of the
 * workload or a value it sees is about to change, else the same; 1 for a workload that had none.
 */
export function secretRevisions(input: RevisionInput): Map<string, number> {
  const { secrets, secretFiles, before, filesBefore, after, filesAfter, keep = false } = input;
  const workloads = [...new Set(secretFiles.flatMap((file) => file.consumers))];
  const revisions = new Map<string, number>();
  for (const workload of workloads) {
    const changed =
      !keep &&
      (secretFiles.some(
        (file) =>
          file.consumers.includes(workload) &&
          // A file that is missing on both sides is blank on both.
          (filesBefore.get(file.name) ?? '') !== filesAfter.get(file.name),
      ) ||
        secrets.some(
          (secret) => secret.consumers.includes(workload) && before?.get(secret.id) !== after.get(secret.id),
        ));
    const variable = secretsRevisionVariable(workload);
    const current = before?.get(variable) ?? '';
    // A damaged counter starts again: what counts is that the label differs from the container's.
    const next = /^[1-9][0-9]{0,14}$/.test(current) ? Number(current) + (changed ? 1 : 0) : 1;
    // Names such as `a-b` and `a_b` share a counter, which then follows both.
    revisions.set(variable, Math.max(next, revisions.get(variable) ?? 0));
  }
  return revisions;
}
