import { catalog } from '../catalog/index.ts';
import { presets } from '../stack/presets.ts';
import type { StackInput } from '../stack/schema.ts';
import { askApp, routeText } from './app.ts';
import type { App } from './app-answer.ts';
import { type Session, setAnswer } from './session.ts';

/** What to run, from a preset to every app. */
export async function askWorkloads(session: Session): Promise<void> {
  const preset = await session.prompter.choose({
    message: 'What should it run?',
    choices: presets.map(({ name, title }) => ({ value: name, name: title, short: name })),
  });
  const { services, apps } = presets.find(({ name }) => name === preset)!.answers;
  if (services) setAnswer(session, ['services'], services);
  if (apps) setAnswer(session, ['apps'], apps);
  await askServices(session);
  await askApps(session);
}

/** Services of the catalogue; an app's wish for one that is gone goes with it. */
export async function askServices(session: Session): Promise<void> {
  const { services = {}, environment } = session.draft;
  const chosen = Object.keys(services);
  const picked = await session.prompter.pick({
    message: 'Services',
    choices: catalog
      .filter(({ environments }) => !environments || environments.includes(environment ?? 'development'))
      .map(({ name, title, summary }) => ({ value: name, name: `${title}: ${summary}`, short: name })),
    picked: chosen,
  });
  if (picked.length === chosen.length && picked.every((name) => chosen.includes(name))) return;
  const kept = services as Record<string, unknown>;
  setAnswer(
    session,
    ['services'],
    nonEmpty(Object.fromEntries(picked.map((name) => [name, kept[name] ?? {}]))),
  );
  for (const name of chosen) if (!picked.includes(name)) forgetNeed(session, name);
}

/** The list of apps, until the user is content with it. */
export async function askApps(session: Session): Promise<void> {
  for (;;) {
    const apps = appsOf(session);
    const names = Object.keys(apps);
    const [action, name] = split(
      await session.prompter.choose({
        message: names.length === 0 ? 'Apps of your own: none' : `Your apps: ${names.join(', ')}`,
        choices: [
          { value: 'go on', name: 'go on' },
          { value: 'add', name: 'add an app' },
          ...names.map((one) => ({ value: `change ${one}`, name: `change ${one} (${appText(apps[one]!)})` })),
          ...names.map((one) => ({ value: `remove ${one}`, name: `remove ${one}` })),
        ],
      }),
    );
    if (action === 'go on') return;
    if (action === 'remove') removeApp(session, name!);
    else await askApp(session, name);
  }
}

/** What an app is, in a few words: `sample, /api`. */
export function appText(app: App): string {
  return `${app.image ?? app.build?.context ?? (app.static ? `files in ${app.static.folder}` : 'nothing yet')}, ${routeText(app)}`;
}

export function appsOf({ draft }: Session): NonNullable<StackInput['apps']> {
  return draft.apps ?? {};
}

function removeApp(session: Session, name: string): void {
  const { [name]: _removed, ...rest } = appsOf(session);
  setAnswer(session, ['apps'], nonEmpty(rest));
  forgetNeed(session, name);
}

function forgetNeed(session: Session, name: string): void {
  for (const [client, app] of Object.entries(appsOf(session))) {
    if (!app.needs?.includes(name)) continue;
    setAnswer(session, ['apps', client, 'needs'], nonEmpty(app.needs.filter((need) => need !== name)));
    session.prompter.say(`${client} no longer connects to ${name}.`);
  }
}

function nonEmpty<Value extends object>(value: Value): Value | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

/** `change web` → what to do, and with which app. */
function split(choice: string): [string, string | undefined] {
  const [, action, name] = /^(change|remove) (.+)$/.exec(choice) ?? [];
  return action === undefined ? [choice, undefined] : [action, name];
}
