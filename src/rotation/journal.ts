/**
 * The write-ahead record of a rotation. It holds the old and the new values, because from the moment an engine knows a
 * new password until `.env` does, this file has the only copy. It lies among the secret files, 0600 in a 0700 folder
 * that git ignores, and goes with the rotation.
 */

import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CERTIFICATES } from '../certs/places.ts';
import { EXIT, UserError } from '../errors.ts';
import { isTemporaryName, syncDirectory, writeFileAtomically } from '../workspace/atomic.ts';
import { isListOf, isObject, parsedJson } from '../workspace/document.ts';
import { ioFailure, tidy } from '../workspace/failure.ts';
import { readDisk } from '../workspace/snapshot.ts';
import { stepsOf } from './machine.ts';

export const ROTATION_JOURNAL = '.rotation.json';

/** One value of `.env` that changes: a secret, a counter, a setting. */
export interface Change {
  id: string;
  before: string;
  after: string;
  /** What the way back leads to instead of `before`, once an app may have used the new values. */
  back?: string;
}

export interface Journal {
  /** ISO 8601. */
  started: string;
  /** `emergency`: nothing overlaps and the old values end before the apps are restarted. */
  mode: 'normal' | 'emergency';
  direction: 'forward' | 'back';
  changes: readonly Change[];
  /** Services to restart first, because they have forgotten the passwords that they read when they start. */
  reread?: readonly string[];
  /** Credentials to change inside their services, by secret, in order. `alone`: nothing is left to end afterwards. */
  credentials: readonly { secret: string; overlap: boolean; alone?: boolean }[];
  /** Workloads whose containers see a changed value, in order. */
  dependents: readonly string[];
  /** Those of them that were unhealthy beforehand: they may be so afterwards. */
  unhealthy?: readonly string[];
  /** Services of an override file that have an old value: they are left to the user, who is told at the end. */
  outsiders?: readonly string[];
  /** Workloads that encrypt their data anew. */
  reencrypt: readonly string[];
  /** A new certificate for the edge. */
  certificate?: { before: CertificateFiles; after: CertificateFiles };
  /** Nothing ran when it began: no edge has to be told of a certificate. */
  offline?: boolean;
  /** Steps of this direction that are complete; the next one may have been carried out in part. */
  done: number;
  /** The most that were, when a service has forgotten its password and some have to be done again. */
  reached?: number;
}

/** PEM texts by path. */
export type CertificateFiles = Readonly<Record<string, string>>;

const FORMAT = 1;

/** Where the journal of a stack lies. @param directory absolute path of the folder of the secret files */
export function rotationJournalPath(directory: string): string {
  return join(directory, ROTATION_JOURNAL);
}

/**
 * Durable when it returns, under its name and in full.
 * @param otherwise what the user is told when the system refuses
 * @throws {UserError} exit 1 when the system refuses; the journal is then whole, as it was or as it shall be
 */
export function saveRotation(path: string, journal: Journal, otherwise = 'the step is not recorded'): void {
  onDisk(`writing ${path}`, otherwise, () =>
    writeFileAtomically(path, `${JSON.stringify({ format: FORMAT, ...journal })}\n`, 0o600),
  );
}

/** @throws {UserError} exit 3 when it cannot be understood; it is then left alone, since it may have the only copy */
export function readRotation(path: string): Journal | undefined {
  const file = readDisk(path, path, true);
  if (file === undefined) return undefined;
  const document = parsedJson(file.content.toString('utf8'));
  if (!isJournal(document)) {
    throw new UserError(
      {
        file: path,
        message: 'is damaged or from a newer version; it may hold passwords that stand nowhere else',
        hint: `use the newest version, or put a copy of the file back; without one move it away, then: create-secure-stack, docker compose up -d --wait, create-secure-stack rotate --class engine --class bootstrap --repair`,
      },
      EXIT.refused,
    );
  }
  return document;
}

/** Removes the journal and what a run killed while writing it left, durably. */
export function clearRotation(path: string): void {
  onDisk(`removing ${path}`, 'the rest is done', () => rmSync(path, { force: true }));
  // The rotation is over. What stays goes with the next one.
  tidy(() => sweep(path));
}

/** Removes half-written journals, which hold values too. The complete one under its own name stays. */
export function sweepRotationDrafts(path: string): void {
  onDisk(`removing drafts of ${path}`, 'nothing was changed', () => sweep(path));
}

function sweep(path: string): void {
  const folder = dirname(path);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    if (isTemporaryName(name, ROTATION_JOURNAL)) rmSync(join(folder, name), { force: true });
  }
  syncDirectory(folder);
}

function onDisk(doing: string, outcome: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw ioFailure(error, doing, outcome);
  }
}

function isJournal(value: unknown): value is Journal {
  if (!isObject(value) || value['format'] !== FORMAT) return false;
  const {
    started,
    mode,
    direction,
    changes,
    credentials,
    dependents,
    reencrypt,
    unhealthy = [],
    outsiders = [],
    reread = [],
    done,
    reached = 0,
    certificate,
    offline,
  } = value;
  const isWellFormed =
    isText(started) &&
    !Number.isNaN(Date.parse(started)) &&
    ['normal', 'emergency'].includes(mode as string) &&
    ['forward', 'back'].includes(direction as string) &&
    isListOf(
      changes,
      (item) =>
        isObject(item) &&
        ['id', 'before', 'after'].every((key) => isText(item[key])) &&
        (item['back'] === undefined || isText(item['back'])),
    ) &&
    isListOf(
      credentials,
      (item) => isObject(item) && isText(item['secret']) && typeof item['overlap'] === 'boolean',
    ) &&
    [dependents, reencrypt, unhealthy, outsiders, reread].every((list) => isListOf(list, isText)) &&
    (certificate === undefined ||
      (isObject(certificate) && ['before', 'after'].every((side) => isCertificate(certificate[side])))) &&
    (offline === undefined || typeof offline === 'boolean');
  if (!isWellFormed) return false;
  const { length } = stepsOf(value as unknown as Journal);
  return [done, reached].every(
    (steps) => Number.isInteger(steps) && Number(steps) >= 0 && Number(steps) <= length,
  );
}

function isCertificate(value: unknown): boolean {
  const paths = [CERTIFICATES.leaf, CERTIFICATES.leafKey];
  return (
    isObject(value) &&
    Object.keys(value).length === paths.length &&
    paths.every((path) => isText(value[path]))
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
