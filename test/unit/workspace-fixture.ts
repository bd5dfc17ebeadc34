import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fsExtra from 'fs-extra';
import type { FileClass, FileTree, GeneratedDirectory, GeneratedFile } from '../../src/fileset.ts';
import {
  applyPlan,
  type Plan,
  type PlanOptions,
  planTree,
  recover,
  withLock,
} from '../../src/workspace/index.ts';

/** A folder of its own for one test. */
export class Folder {
  readonly parent = mkdtempSync(join(tmpdir(), 'css-workspace-'));
  readonly root = join(this.parent, 'shop');

  path(name: string): string {
    return name.startsWith('/') ? name : join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  mode(name: string): string {
    return (lstatSync(this.path(name)).mode & 0o7777).toString(8);
  }

  write(name: string, content: string | Uint8Array, mode = 0o644): void {
    fsExtra.outputFileSync(this.path(name), content);
    chmodSync(this.path(name), mode);
  }

  edit(name: string, change: (text: string) => string): void {
    writeFileSync(this.path(name), change(this.read(name)));
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  plan(tree: FileTree, options?: PlanOptions): Promise<Plan> {
    return planTree(this.root, tree, options);
  }

  /** The whole run as the program does it. */
  apply(tree: FileTree, options: PlanOptions & { allowForeign?: boolean } = {}): Promise<Plan> {
    return withLock(this.root, async () => {
      await recover(this.root);
      const plan = await planTree(this.root, tree, options);
      await applyPlan(plan, { toolVersion: '1.0.0', allowForeign: options.allowForeign ?? false });
      return plan;
    });
  }

  /** Path → what is there, with everything that a rewrite would change. */
  state(): Record<string, string> {
    return snapshotOf(this.parent);
  }

  dispose(): void {
    rmSync(this.parent, { recursive: true, force: true });
  }
}

export function snapshotOf(folder: string): Record<string, string> {
  const state: Record<string, string> = {};
  if (!existsSync(folder)) return state;
  for (const name of (readdirSync(folder, { recursive: true }) as string[]).sort()) {
    const status = lstatSync(join(folder, name), { bigint: true });
    const kind = status.isFile()
      ? `${status.ino} ${status.mtimeNs} ${readFileSync(join(folder, name), 'utf8')}`
      : '';
    state[name] = `${status.mode.toString(8)} ${kind}`;
  }
  return state;
}

export function file(
  path: string,
  content: string,
  fileClass: FileClass = 'generated',
  mode = 0o644,
): GeneratedFile {
  return { path, content, mode, class: fileClass };
}

export function secret(path: string, content: string, mode = 0o600): GeneratedFile {
  return file(path, content, 'secret', mode);
}

export function tree(files: GeneratedFile[], directories: GeneratedDirectory[] = []): FileTree {
  return { files, directories };
}

export function actions(plan: Plan): Record<string, string> {
  return Object.fromEntries(plan.entries.map(({ path, action }) => [path, action]));
}

export function reasonOf(plan: Plan, path: string): string {
  return plan.entries.find((entry) => entry.path === path)?.reason ?? 'not in the plan';
}
