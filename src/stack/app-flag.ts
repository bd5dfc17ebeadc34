import { UserError } from '../errors.ts';
import { suggestion } from './answer-problem.ts';
import { parseRoute, routeWord } from './route-text.ts';
import type { StackInput } from './schema.ts';

type AppInput = NonNullable<StackInput['apps']>[string];
type AppSecret = NonNullable<AppInput['secrets']>[string];

const KEYS = [
  'name',
  'image',
  'build',
  'static',
  'port',
  'protocol',
  'path',
  'host',
  'health',
  'needs',
  'secret',
  'delivery',
  'egress',
];

/** Keys that may be given several times. */
const LISTS = ['needs', 'secret'];
/** Each of them says what runs; one is enough. */
const SOURCES = ['image', 'build', 'static'];

/**
 * Reads `--app name=api,image=ghcr.io/acme/api:1.4,port=3000,path=/api,needs=postgres+redis,secret=KEY:hmac`.
 * Without `image`, `build` and `static` it is the sample page; `path=none` keeps it off the edge, `path=/a+b.example/c` gives
 * several routes. Behind a secret's kind may stand its class and its delivery: `secret=KEY:base64:encryption:variable`.
 * @throws {UserError} naming the part that is wrong
 */
export function parseAppFlag(text: string): { name: string; app: AppInput } {
  const wrong = (message: string, hint?: string) =>
    new UserError({ message: `--app ${text}: ${message}`, ...(hint ? { hint } : {}) });
  const parts = new Map<string, string[]>();
  for (const part of text.split(',')) {
    const [, key, value] = /^([a-z]+)=(.+)$/.exec(part.trim()) ?? [];
    if (key === undefined || value === undefined) throw wrong(`"${part}" is not KEY=VALUE`);
    if (!KEYS.includes(key)) throw wrong(`"${key}" is not known`, suggestion(key, KEYS));
    if (parts.has(key) && !LISTS.includes(key)) throw wrong(`"${key}" is given twice`);
    parts.set(key, [...(parts.get(key) ?? []), value]);
  }
  const one = (key: string): string | undefined => parts.get(key)?.[0];
  const name = one('name');
  if (name === undefined) throw wrong('needs name=…');
  const path = one('path') ?? '/';
  const build = one('build');
  const folder = one('static');
  const host = one('host');
  const egress = one('egress');
  const sources = SOURCES.filter((key) => parts.has(key));
  if (sources.length > 1) throw wrong(`takes one of ${SOURCES.join(', ')}, not ${sources.join(' and ')}`);
  if (host !== undefined && path === 'none') throw wrong('"host" has no meaning with path=none');
  if (host !== undefined && path.includes('+'))
    throw wrong(`several paths: put the domain before each, as in path=${host}/a+${host}/b`);
  if (egress !== undefined && egress !== 'true' && egress !== 'false')
    throw wrong(`"egress" must be true or false, not "${egress}"`);
  const needs = parts.get('needs')?.flatMap((list) => list.split('+'));
  const secrets = parts.get('secret')?.map((secret): [string, AppSecret] => {
    const [variable, kind, ...more] = secret.split(':');
    const isDelivery = (word: string): word is 'file' | 'variable' => word === 'file' || word === 'variable';
    const [delivery, ...ways] = more.filter(isDelivery);
    const [name, ...classes] = more.filter((word) => word !== '' && !isDelivery(word));
    if (ways.length + classes.length > 0)
      throw wrong(`secret ${variable} has more than a kind, a class and a delivery`);
    return [
      variable!,
      {
        ...(kind ? { kind: kind as 'hmac' } : {}),
        ...(name === undefined ? {} : { class: name as 'signing' }),
        ...(delivery === undefined ? {} : { delivery }),
      },
    ];
  });
  const twice = secrets?.find(
    ([variable], index) => secrets.findIndex(([other]) => other === variable) < index,
  );
  if (twice) throw wrong(`secret ${twice[0]} is given twice`);
  return {
    name,
    app: {
      ...(build !== undefined
        ? { build: { context: build } }
        : folder !== undefined
          ? { static: { folder } }
          : { image: one('image') ?? 'sample' }),
      ...(one('port') === undefined ? {} : { port: number(one('port')!) as number }),
      ...(one('protocol') === undefined ? {} : { protocol: one('protocol') as 'http' }),
      ...(one('health') === undefined ? {} : { health: { path: one('health')! } }),
      ...(path === 'none' ? {} : { routes: routesOf(path, host) }),
      ...(needs === undefined ? {} : { needs }),
      ...(secrets === undefined ? {} : { secrets: Object.fromEntries(secrets) }),
      ...(one('delivery') === undefined ? {} : { delivery: one('delivery') as 'file' }),
      ...(egress === undefined ? {} : { egress: egress === 'true' }),
    },
  };
}

/** The flag that gives this app, or undefined when it has settings the flag cannot express. */
export function formatAppFlag(name: string, app: AppInput): string | undefined {
  const {
    image,
    build,
    static: site,
    port,
    protocol,
    health,
    routes = [],
    needs = [],
    secrets = {},
    delivery,
    egress,
    ...others
  } = app;
  if (Object.keys(others).length > 0 || build?.dockerfile !== undefined) return undefined;
  const { folder, ...pages } = site ?? {};
  const limits = Object.assign({}, ...routes.map(({ host: _host, path: _path, ...rest }) => rest));
  const { path: healthPath, ...probes } = health ?? {};
  if ([limits, probes, pages].some((rest) => Object.keys(rest).length > 0)) return undefined;
  if (
    Object.values(secrets).some(
      ({ kind: _kind, class: _class, delivery: _delivery, ...rest }) => Object.keys(rest).length > 0,
    )
  )
    return undefined;
  const [{ host } = {}] = routes.length === 1 ? routes : [];
  const parts = [
    `name=${name}`,
    ...(build
      ? [`build=${build.context}`]
      : folder !== undefined
        ? [`static=${folder}`]
        : [`image=${image ?? 'sample'}`]),
    ...(port === undefined ? [] : [`port=${port}`]),
    ...(protocol === undefined ? [] : [`protocol=${protocol}`]),
    ...(healthPath === undefined ? [] : [`health=${healthPath}`]),
    `path=${routes.map((route) => (host === undefined ? routeWord(route) : (route.path ?? '/'))).join('+') || 'none'}`,
    ...(host === undefined ? [] : [`host=${host}`]),
    ...(needs.length === 0 ? [] : [`needs=${needs.join('+')}`]),
    ...Object.entries(secrets).map(([variable, secret]) => `secret=${secretWord(variable, secret)}`),
    ...(delivery === undefined ? [] : [`delivery=${delivery}`]),
    ...(egress === undefined ? [] : [`egress=${egress}`]),
  ];
  // A comma would end the part, a space at its end be cut off.
  return parts.some((part) => /[,\n]/.test(part) || part !== part.trim()) ? undefined : parts.join(',');
}

function routesOf(path: string, host: string | undefined): NonNullable<AppInput['routes']> {
  return host === undefined ? path.split('+').map(parseRoute) : [{ host, path }];
}

/** `KEY`, `KEY:hmac`, `KEY::encryption:variable`. */
function secretWord(variable: string, { kind, class: name, delivery }: AppSecret): string {
  const more = [name, delivery].filter((word) => word !== undefined);
  return [variable, ...(kind === undefined && more.length === 0 ? [] : [kind]), ...more].join(':');
}

/** Leaves what is no number as it is, for the schema to report with its place. */
function number(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}
