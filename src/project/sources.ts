import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { StackSpec } from '../stack/schema.ts';

export interface MissingSource {
  /** Place in stack.yaml. */
  path: (string | number)[];
  message: string;
  hint: string;
}

/** Folders of the user's own that the answers name and that are not there: what is built, and what is served as it is. */
export function missingSources(root: string, { apps }: StackSpec): MissingSource[] {
  return Object.entries(apps).flatMap(([name, { build, static: site }]) => {
    const sources = [
      ...(build ? [{ path: ['apps', name, 'build', 'context'], folder: build.context }] : []),
      ...(site ? [{ path: ['apps', name, 'static', 'folder'], folder: site.folder }] : []),
    ];
    return sources.flatMap(({ path, folder }) => {
      // The address of a repository is Docker's to fetch.
      if (/^[a-z+]+:\/\/|^git@/.test(folder) || statSync(resolve(root, folder), { throwIfNoEntry: false }))
        return [];
      return [
        {
          path,
          message: `there is no folder ${folder} in the stack's folder`,
          hint: 'make it before the start',
        },
      ];
    });
  });
}
