import { catalog } from '../catalog/index.ts';
import type { AnswerPath } from '../stack/answer-problem.ts';
import { dropUndefined } from '../stack/answer-tree.ts';
import { appQuestions } from '../stack/app-questions.ts';
import { problemAt, problemText } from '../stack/check-answer.ts';
import { routeWord } from '../stack/route-text.ts';
import { type App, type Route, text, unlessDefault, withApp, words } from './app-answer.ts';
import { askMore } from './app-more.ts';
import { same } from './changes.ts';
import { type Session, setAnswer } from './session.ts';

/** Describes an app, or one anew; settings that are not asked about stay. */
export async function askApp(session: Session, known?: string): Promise<void> {
  const name = known ?? (await askName(session));
  const before = known === undefined ? {} : (session.draft.apps?.[known] ?? {});
  let app = await askSource(session, name, before);
  // What the edge's own image serves has its own port and takes no keys.
  const isOwn = app.image !== 'sample' && app.static === undefined;
  if (isOwn) app = await askPorts(session, name, app);
  app = await askRoute(session, name, app, known === undefined);
  app = await askNeeds(session, name, app);
  if (isOwn) app = await askKeys(session, name, app);
  // The sample page has nothing to add but several paths, which are asked about together.
  if (app.image !== 'sample' || (app.routes ?? []).length > 1) app = await askMore(session, name, app);
  setAnswer(session, ['apps', name], dropUndefined(app));
}

/** `/api`, `api.example.com/`, `not reachable from outside`. */
export function routeText({ routes = [] }: App): string {
  return routes.map(routeWord).join(' and ') || 'not reachable from outside';
}

function askName(session: Session): Promise<string> {
  const apps = session.draft.apps ?? {};
  return session.prompter.text({
    message: appQuestions.name.message,
    ...('app' in apps ? {} : { proposal: 'app' }),
    validate: (name) => {
      if (Object.hasOwn(apps, name)) return 'there is an app of this name already';
      const path: AnswerPath = ['apps', name];
      const problem = problemAt(withApp(session, name, { image: 'sample' }), path, { below: false });
      return problem && problemText(problem);
    },
  });
}

async function askSource(session: Session, name: string, before: App): Promise<App> {
  const { image, build, static: site, ...app } = before;
  const now = image === 'sample' ? 'sample' : build ? 'build' : site ? 'static' : 'image';
  const source = await session.prompter.choose({
    message: appQuestions.source.message,
    choices: [
      { value: 'image', name: 'an image from a registry' },
      { value: 'build', name: 'built here from a Dockerfile' },
      { value: 'static', name: 'a folder of finished files' },
      { value: 'sample', name: 'a sample page, for now' },
    ],
    proposal: now,
  });
  const served = source === now ? withoutTls(app) : withoutOwn(app);
  if (source === 'sample') return { ...served, image: 'sample' };
  if (source === 'static') {
    const withFolder = (folder: string): App => ({ ...served, static: { ...site, folder } });
    return withFolder(
      await text(session, name, appQuestions.static, site?.folder ?? `./${name}`, withFolder),
    );
  }
  if (source === 'build') {
    const context = await text(
      session,
      name,
      appQuestions.build,
      build?.context ?? `./${name}`,
      (folder) => ({
        ...app,
        build: { ...build, context: folder },
      }),
    );
    return { ...app, build: { ...build, context } };
  }
  const current = image === 'sample' ? undefined : image;
  return {
    ...app,
    image: await text(session, name, appQuestions.image, current, (value) => ({ ...app, image: value })),
  };
}

/** TLS is for connections to an app of one's own. */
function withoutTls({ upstreamTls: _, ...app }: App): App {
  return app;
}

/** What the edge's own image serves is not asked about these, so nobody could take them away later. */
function withoutOwn({ protocol: _, delivery: __, secrets: ___, ...app }: App): App {
  return withoutTls(app);
}

async function askPorts(session: Session, name: string, app: App): Promise<App> {
  const withPort = (typed: string): App => ({ ...app, port: wholeNumber(typed) as number });
  const port = await text(session, name, appQuestions.port, String(app.port ?? 8080), withPort);
  const withHealth = (path: string): App => ({ ...app, health: { ...app.health, path } });
  const checked =
    app.health?.command !== undefined || app.health?.probe === 'none' || app.health?.probe === 'tcp';
  const path = checked
    ? undefined
    : await text(session, name, appQuestions.health, app.health?.path ?? '/health', withHealth);
  return {
    ...app,
    ...(unlessDefault(app.port, Number(port), 8080) === undefined ? {} : { port: Number(port) }),
    ...(unlessDefault(app.health?.path, path, '/health') === undefined
      ? {}
      : { health: { ...app.health, path: path! } }),
  };
}

