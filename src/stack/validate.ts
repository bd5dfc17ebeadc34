import { ACME_NAME } from '../catalog/acme.ts';
import { catalog } from '../catalog/index.ts';
import { type AnswerPath, type AnswerProblem, suggestion } from './answer-problem.ts';
import { hostPortClashes, mountClashes, routeClashes } from './clashes.ts';
import { domainCovers, isLoopback, parseDomain } from './domains.ts';
import { buildContextProblem, mountedFolderProblem } from './folders.ts';
import { isIn, matters } from './partial.ts';
import type { AppSpec, StackSpec } from './schema.ts';
import { proxyProblems } from './trusted-proxies.ts';
import { tlsProblems } from './validate-tls.ts';

/** Names that mean something else inside the stack. */
const RESERVED = ['edge', ACME_NAME, 'internet', 'host', 'localhost', 'all', 'none', 'default', 'gateway'];

/** One rule about several answers, and the answers it looks at, as `matters` reads them. */
interface Rule {
  reads: readonly string[];
  /** Places where a part that is left out would have another meaning; whatever is gone as a whole only has no problems. */
  whole?: readonly string[];
  problems: (spec: StackSpec) => AnswerProblem[];
}

const RULES: readonly Rule[] = [
  { reads: [], problems: domainProblems },
  { reads: ['tls.**', 'domains.**'], problems: tlsProblems },
  { reads: ['services.*', 'environment'], problems: serviceProblems },
  { reads: [], whole: ['apps.*.routes.*.host', 'apps.*.routes.*.path'], problems: routeClashes },
  { reads: ['apps.*.volumes.**', 'apps.*.writable.**'], problems: mountClashes },
  // A need that was left out can only break a circle.
  { reads: [], problems: needCycles },
  {
    reads: [
      'edge.ports.**',
      'services.mailpit.**',
      'apps.*.expose.**',
      'firewall.sshPorts.**',
      'firewall.openings.**',
    ],
    problems: hostPortClashes,
  },
  { reads: ['edge.hsts.**', 'edge.contentSecurityPolicy.**'], problems: edgeProblems },
  { reads: ['edge.trustedProxies.**'], problems: proxyProblems },
];

/**
 * What the schema alone cannot see: references, clashes and combinations. Reports everything at once.
 * @param left places of wrong answers that the spec has been made without; nothing that hinges on one of them is judged
 */
export function validateSpec(spec: StackSpec, left: readonly AnswerPath[] = []): AnswerProblem[] {
  const judged = ({ reads, whole = [] }: Rule): boolean =>
    !left.some(
      (path) => reads.some((place) => matters(path, place)) || whole.some((place) => isIn(path, place)),
    );
  const ofApps = Object.entries(spec.apps).flatMap(([name, app]): Rule[] => [
    {
      reads: ['image', 'build', 'static', 'upstreamTls', 'expose'].map((key) => `apps.${name}.${key}.**`),
      problems: () => appProblems(name, app),
    },
    { reads: ['domains.**'], problems: () => routeHosts(spec, name, app) },
    {
      reads: ['apps.*', 'services.*', `apps.${name}.needs.**`, `apps.${name}.secrets.**`],
      problems: () => referenceProblems(spec, name, app),
    },
  ]);
  const [before, after] = [RULES.slice(0, 3), RULES.slice(3)];
  return [...before, ...ofApps, ...after].filter(judged).flatMap(({ problems }) => problems(spec));
}

function domainProblems(spec: StackSpec): AnswerProblem[] {
  const seen = new Map<string, number>();
  return spec.domains.flatMap((raw, index) => {
    const { ascii } = parseDomain(raw);
    const earlier = seen.get(ascii);
    seen.set(ascii, index);
    return earlier === undefined
      ? []
      : [{ path: ['domains', index], message: `is the same name as "${spec.domains[earlier]}"` }];
  });
}

function serviceProblems(spec: StackSpec): AnswerProblem[] {
  return catalog.flatMap((service) =>
    spec.services[service.name] !== undefined &&
    service.environments &&
    !service.environments.includes(spec.environment)
      ? [
          {
            path: ['services', service.name],
            atKey: true,
            message: `is not for ${spec.environment}; it is a ${service.summary}`,
            or: ['environment'],
          },
        ]
      : [],
  );
}

function appProblems(name: string, app: AppSpec): AnswerProblem[] {
  const at = (...rest: AnswerPath): AnswerPath => ['apps', name, ...rest];
  const problems: AnswerProblem[] = [];
  if (RESERVED.includes(name) || catalog.some((service) => service.name === name)) {
    problems.push({ path: at(), atKey: true, message: 'is a reserved name; call the app something else' });
  }
  if ([app.image, app.build, app.static].filter((source) => source !== undefined).length !== 1) {
    problems.push({
      path: at(),
      atKey: true,
      message: 'needs one of "image", "build" and "static"',
      hint: 'image: sample shows a built-in page',
    });
  }
  if (app.image !== undefined && app.image !== 'sample' && !/[:@][^/]+$/.test(app.image)) {
    problems.push({
      path: at('image'),
      message: 'needs a fixed tag, such as :1.4.2; without one it means "latest", which changes under you',
    });
  }
  if (app.upstreamTls && (app.static || app.image === 'sample')) {
    problems.push({
      path: at('upstreamTls'),
      atKey: true,
      message: 'is for an app of your own; this one is served without TLS',
    });
  }
  if (app.protocol === 'grpc' && app.routes.some((route) => route.cors.length > 0)) {
    problems.push({ path: at('routes'), message: 'a gRPC app has no CORS' });
  }
  app.expose.forEach((exposed, index) => {
    if (exposed.allow.length === 0 && !isLoopback(exposed.address)) {
      problems.push({
        path: at('expose', index, 'allow'),
        message: 'must list the addresses that may connect; this port passes by the edge',
        hint: 'or bind it with address: 127.0.0.1',
      });
    }
  });
  for (const [place, folder] of [
    ['static', app.static?.folder],
    ['upstreamTls', app.upstreamTls?.folder],
  ] as const) {
    const message = folder === undefined ? undefined : mountedFolderProblem(folder);
    if (message)
      problems.push({ path: at(place, 'folder'), message, hint: 'name a folder of your own, such as site' });
  }
  const message = app.build && buildContextProblem(app.build.context);
  if (message)
    problems.push({
      path: at('build', 'context'),
      message,
      hint: 'name the app’s own folder, such as ../app, or build the image elsewhere and give its name',
    });
  return problems;
}

