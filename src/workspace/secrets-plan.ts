import { resolve } from 'node:path';
import type { GeneratedFile } from '../fileset.ts';
import { readJournal } from './journal.ts';
import { refuseSharedFolder, refuseUnsafePath, resolveRoot } from './paths.ts';
import { type Plan, type PlanEntry, sealPlan, type Write } from './plan.ts';
import { readDisk } from './snapshot.ts';

/**
 * A plan that replaces secret files and nothing else: neither the generated files, which may be behind an edited
 * stack.yaml, nor the records of them. Carried out by `applyPlan`, under the lock and after `recover`, all or nothing.
 *
 * @throws {UserError} exit 3 for a place where a secret would not be safe
 */
export function planSecretFiles(root: string, files: readonly GeneratedFile[]): Plan {
  const folder = resolveRoot(root);
  if (readJournal(folder) !== undefined) throw new Error('an unfinished transaction must be recovered first');
  const writes: Write[] = [];
  const entries = files.map(({ path, content, mode, class: kind }): PlanEntry => {
    if (kind !== 'secret') throw new TypeError(`not a secret file: ${path}`);
    refuseUnsafePath(folder, path, 'secret');
    refuseSharedFolder(folder, path);
    const disk = readDisk(resolve(folder, path), path, true);
    const next = Buffer.from(content);
    if (disk !== undefined && disk.mode === mode && disk.content.equals(next))
      return { path, class: kind, action: 'unchanged', reason: 'up to date', mode };
    const write = { path, content: next, mode, secret: true, before: disk?.snapshot };
    writes.push(disk === undefined ? write : { ...write, owner: disk.owner });
    return {
      path,
      class: kind,
      action: disk === undefined ? 'create' : 'update',
      reason: disk === undefined ? 'new' : 'changed',
      mode,
    };
  });
  return sealPlan(folder, entries, {
    writes,
    removals: [],
    directories: [],
    emptied: [],
    manifest: undefined,
    manifestBefore: undefined,
  });
}
