import type { FileClass } from '../fileset.ts';
import type { Manifest } from './manifest.ts';
import { refusal } from './paths.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * - `create`, `update`, `merge`: the file gets new content.
 * - `unchanged`: nothing to do. `keep`: it differs, and stays as the user made it.
 * - `conflict`: the user's file stays and the new text lies beside it, at `offer`.
 * - `remove`: no longer part of the stack, and not edited. `mode`: only the permission bits are put right.
 */
export type Action = 'create' | 'update' | 'merge' | 'unchanged' | 'keep' | 'conflict' | 'remove' | 'mode';

/** What will happen to one file or folder. Safe to print: it never holds a secret. */
export interface PlanEntry {
  path: string;
  class: FileClass | 'directory';
  action: Action;
  /** One line for the user, lower case, no full stop. */
  reason: string;
  /** Permission bits afterwards. */
  mode: number;
  /** Permission bits on disk, where they differ from `mode`. */
  modeBefore?: number;
  /** Kept although the stack has no such file any more. */
  obsolete?: true;
  /** Of a conflict: where the new text is put. */
  offer?: string;
  /** Text on disk, where it may be shown and changes. */
  before?: string;
  /** Text afterwards (of a conflict: of the offer), where it may be shown and changes. */
  after?: string;
}

/** What applying a tree to a folder would do. Made by `planTree`, carried out by `applyPlan`. */
export interface Plan {
  /** Absolute. */
  root: string;
  /** Folders first, then files, each sorted by path. */
  entries: readonly PlanEntry[];
  /** Whether applying it writes anything at all. */
  changes: boolean;
}

/** One file of the transaction; `before` is what must still be there when it is replaced. */
export interface Write {
  path: string;
  content: Buffer;
  mode: number;
  secret: boolean;
  before: Snapshot | undefined;
  owner?: { uid: number; gid: number };
}

export interface Removal {
  path: string;
  before: Snapshot;
}

/** What the plan does, in bytes. */
export interface Operations {
  writes: readonly Write[];
  removals: readonly Removal[];
  /** Folders to make, or whose mode to put right; parents first. */
  directories: readonly { path: string; mode: number }[];
  /** Folders made by an earlier run that nothing needs any more; deepest first. */
  emptied: readonly string[];
  /** Undefined: as it is on disk. */
  manifest: Manifest | undefined;
  manifestBefore: Snapshot | undefined;
}

// The contents include secrets. Outside of the plan's object no console.log, JSON.stringify or error dump meets them.
const operations = new WeakMap<Plan, Operations>();

/** A plan that carries `sealed` where no printing of the plan can reach it. */
export function sealPlan(root: string, entries: readonly PlanEntry[], sealed: Operations): Plan {
  const changes =
    sealed.writes.length + sealed.removals.length + sealed.directories.length + sealed.emptied.length > 0 ||
    sealed.manifest !== undefined;
  const plan: Plan = { root, entries, changes };
  operations.set(plan, sealed);
  return plan;
}

/** @throws {TypeError} for an object that `planTree` did not make, e.g. a copy */
export function operationsOf(plan: Plan): Operations {
  const sealed = operations.get(plan);
  if (sealed === undefined) throw new TypeError('not a plan made by planTree');
  return sealed;
}

/** For a path whose content is not what the caller or the plan has seen. */
export function changedMeanwhile(path: string): Error {
  return refusal(
    `${path}: was changed by somebody else in the meantime; nothing was written`,
    'run the command again',
  );
}
