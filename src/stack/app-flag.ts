import { UserError } from '../errors.ts';
import { suggestion } from './answer-problem.ts';
import type { StackInput } from './schema.ts';

type AppInput = NonNullable<StackInput['apps']>[string];

const KEYS = [
  'name',
  'image',
  'build',
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

/**
 * Reads `--app name=api,image=ghcr.io/acme/api:1.4,port=3000,path=/api,needs=postgres+redis,secret=KEY:hmac`.
 * Without `image` and `build` it is the sample page; `path=none` keeps it off the edge.
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
    parts.set(key, [...(parts.get(key) ?? []), value]);
  }
  const one = (key: string): string | undefined => parts.get(key)?.at(-1);
  const name = one('name');
  if (name === undefined) throw wrong('needs name=…');
  const path = one('path') ?? '/';
  const build = one('build');
  const host = one('host');
  const needs = parts.get('needs')?.flatMap((list) => list.split('+'));
  const secrets = parts.get('secret')?.map((secret) => secret.split(':') as [string, string | undefined]);
  return {
    name,
    app: {
      ...(build === undefined ? { image: one('image') ?? 'sample' } : { build: { context: build } }),
      ...(one('port') === undefined ? {} : { port: number(one('port')!) as number }),
      ...(one('protocol') === undefined ? {} : { protocol: one('protocol') as 'http' }),
      ...(one('health') === undefined ? {} : { health: { path: one('health')! } }),
      ...(path === 'none' ? {} : { routes: [{ ...(host === undefined ? {} : { host }), path }] }),
      ...(needs === undefined ? {} : { needs }),
      ...(secrets === undefined
        ? {}
        : {
            secrets: Object.fromEntries(
              secrets.map(([variable, kind]) => [variable, kind ? { kind: kind as 'hmac' } : {}]),
            ),
          }),
      ...(one('delivery') === undefined ? {} : { delivery: one('delivery') as 'file' }),
      ...(one('egress') === undefined ? {} : { egress: one('egress') === 'true' }),
    },
  };
}

/** The flag that gives this app, or undefined when it has settings the flag cannot express. */
export function formatAppFlag(name: string, app: AppInput): string | undefined {
  const {
    image,
    build,
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
  if (Object.keys(others).length > 0 || routes.length > 1 || build?.dockerfile !== undefined)
    return undefined;
  const { host, path, ...limits } = routes[0] ?? {};
  const { path: healthPath, ...probes } = health ?? {};
  if (Object.keys(limits).length > 0 || Object.keys(probes).length > 0) return undefined;
  if (Object.values(secrets).some(({ kind: _kind, ...rest }) => Object.keys(rest).length > 0))
    return undefined;
  return [
    `name=${name}`,
    ...(build ? [`build=${build.context}`] : [`image=${image ?? 'sample'}`]),
    ...(port === undefined ? [] : [`port=${port}`]),
    ...(protocol === undefined ? [] : [`protocol=${protocol}`]),
    ...(healthPath === undefined ? [] : [`health=${healthPath}`]),
    ...(routes.length === 0 ? ['path=none'] : [`path=${path ?? '/'}`]),
    ...(host === undefined ? [] : [`host=${host}`]),
    ...(needs.length === 0 ? [] : [`needs=${needs.join('+')}`]),
    ...Object.entries(secrets).map(([variable, { kind }]) => `secret=${variable}${kind ? `:${kind}` : ''}`),
    ...(delivery === undefined ? [] : [`delivery=${delivery}`]),
    ...(egress === undefined ? [] : [`egress=${egress}`]),
  ].join(',');
}

/** Leaves what is no number as it is, for the schema to report with its place. */
function number(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}
