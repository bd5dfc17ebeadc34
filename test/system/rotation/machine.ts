import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { digest } from '../../../src/catalog/key-value-rotation.ts';
import { scramVerifier } from '../../../src/catalog/scram.ts';
import type { RunOptions, RunOutcome } from '../../../src/engine/run.ts';
import { EXIT, UserError } from '../../../src/errors.ts';
import { parseEnvFile } from '../../../src/secrets/env-parse.ts';

/** The part of the Compose file that matters here. */
interface Described {
  environment?: Readonly<Record<string, string | number>>;
  secrets?: readonly string[];
  depends_on?: Readonly<Record<string, object>>;
}

interface Running {
  id: string;
  service: string;
  status: 'created' | 'running' | 'paused' | 'exited';
  healthy: boolean;
  created: Date;
  started: Date;
  revision: string;
  environment: readonly string[];
  mounts: readonly string[];
  /** Secret files as they were when it was started: a mounted file keeps its content. */
  files: ReadonlyMap<string, string>;
}

/** What goes wrong, before or at a call of docker. It stays so until `mend`, unless it says `restarts`. */
export const TROUBLES = [
  'the daemon is gone',
  'the daemon is gone when it has done half of what it was told',
  'the daemon restarts',
  'the daemon gives no answer',
  'postgres stops',
  'redis stops',
  'postgres is paused',
  'redis is paused',
  'postgres is cut off',
  'redis is cut off',
  'postgres restarts',
  'redis restarts',
] as const;
type Trouble = (typeof TROUBLES)[number];

/**
 * A machine on which a stack runs, as far as docker tells of it: containers with the values they were made with, a
 * PostgreSQL and a Redis that know passwords by the commands they are sent, and a clock that goes on only when somebody
 * waits.
 */
export class Machine {
  /** Calls of docker so far. */
  calls = 0;
  /** What goes wrong at the call of this number. */
  trouble: { at: number; what: Trouble } | undefined;
  /** Anything else that happens meanwhile. */
  atCall: ((call: number) => void) | undefined;
  now: number;
  /** Services whose containers do not become healthy, as far as they are made while they stand here. */
  readonly unhealthy = new Set<string>();
  /** `jobs` is healthy only when PostgreSQL accepts the password that it was started with. */
  jobsLogIn = false;
  readonly #folder: string;
  readonly #services: Readonly<Record<string, Described>>;
  #containers: Running[] = [];
  #made = 0;
  #verifiers = new Map<string, string>();
  #acl = new Map<string, Set<string>>();
  #daemon: 'up' | 'down' | 'silent' = 'up';
  #cut = new Set<string>();
  #reloads = 0;

