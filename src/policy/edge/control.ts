/**
 * Why the lines of the edge's configuration are there. `explain` and the table in docs/edge.md read it, and tests carry
 * the number of the point that they prove.
 */
export interface EdgeControl {
  /** Number in the checklist; in the names of tests as `#12`. */
  point: number;
  title: string;
  /** Directives it is made of; by them `explain` finds it. Empty where it is no line but how the files are made. */
  directives: readonly string[];
  /** Other words for it that `explain` knows, in any case: headers, abbreviations. */
  topics?: readonly string[];
  /** File below the stack's folder, or what else holds it. */
  file: string;
  /** What goes wrong without it. */
  why: string;
  source: string;
  /** How to relax it with the least harm. */
  relax: string;
}

/** Where no setting changes a line. */
export const EDIT = 'No setting; edit the generated file, a later run merges your edit.';
export const KEEP = 'Keep it.';