async function askRoute(session: Session, name: string, app: App, isNew: boolean): Promise<App> {
  const [route, ...others] = app.routes ?? [];
  // Several are asked about together, behind the menu.
  if (others.length > 0) return app;
  const current = route ? (route.path ?? '/') : isNew ? freePath(session, name) : 'none';
  const routes = (path: string): Route[] => (path === 'none' ? [] : [{ ...route, path }]);
  const path = await text(session, name, appQuestions.path, current, (typed) => ({
    ...app,
    routes: routes(typed),
  }));
  if (path === 'none') return { ...app, routes: app.routes === undefined ? undefined : [] };
  if (path === route?.path || (route && route.path === undefined && path === '/'))
    return askHost(session, app, route);
  return askHost(session, app, { ...route, path });
}

/** Which of several domains; with one there is nothing to ask. */
async function askHost(session: Session, app: App, route: Route): Promise<App> {
  const domains = session.draft.domains ?? [];
  const exact = domains.filter((domain) => !domain.startsWith('*.'));
  const { host, ...anyHost } = route;
  // Another name below a wildcard is the file's business; one that belongs to no domain any more is dropped.
  if (host !== undefined && !exact.includes(host) && exact.length < domains.length)
    return { ...app, routes: [route] };
  const current = host !== undefined && exact.includes(host) ? host : '';
  if (exact.length < 2) return { ...app, routes: [current === '' ? anyHost : route] };
  const chosen = await session.prompter.choose({
    message: appQuestions.host.message,
    choices: [
      { value: '', name: 'all of them' },
      ...exact.map((domain) => ({ value: domain, name: domain })),
    ],
    proposal: current,
  });
  if (chosen === current) return { ...app, routes: [current === '' ? anyHost : route] };
  return { ...app, routes: [chosen === '' ? anyHost : { host: chosen, ...anyHost }] };
}

async function askNeeds(session: Session, name: string, app: App): Promise<App> {
  const { services = {}, apps = {} } = session.draft;
  const others = [
    ...catalog
      .filter((service) => service.name in services)
      .map(({ name: value, title }) => ({ value, name: title })),
    ...Object.keys(apps)
      .filter((other) => other !== name && !reaches(apps, other, name))
      .map((value) => ({ value, name: value })),
  ];
  if (others.length === 0) return app;
  const current = app.needs ?? [];
  const needs = await session.prompter.pick({
    message: appQuestions.needs.message,
    choices: others,
    picked: current,
  });
  const unchanged = needs.length === current.length && needs.every((need) => current.includes(need));
  return unchanged ? app : { ...app, needs: needs.length === 0 ? undefined : needs };
}

async function askKeys(session: Session, name: string, app: App): Promise<App> {
  const { secrets = {} } = app;
  const external = Object.keys(secrets).filter((variable) => secrets[variable]!.kind === 'external');
  const own = Object.fromEntries(
    Object.entries(secrets).filter(([variable]) => !external.includes(variable)),
  );
  const withKeys = (typed: string): App => {
    const keys = words(typed).map(
      (variable) => [variable, secrets[variable] ?? { kind: 'external' as const }] as const,
    );
    const all = { ...own, ...Object.fromEntries(keys) };
    return { ...app, secrets: Object.keys(all).length === 0 && app.secrets === undefined ? undefined : all };
  };
  const typed = await text(
    session,
    name,
    appQuestions.secrets,
    external.join(', ') || undefined,
    withKeys,
    (answer) => {
      const made = words(answer).find((variable) => Object.hasOwn(own, variable));
      return made && `${made} is made for it already`;
    },
  );
  const answered = same(words(typed), external) ? app : withKeys(typed);
  if (words(typed).length === 0) return answered;
  // A key is for somebody outside, so yes is the likelier answer.
  const egress = await session.prompter.choose({
    message: appQuestions.egress.message,
    choices: [
      { value: 'yes', name: 'yes, it calls services there' },
      { value: 'no', name: 'no' },
    ],
    ...(app.egress === false || (app.egress === undefined && external.length > 0) ? { proposal: 'no' } : {}),
  });
  return { ...answered, egress: unlessDefault(app.egress, egress === 'yes', false) };
}

/** `/`, or the app's own name where that is taken. */
function freePath({ draft }: Session, name: string): string {
  const taken = Object.values(draft.apps ?? {}).some(({ routes = [] }) =>
    routes.some(({ path = '/', host }) => path === '/' && host === undefined),
  );
  return taken ? `/${name}` : '/';
}

/** Whether the one app, directly or over others, connects to the other. */
function reaches(
  apps: Readonly<Record<string, App>>,
  from: string,
  to: string,
  seen: readonly string[] = [],
): boolean {
  return (apps[from]?.needs ?? []).some(
    (need) => need === to || (!seen.includes(need) && reaches(apps, need, to, [...seen, from])),
  );
}

function wholeNumber(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}
