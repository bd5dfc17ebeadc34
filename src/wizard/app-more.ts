import { appQuestions } from '../stack/app-questions.ts';
import { classOf } from '../stack/app-secrets.ts';
import { parseRoute, routeWord } from '../stack/route-text.ts';
import { type App, type Route, text, unlessDefault, words } from './app-answer.ts';
import { same } from './changes.ts';
import type { Choice } from './prompter.ts';
import type { Session } from './session.ts';

type Secrets = NonNullable<App['secrets']>;
type Secret = Secrets[string];
type Delivery = NonNullable<App['delivery']>;

/** What few apps need, behind one menu: an entry shows how it is now, Enter passes by. */
export async function askMore(session: Session, name: string, before: App): Promise<App> {
  let app = before;
  for (;;) {
    const entries = entriesOf(app);
    const chosen = await session.prompter.choose({
      message: `${appQuestions.more.message} about ${name}?`,
      choices: [
        { value: '', name: 'no, that is all' },
        ...entries.map(({ title, shown }) => ({ value: title, name: `${title}: ${shown}`, short: title })),
      ],
    });
    const entry = entries.find(({ title }) => title === chosen);
    if (entry === undefined) return app;
    app = await entry.ask(session, name, app);
  }
}

interface Entry {
  title: string;
  /** The answer as it is, in a few words. */
  shown: string;
  ask(session: Session, name: string, app: App): Promise<App>;
}

function entriesOf(app: App): Entry[] {
  const { protocol = 'http', secrets = {}, needs = [] } = app;
  const paths = { title: 'public paths', shown: pathsText(app), ask: askPaths };
  // The edge's own image speaks HTTP and takes no secrets.
  if (app.static !== undefined || app.image === 'sample') return [paths];
  return [
    { title: 'protocol', shown: wordOf(SPOKEN[protocol]), ask: askProtocol },
    paths,
    { title: 'secrets made for it', shown: Object.keys(madeIn(secrets)).join(', ') || 'none', ask: askMade },
    ...(Object.keys(secrets).length + needs.length > 0
      ? [{ title: 'how secrets reach it', shown: deliveryText(app), ask: askDelivery }]
      : []),
  ];
}

const SPOKEN = {
  http: 'HTTP: pages and APIs',
  ws: 'WebSockets: HTTP whose connections stay open',
  grpc: 'gRPC',
};

async function askProtocol({ prompter }: Session, _name: string, app: App): Promise<App> {
  const { protocol = 'http' } = app;
  const chosen = await prompter.choose({
    message: appQuestions.protocol.message,
    choices: choicesOf(SPOKEN),
    proposal: protocol,
  });
  return { ...app, protocol: unlessDefault(app.protocol, chosen, 'http') };
}

function pathsText({ routes = [] }: App): string {
  return routes.map(routeWord).join(', ') || 'none';
}

/** All routes in one line; those that stay keep their limits. */
async function askPaths(session: Session, name: string, app: App): Promise<App> {
  const { routes = [] } = app;
  const withPaths = (typed: string): App => {
    const next = words(typed).map(
      (word): Route => routes.find((one) => routeWord(one) === word) ?? parseRoute(word),
    );
    return same(next, routes) ? app : { ...app, routes: next };
  };
  return withPaths(await text(session, name, appQuestions.paths, pathsText(app), withPaths));
}

/** The secrets that the program makes; those of others are asked about beforehand. */
function madeIn(secrets: Secrets): Secrets {
  return Object.fromEntries(Object.entries(secrets).filter(([, { kind }]) => kind !== 'external'));
}

async function askMade(session: Session, name: string, app: App): Promise<App> {
  const { secrets = {} } = app;
  const made = madeIn(secrets);
  const given = Object.entries(secrets).filter(([variable]) => !(variable in made));
  const withMade = (typed: string): App => {
    const wanted = words(typed).map((variable) => [variable, secrets[variable] ?? {}] as const);
    const all = Object.fromEntries([...given, ...wanted]);
    return { ...app, secrets: Object.keys(all).length + Object.keys(secrets).length === 0 ? undefined : all };
  };
  const before = Object.keys(made).join(', ') || 'none';
  const typed = await text(session, name, appQuestions.made, before, withMade, (answer) => {
    const key = words(answer).find((variable) => secrets[variable]?.kind === 'external');
    return key && `${key} is one of the API keys, which others make`;
  });
  let { secrets: next = {} } = withMade(typed);
  if (same(next, secrets)) return app;
  for (const variable of words(typed))
    if (!(variable in secrets)) next = { ...next, [variable]: await askPurpose(session, variable) };
  return { ...withMade(typed), secrets: next };
}

