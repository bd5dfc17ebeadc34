/**
 * Who owns a file's content, which decides what a re-run may do with it.
 *
 * - `generated`: ours; a pristine copy is kept so that the user's edits are merged, never lost.
 * - `secret`: holds secret values; no pristine copy, never shown in a diff, replaced whole.
 * - `seed`: written once when absent, the user's from then on.
 * - `answers`: stack.yaml; the program edits the text it has just read and replaces it whole.
 */
export type FileClass = 'generated' | 'secret' | 'seed' | 'answers';

export interface GeneratedFile {
  /** Relative to the stack's folder with `/`, or absolute when the secrets live outside it. */
  path: string;
  content: string;
  /** Permission bits of the finished file, e.g. 0o644; independent of the umask. */
  mode: number;
  class: FileClass;
}

export interface GeneratedDirectory {
  path: string;
  mode: number;
}

/** Everything a stack consists of on disk. Directories not listed are created 0755. */
export interface FileTree {
  files: readonly GeneratedFile[];
  directories: readonly GeneratedDirectory[];
}
