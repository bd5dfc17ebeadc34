import type { AnswerPath } from '../stack/answer-problem.ts';
import { setIn, valueAt } from '../stack/answer-tree.ts';
import { type Draft, questions } from '../stack/questions.ts';
import type { Prompter } from './prompter.ts';

/** A run of the wizard: the answers as far as they are known. */
export interface Session {
  prompter: Prompter;
  /** Folder the user named; undefined: the one called like the stack. */
  folder: string | undefined;
  draft: Draft;
  /** Flags of the questions that need not be asked, even where the answer is a default that is not written down. */
  answered: Set<string>;
}

export const folderOf = ({ folder, draft }: Session): string => folder ?? `./${draft.name}`;

/** Sets an answer and drops those whose question no longer applies. */
export function setAnswer(session: Session, path: AnswerPath, value: unknown): void {
  const before = session.draft;
  session.draft = value === undefined ? withoutAnswer(before, path) : (setIn(before, path, value) as Draft);
  for (const { path: place, flag, when } of questions) {
    if (when === undefined || when(session.draft) || !when(before)) continue;
    session.draft = withoutAnswer(session.draft, place);
    session.answered.delete(flag);
  }
}

/** The draft without an answer, nor the mapping around it when nothing else is in there. */
export function withoutAnswer(draft: Draft, path: AnswerPath): Draft {
  if (valueAt(draft, path) === undefined) return draft;
  const rest = setIn(draft, path, undefined) as Draft;
  const parent = path.slice(0, -1);
  return parent.length > 0 && Object.keys(valueAt(rest, parent) as object).length === 0
    ? withoutAnswer(rest, parent)
    : rest;
}