const PURPOSES = {
  signing: 'signs sessions, cookies or tokens',
  encryption: 'encrypts stored data; replaced only when you say so',
  other: 'something else: a password, a token',
};
const FORMS = {
  letters: 'letters and digits',
  hex: '64 hexadecimal digits',
  base64: 'base64, of 32 bytes',
  fernet: 'a Fernet key (Python)',
  uuid: 'a UUID',
};

async function askPurpose({ prompter }: Session, variable: string): Promise<Secret> {
  const purpose = await prompter.choose({
    message: `${variable}: ${appQuestions.purpose.message}`,
    choices: choicesOf(PURPOSES),
  });
  const form = await prompter.choose({
    message: `${variable}: ${appQuestions.form.message}`,
    choices: choicesOf(FORMS),
    ...(purpose === 'encryption' ? { proposal: 'base64' } : {}),
  });
  const kind = form !== 'letters' ? form : purpose === 'other' ? undefined : 'hmac';
  return {
    ...(kind === undefined ? {} : { kind }),
    // What follows from the kind need not be said, and what nobody said does.
    ...(purpose === 'other' || kind === undefined || purpose === classOf(kind) ? {} : { class: purpose }),
  };
}

const DELIVERIES = {
  file: 'as files: safer; NAME_FILE says where each lies',
  variable: 'as variables: NAME holds the value itself',
};

function otherThan(delivery: Delivery): Delivery {
  return delivery === 'file' ? 'variable' : 'file';
}

/** How its secrets arrive: where each of them does in the same way, in that, though it be the exception in the file. */
function deliveryOf({ delivery = 'file', secrets = {}, needs = [] }: App): Delivery {
  const [way = delivery, ...others] = new Set([
    ...Object.values(secrets).map((secret) => secret.delivery ?? delivery),
    ...(needs.length > 0 ? [delivery] : []),
  ]);
  return others.length > 0 ? delivery : way;
}

/** The secrets that do not arrive in this way. */
function exceptions({ delivery = 'file', secrets = {} }: App, way: Delivery): string[] {
  return Object.keys(secrets).filter((variable) => (secrets[variable]!.delivery ?? delivery) !== way);
}

function deliveryText(app: App): string {
  const delivery = deliveryOf(app);
  const others = exceptions(app, delivery).join(', ');
  return `as ${delivery}s${others && `; as ${otherThan(delivery)}s: ${others}`}`;
}

async function askDelivery({ prompter }: Session, _name: string, app: App): Promise<App> {
  const { secrets = {}, needs = [] } = app;
  const delivery = await prompter.choose({
    message: appQuestions.delivery.message,
    choices: choicesOf(DELIVERIES),
    proposal: deliveryOf(app),
  });
  const next = { ...app, delivery: unlessDefault(app.delivery, delivery, 'file') };
  const unchanged = delivery === deliveryOf(app);
  const variables = Object.keys(secrets);
  const before = exceptions(unchanged ? app : next, delivery);
  const picked =
    variables.length === 0 || variables.length + needs.length < 2
      ? []
      : await prompter.pick({
          message: `Are any of them an exception, given as ${otherThan(delivery)}s?`,
          choices: variables.map((value) => ({ value, name: value })),
          picked: before,
        });
  if (same(picked, before)) return unchanged ? app : next;
  const changed = Object.entries(secrets).map(([variable, { delivery: _, ...secret }]): [string, Secret] => [
    variable,
    picked.includes(variable) ? { ...secret, delivery: otherThan(delivery) } : secret,
  ]);
  return { ...next, secrets: Object.fromEntries(changed) };
}

function choicesOf<Value extends string>(names: Readonly<Record<Value, string>>): Choice<Value>[] {
  return Object.entries<string>(names).map(([value, name]) => ({
    value: value as Value,
    name,
    short: wordOf(name),
  }));
}

/** What stands before the explanation. */
function wordOf(name: string): string {
  return name.split(':')[0]!;
}
