import { catalog } from '../catalog/index.ts';
import { STATIC_PORT } from '../catalog/static.ts';
import { UserError } from '../errors.ts';
import { knownKey } from '../secrets/known-keys.ts';
import type {
  KeyOverlap,
  Secret,
  SecretClass,
  SecretFile,
  SecretKind,
  SecretMount,
  SecretVariable,
} from './model.ts';
import type { AppSpec, StackSpec } from './schema.ts';

/** How one app's container gets its connection settings and secrets. */
export interface AppWiring {
  environment: Record<string, string>;
  mounts: SecretMount[];
  variables: SecretVariable[];
}

export interface AppSecrets {
  secrets: Secret[];
  files: SecretFile[];
  wiring: Map<string, AppWiring>;
}

/**
 * The secrets of the user's apps: their own, the ones shared with them, and what the services they need give them.
 * @throws {UserError} when two secrets would meet under one name
 */
export function appSecrets(spec: StackSpec): AppSecrets {
  const result: AppSecrets = { secrets: [], files: [], wiring: new Map() };
  for (const [name, app] of Object.entries(spec.apps)) {
    result.wiring.set(name, { environment: {}, mounts: [], variables: [] });
    for (const need of app.needs) connect(result, spec, name, app, need);
  }
  for (const [name, app] of Object.entries(spec.apps))
    for (const variable of Object.keys(app.secrets)) own(result, spec, name, app, variable);
  refuseClashes(result, spec);
  return result;
}

/** Id in `.env` of an app's variable: `API_SESSION_KEY`. */
function secretId(app: string, variable: string): string {
  return `${app}_${variable}`.toUpperCase().replaceAll('-', '_');
}

function connect(result: AppSecrets, spec: StackSpec, name: string, app: AppSpec, need: string): void {
  const wiring = result.wiring.get(name)!;
  const service = catalog.find((candidate) => candidate.name === need);
  if (!service) {
    const target = spec.apps[need]!;
    wiring.environment[`${need.toUpperCase().replaceAll('-', '_')}_URL`] =
      target.image === 'sample' || target.static
        ? `http://${need}:${STATIC_PORT}`
        : `http${target.upstreamTls ? 's' : ''}://${need}:${target.port}`;
    return;
  }
  const { environment, settings = [], secrets } = service.connect(spec.services[need]);
  Object.assign(wiring.environment, environment);
  for (const { variable, from } of settings) wiring.variables.push({ variable, secret: from, plain: true });
  for (const secret of secrets) {
    const id = secretId(name, secret.variable);
    if (app.delivery === 'variable') {
      result.secrets.push({
        id,
        kind: 'derived',
        class: 'engine',
        what: `${secret.what} of ${name}; made from ${secret.from.join(', ')}`,
        placeholder: secret.placeholder,
        consumers: [name],
        derive: secret.derive,
      });
      wiring.variables.push({ variable: secret.variable, secret: id });
    } else {
      addFile(result, wiring, name, secret.variable, { from: secret.from, content: secret.derive });
    }
  }
}

function own(result: AppSecrets, spec: StackSpec, name: string, app: AppSpec, variable: string): void {
  const secret = app.secrets[variable]!;
  const id = secretId(name, variable);
  const consumers = [name, ...secret.sharedWith];
  const known = secret.kind === 'external' ? knownKey(variable) : undefined;
  const secretClass = secret.class ?? classOf(secret.kind);
  const overlap = keyOverlap(spec, id, secretClass, secret, consumers);
  result.secrets.push({
    id,
    kind: secret.kind as SecretKind,
    class: secretClass,
    what: `${variable} of ${consumers.join(' and ')}${known?.url ? `; from ${known.url}` : secret.kind === 'external' ? '; yours to enter' : ''}`,
    placeholder: known?.placeholder ?? (secret.kind === 'external' ? 'your-value' : 'generated'),
    consumers,
    ...(overlap ? { overlap } : {}),
  });
  const previous = overlap?.previous;
  if (previous !== undefined) {
    result.secrets.push({
      id: previous,
      kind: 'previous',
      class: secretClass,
      what: `replaced ${variable} of ${consumers.join(' and ')}, still accepted; blank when there is none`,
      placeholder: '',
      consumers,
    });
  }
  for (const consumer of consumers) {
    const wiring = result.wiring.get(consumer)!;
    const byVariable = (secret.delivery ?? spec.apps[consumer]!.delivery) === 'variable';
    if (byVariable) wiring.variables.push({ variable, secret: id });
    else addFile(result, wiring, consumer, variable, { from: [id], content: (value) => value(id) });
    if (previous === undefined) continue;
    const both = `${variable}_PREVIOUS`;
    if (byVariable) wiring.variables.push({ variable: both, secret: previous, optional: true });
    else {
      const content = (value: (id: string) => string): string => value(previous);
      addFile(result, wiring, consumer, both, { from: [previous], content, optional: true });
    }
  }
}

/** How the app takes a new key. A key of stored data needs the user's word that the app knows two of them. */
function keyOverlap(
  { apps }: StackSpec,
  id: string,
  secretClass: SecretClass,
  { overlap = secretClass === 'signing', overlapHours }: AppSpec['secrets'][string],
  consumers: readonly string[],
): KeyOverlap | undefined {
  if (secretClass !== 'signing' && secretClass !== 'encryption') return undefined;
  return {
    ...(overlap ? { previous: `${id}_PREVIOUS` } : {}),
    hours: overlapHours,
    reencrypt:
      secretClass === 'encryption'
        ? Object.fromEntries(
            consumers.flatMap((name) => {
              const command = apps[name]!.reencrypt;
              return command ? [[name, command]] : [];
            }),
          )
        : {},
  };
}

function addFile(
  result: AppSecrets,
  wiring: AppWiring,
  app: string,
  variable: string,
  file: Pick<SecretFile, 'from' | 'content' | 'optional'>,
): void {
  const name = `${app}_${variable.toLowerCase()}`.replaceAll('-', '_');
  result.files.push({ name, consumers: [app], ...file });
  wiring.mounts.push({ name, variable: `${variable}_FILE` });
}

/** The class of a secret that names none. */
export function classOf(kind: SecretKind): SecretClass {
  if (kind === 'external') return 'external';
  return kind === 'fernet' ? 'encryption' : 'signing';
}

function refuseClashes({ secrets, wiring }: AppSecrets, spec: StackSpec): void {
  const problems = [];
  const ids = secrets.map(({ id }) => id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) {
    problems.push({
      message: `two secrets would both be called ${id} in .env; rename one of the apps or variables`,
    });
  }
  for (const [name, { environment, mounts, variables }] of wiring) {
    const given = [
      ...Object.keys(environment),
      ...mounts.map(({ variable }) => variable!),
      ...variables.map(({ variable }) => variable),
    ];
    for (const variable of new Set(given.filter((one, index) => given.indexOf(one) !== index))) {
      problems.push({
        path: `apps.${name}`,
        message: `${variable} would be set twice: two of its needs or secrets use that name`,
      });
    }
    for (const variable of Object.keys(spec.apps[name]!.environment)) {
      if (
        mounts.some((mount) => mount.variable === variable) ||
        variables.some((one) => one.variable === variable)
      ) {
        problems.push({
          path: `apps.${name}.environment.${variable}`,
          message: 'is set by one of its needs or secrets',
        });
      }
    }
  }
  if (problems.length > 0) throw new UserError(problems);
}