function routeHosts({ domains }: StackSpec, name: string, { routes }: AppSpec): AnswerProblem[] {
  return routes.flatMap(({ host }, index) =>
    host === undefined || isDomain(host, domains)
      ? []
      : [
          {
            path: ['apps', name, 'routes', index, 'host'],
            message: `is not one of the domains: ${domains.join(', ')}`,
            ...(domains.some((domain) => domainCovers(domain, host))
              ? { hint: 'list it there beside the wildcard' }
              : {}),
            or: ['domains'],
          },
        ],
  );
}

/** What an app says about other apps and about services. */
function referenceProblems(spec: StackSpec, name: string, app: AppSpec): AnswerProblem[] {
  const at = (...rest: AnswerPath): AnswerPath => ['apps', name, ...rest];
  const problems: AnswerProblem[] = [];
  const known = [
    ...Object.keys(spec.services).filter((key) => spec.services[key] !== undefined),
    ...Object.keys(spec.apps),
  ];
  app.needs.forEach((need, index) => {
    if (need === name) problems.push({ path: at('needs', index), message: 'is the app itself' });
    else if (!known.includes(need))
      problems.push({
        path: at('needs', index),
        message: `is not in this stack: "${need}"`,
        ...needHint(need, known),
      });
    if (app.needs.indexOf(need) !== index)
      problems.push({ path: at('needs', index), message: 'is listed twice' });
  });
  return [...problems, ...secretProblems(spec, name, app)];
}

function secretProblems(spec: StackSpec, name: string, app: AppSpec): AnswerProblem[] {
  const problems: AnswerProblem[] = [];
  for (const [variable, secret] of Object.entries(app.secrets)) {
    const path = ['apps', name, 'secrets', variable];
    if ([variable, `${variable}_FILE`].some((one) => Object.hasOwn(app.environment, one))) {
      problems.push({ path, atKey: true, message: 'is also set under environment' });
    }
    secret.sharedWith.forEach((other, index) => {
      if (other === name || !Object.hasOwn(spec.apps, other)) {
        problems.push({
          path: [...path, 'sharedWith', index],
          message: `is not another app: "${other}"`,
          ...suggested(other, Object.keys(spec.apps)),
        });
      } else if (Object.hasOwn(spec.apps[other]!.secrets, variable)) {
        problems.push({
          path: [...path, 'sharedWith', index],
          message: `already has a secret ${variable} of its own`,
        });
      }
    });
  }
  return problems;
}

/** Apps that wait for each other would never start. */
function needCycles(spec: StackSpec): AnswerProblem[] {
  const problems: AnswerProblem[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (name: string, trail: readonly string[]): void => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') {
      const cycle = [...trail.slice(trail.indexOf(name)), name];
      problems.push({
        path: ['apps', trail.at(-1)!, 'needs'],
        message: `go round in a circle: ${cycle.join(' → ')}`,
      });
      return;
    }
    state.set(name, 'open');
    for (const need of spec.apps[name]?.needs ?? [])
      if (need !== name && Object.hasOwn(spec.apps, need)) visit(need, [...trail, name]);
    state.set(name, 'done');
  };
  for (const name of Object.keys(spec.apps)) visit(name, []);
  return problems;
}

function edgeProblems({ edge }: StackSpec): AnswerProblem[] {
  const problems: AnswerProblem[] = [];
  if (edge.hsts.preload && !edge.hsts.includeSubdomains) {
    problems.push({
      path: ['edge', 'hsts', 'preload'],
      message: 'needs includeSubdomains: true; the browsers’ list takes no other entry',
    });
  }
  for (const [what, sources] of Object.entries(edge.contentSecurityPolicy)) {
    if (Array.isArray(sources) && sources.includes("'none'") && sources.length > 1) {
      problems.push({
        path: ['edge', 'contentSecurityPolicy', what],
        message: "has other sources beside 'none', which stands alone",
      });
    }
  }
  return problems;
}

function needHint(word: string, known: readonly string[]): { hint?: string } {
  const services = catalog.map((service) => service.name);
  const near = suggestion(word, services);
  const hint = services.includes(word)
    ? 'add it under services'
    : (suggestion(word, known) ?? (near && `${near} It is to be added under services`));
  return hint ? { hint } : {};
}

function suggested(word: string, known: readonly string[]): { hint?: string } {
  const hint = suggestion(word, known);
  return hint ? { hint } : {};
}

function isDomain(host: string, domains: readonly string[]): boolean {
  const { ascii } = parseDomain(host);
  return domains.some((domain) => parseDomain(domain).ascii === ascii);
}
