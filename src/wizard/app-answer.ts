import { dropUndefined } from '../stack/answer-tree.ts';
import type { AppQuestion } from '../stack/app-questions.ts';
import { problemAt, problemText } from '../stack/check-answer.ts';
import type { StackInput } from '../stack/schema.ts';
import type { Session } from './session.ts';

export type App = NonNullable<StackInput['apps']>[string];
export type Route = NonNullable<App['routes']>[number];

/** One typed answer, judged as part of the whole by the schema's rules. */
export async function text(
  session: Session,
  name: string,
  { message, path }: AppQuestion,
  proposal: string | undefined,
  applied: (typed: string) => App,
  /** What the schema cannot tell. */
  objection: (typed: string) => string | undefined = () => undefined,
): Promise<string> {
  const typed = await session.prompter.text({
    message,
    ...(proposal === undefined ? {} : { proposal }),
    validate: (answer) => {
      const problem = problemAt(withApp(session, name, applied(answer.trim())), ['apps', name, ...path]);
      return problem ? problemText(problem) : objection(answer);
    },
  });
  return typed.trim();
}

export function withApp({ draft }: Session, name: string, app: App): Session['draft'] {
  return { ...draft, apps: { ...draft.apps, [name]: dropUndefined(app) as App } };
}

/** A default that was not written down is not written down by confirming it. */
export function unlessDefault<Value>(
  current: Value | undefined,
  answer: Value,
  fallback: Value,
): Value | undefined {
  return current === undefined && answer === fallback ? undefined : answer;
}

/** A typed list; `none` is an empty one. */
export function words(typed: string): string[] {
  return typed.split(/[\s,]+/).filter((word) => word !== '' && word !== 'none');
}