  constructor(folder: string, now: Date) {
    this.#folder = folder;
    this.#services = parse(readFileSync(join(folder, 'docker-compose.yml'), 'utf8')).services;
    this.now = now.getTime();
    const env = this.env();
    this.#verifiers.set('postgres', scramVerifier(env['POSTGRES_PASSWORD']!, Buffer.alloc(16)));
    this.#verifiers.set('app', scramVerifier(env['POSTGRES_APP_PASSWORD']!, Buffer.alloc(16)));
    for (const service of Object.keys(this.#services)) this.#start(this.#create(service));
    this.now += 60_000;
  }

  /** The values of `.env`. */
  env(): Record<string, string> {
    const { values } = parseEnvFile(readFileSync(join(this.#folder, '.env'), 'utf8'), '.env');
    return Object.fromEntries(values.names().map((name) => [name, values.get(name)]));
  }

  /** The trouble is over: what was stopped runs, and a daemon that comes back has restarted all containers. */
  mend(): void {
    this.trouble = undefined;
    this.#cut.clear();
    const all = this.#daemon === 'down';
    this.#daemon = 'up';
    for (const one of this.#containers) {
      if (one.status === 'exited' || (all && one.status !== 'created')) this.#start(one);
      else if (one.status === 'paused') one.status = 'running';
    }
  }

  /** Something happens to the containers of a service: other people stop them, or they go wrong. */
  befall(service: string, what: 'exited' | 'unhealthy'): void {
    for (const one of this.#containers.filter((other) => other.service === service)) {
      if (what === 'exited') one.status = what;
      else one.healthy = false;
    }
  }

  /** A service has data with passwords that nobody knows. */
  forget(service: string): void {
    if (service === 'redis') for (const user of this.#acl.keys()) this.#acl.set(user, new Set());
    else this.#verifiers.set('app', scramVerifier('another', Buffer.alloc(16)));
  }

  /** A service of an override file starts, with these variables and mounts. */
  addService(service: string, environment: readonly string[], mounts: readonly string[]): void {
    const one = { ...this.#create('edge'), service, id: service, environment, mounts };
    this.#containers.splice(-1, 1, one);
    one.status = 'running';
  }

  /** `docker compose up`: containers whose configuration is another one by now are made anew. */
  composeUp(): void {
    for (const one of [...this.#containers]) {
      this.#containers = this.#containers.filter((other) => other !== one);
      const made = this.#create(one.service);
      if (made.revision !== one.revision || `${made.environment}` !== `${one.environment}`) this.#start(made);
      else this.#containers.splice(this.#containers.indexOf(made), 1, one);
    }
  }

  /** Running containers of a service. */
  running(service: string): { healthy: boolean }[] {
    return this.#running().filter((one) => one.service === service);
  }

  accepts(user: string, password: string): boolean {
    const verifier = this.#verifiers.get(user);
    return verifier === undefined
      ? this.#acl.get(user.replace('redis ', ''))!.has(digest(password))
      : matches(verifier, password);
  }

  /** Values that the running containers of an app see, by secret. */
  seen(app: 'jobs' | 'vars'): Readonly<Record<string, string | undefined>>[] {
    return this.#containers
      .filter(({ service, status }) => service === app && status === 'running')
      .map(({ environment, files }) => {
        const variable = (name: string): string | undefined =>
          environment.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
        const [database, redis] = ['DATABASE_URL', 'REDIS_URL'].map((name) =>
          /:\/\/[^:]+:([^@]+)@/.exec(variable(name) ?? files.get(`jobs_${name.toLowerCase()}`) ?? ''),
        );
        return {
          POSTGRES_APP_PASSWORD: database?.[1],
          REDIS_APP_PASSWORD: redis?.[1],
          ...(app === 'jobs' ? { JOBS_TOKEN_KEY: files.get('jobs_token_key') } : {}),
        };
      });
  }

  /** In place of the program `docker`. */
  async docker(args: readonly string[], options: RunOptions): Promise<RunOutcome> {
    this.calls += 1;
    this.now += 5;
    this.atCall?.(this.calls);
    const trouble = this.trouble?.at === this.calls ? this.trouble.what : undefined;
    const half = trouble === TROUBLES[1];
    if (trouble !== undefined && !half) this.#happen(trouble);
    if (this.#daemon === 'silent') {
      this.now += options.timeoutSeconds * 1000;
      throw new UserError(
        { message: `docker ${args[0]}: no answer within ${options.timeoutSeconds} s` },
        EXIT.failed,
      );
    }
    if (this.#daemon === 'down') return unreachable(args);
    const outcome = this.#carryOut(args, options.input ?? '', half);
    if (!half) return outcome;
    this.#daemon = 'down';
    return unreachable(args);
  }

  #happen(trouble: Trouble): void {
    const [who, ...what] = trouble.split(' ');
    if (trouble === 'the daemon restarts') for (const one of this.#running()) this.#start(one);
    else if (who === 'the') this.#daemon = trouble.endsWith('gone') ? 'down' : 'silent';
    else if (what.join(' ') === 'is cut off') this.#cut.add(who!);
    else
      for (const one of this.#running().filter(({ service }) => service === who)) {
        if (what[0] === 'stops') one.status = 'exited';
        else if (what[0] === 'restarts') this.#start(one);
        else one.status = 'paused';
      }
  }

  #running(): Running[] {
    return this.#containers.filter(({ status }) => status === 'running');
  }

  #create(service: string): Running {
    const env = this.env();
    const given = Object.entries(this.#services[service]!.environment ?? {});
    const one: Running = {
      id: `${service}${++this.#made}`,
      service,
      status: 'created',
      healthy: !this.unhealthy.has(service),
      created: new Date(this.now),
      started: new Date(0),
      revision: env[`${service.toUpperCase()}_SECRETS_REV`] ?? '',
      environment: given.map(
        ([name, value]) => `${name}=${String(value).replace(/\$\{(\w+)[^}]*\}/g, (_, id) => env[id] ?? '')}`,
      ),
      mounts: (this.#services[service]!.secrets ?? []).map((name) => join(this.#folder, 'secrets', name)),
      files: new Map(),
    };
    this.#containers.push(one);
    return one;
  }

  #start(one: Running): void {
    one.status = 'running';
    one.started = new Date(this.now);
    one.files = new Map(
      (this.#services[one.service]?.secrets ?? []).map((name) => [
        name,
        readFileSync(join(this.#folder, 'secrets', name), 'utf8'),
      ]),
    );
    if (one.service === 'jobs' && this.jobsLogIn)
      one.healthy = this.accepts('app', /:\/\/[^:]+:([^@]+)@/.exec(one.files.get('jobs_database_url')!)![1]!);
    if (one.service !== 'redis') return;
    for (const line of one.files.get('redis_users.acl')!.split('\n')) {
      const [, user, , ...rules] = line.split(' ');
      if (user) this.#acl.set(user, new Set(rules.filter((rule) => rule.startsWith('#'))));
    }
  }

  #carryOut(args: readonly string[], input: string, half: boolean): RunOutcome {
    const [command, ...words] = args as [string, ...string[]];
    const named = this.#containers.find(({ id }) => id === words.at(-1));
    switch (command) {
      case 'ps': {
        const service = /service=(\w+)/.exec(args.join(' '))?.[1];
        const found = this.#containers.filter((one) => service === undefined || one.service === service);
        return ok(found.map(({ id }) => `${id}\n`).join(''));
      }
      case 'inspect':
        return ok(
          JSON.stringify(
            words.flatMap((id) => this.#containers.filter((one) => one.id === id)).map(described),
          ),
        );
      case 'restart':
        if (named) this.#start(named);
        return ok('');
      case 'stop':
        if (named) named.status = 'exited';
        return ok('');
      case 'rm':
        this.#containers = this.#containers.filter((one) => one !== named);
        return ok('');
      case 'compose':
        return this.#up(words, half);
      case 'exec':
        return this.#exec(this.#containers.find(({ id }) => id === words[1])!, words.slice(2), input);
      default:
        throw new Error(`this machine has no docker ${args.join(' ')}`);
    }
  }

  #up(words: readonly string[], half: boolean): RunOutcome {
    const [, service, count] = /--scale (\w+)=(\d+)/.exec(words.join(' '))!;
    for (const backend of ['postgres', 'redis'])
      for (const one of this.#containers.filter((other) => other.service === backend)) {
        if (one.status === 'paused') return failed(`cannot start ${backend}, it is paused`);
        if (one.status === 'exited') this.#start(one);
      }
    const mine = () => this.#containers.filter((one) => one.service === service);
    while (mine().length < Number(count)) this.#create(service!);
    const sick = Object.keys(this.#services[service!]!.depends_on ?? {}).find((name) =>
      this.running(name).some(({ healthy }) => !healthy),
    );
    if (sick) return failed(`dependency failed to start: container ${sick} is unhealthy`);
    if (!half) for (const one of mine()) if (one.status !== 'running') this.#start(one);
    return ok('');
  }

  #exec(one: Running, argv: readonly string[], input: string): RunOutcome {
    if (one?.status !== 'running')
      return failed(`Error response from daemon: Container ${one?.id} is not running`);
    if (argv[0] === 'nginx') {
      this.#reloads += 1;
      return ok('');
    }
    if (argv[0] === 'cat') {
      const text = one.files.get(argv[1]!.replace('/run/secrets/', ''));
      return text === undefined ? failed('cat: no such file') : ok(text);
    }
    if (one.service === 'edge') return ok(`${this.#reloads} nginx: worker process\n`);
    const isCut = this.#cut.has(one.service);
    if (argv[0] === 'redis-cli')
      return isCut
        ? failed('Could not connect to Redis at redis:6379: Name or service not known')
        : this.#redis(input);
    if (argv[0] === 'psql') return this.#sql(input);
    if (isCut)
      return failed(
        'psql: error: could not translate host name "postgres" to address: Name or service not known',
      );
    const verifier = this.#verifiers.get(argv.at(-2)!);
    return verifier && matches(verifier, input.trimEnd())
      ? ok('1\n')
      : failed(`psql: error: FATAL:  password authentication failed for user "${argv.at(-2)}"`);
  }

  #redis(input: string): RunOutcome {
    const [login, command] = input.split('\n') as [string, string];
    const [, user, quoted] = /^AUTH (\w+) "(.*)"$/.exec(login)!;
    const password = quoted!.replace(/\\x(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (!this.#acl.get(user!)?.has(digest(password)))
      return ok('WRONGPASS invalid username-password pair\n\nNOAUTH\n');
    if (command === 'PING') return ok('OK\nPONG\n');
    if (command.startsWith('CLIENT KILL ')) return ok('OK\n0\n');
    const [, whose, rules] = /^ACL SETUSER (\w+) (.*)$/.exec(command)!;
    const known = this.#acl.get(whose!)!;
    for (const rule of rules!.split(' ')) {
      if (rule === 'resetpass') known.clear();
      if (rule.startsWith('#')) known.add(rule);
    }
    return ok('OK\nOK\n');
  }

  #sql(input: string): RunOutcome {
    for (const [, role, verifier] of input.matchAll(/^ALTER ROLE (\w+) LOGIN PASSWORD '([^']+)'/gm))
      this.#verifiers.set(role!, verifier!);
    return ok('');
  }
}

function matches(verifier: string, password: string): boolean {
  const salt = Buffer.from(/:(.*?)\$/.exec(verifier)![1]!, 'base64');
  return scramVerifier(password, salt) === verifier;
}

function described({
  mounts,
  id,
  service,
  status,
  healthy,
  created,
  started,
  revision,
  environment,
}: Running): object {
  return {
    Id: id,
    Created: created.toISOString(),
    State: {
      Status: status,
      StartedAt: started.toISOString(),
      Health: { Status: healthy ? 'healthy' : 'unhealthy' },
    },
    Mounts: mounts.map((source) => ({ Type: 'bind', Source: source })),
    Config: {
      Env: environment,
      Labels: {
        'com.docker.compose.service': service,
        'com.docker.compose.config-hash': `${revision} ${environment.join(' ')}`,
        'secure-stack.secrets': revision,
      },
    },
  };
}

function ok(stdout: string): RunOutcome {
  return { code: 0, stdout, stderr: '' };
}

function failed(stderr: string): RunOutcome {
  return { code: 1, stdout: '', stderr: `${stderr}\n` };
}

/** `docker inspect` prints a list all the same. */
function unreachable([command]: readonly string[]): RunOutcome {
  const gone = failed(
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
  );
  return command === 'inspect' ? { ...gone, stdout: '[]\n' } : gone;
}
