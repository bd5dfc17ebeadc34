import { EXIT, UserError } from '../errors.ts';
import { checkSetting } from '../secrets/kinds.ts';
import type { CommandContext, Credential, EngineCommand, LoginResult, Outcome, Values } from './rotation.ts';
import { scramVerifier } from './scram.ts';

/** The role that owns the database. It is the apps' first login, too. */
export const OWNER = 'app';
/** The two logins that take its place in turn, made when a rotation needs them. */
const LOGINS = ['app_a', 'app_b'] as const;
export const ROLES: readonly string[] = [OWNER, ...LOGINS];

export const APP_PASSWORD = 'POSTGRES_APP_PASSWORD';
export const APP_ROLE = 'POSTGRES_APP_ROLE';
export const SUPERUSER_PASSWORD = 'POSTGRES_PASSWORD';

const shared = {
  service: 'postgres',
  keptIn: { volume: 'postgres-data' },
} as const;

/**
 * What the apps log in as. PostgreSQL keeps one password per role: with a single one, the apps' new connections need the
 * new password from its change on. With two roles the new one is enabled, the apps move over, the old one is disabled.
 * Objects belong to the owner whoever made them, because `SET role` makes both logins work as it.
 *
 * Which role is in use stands in `.env`, in both ways the same, so that a stack may change from one to the other at any
 * time: nothing but its next rotation differs.
 */
export function appLogin(database: string, { twoRole }: { twoRole: boolean }): Credential {
  const role = { secret: APP_PASSWORD, user: 'the apps’ role', name: loginOf, database };
  return {
    ...roleCredential(role),
    overlap: twoRole,
    ...(twoRole
      ? { companions: (before) => ({ [APP_ROLE]: LOGINS.find((login) => login !== loginOf(before))! }) }
      : {}),
    accept: (side, context) => {
      const login = loginOf(side);
      return administer([
        ensureRole(OWNER),
        ...(login === OWNER
          ? []
          : [
              ensureRole(login),
              `GRANT ${OWNER} TO ${login};`,
              `ALTER ROLE ${login} SET role TO '${OWNER}';`,
            ]),
        `ALTER ROLE ${login} LOGIN PASSWORD ${verifier(side(APP_PASSWORD), context)};`,
      ]);
    },
    // Not only the login of that side: nobody else of them has a business to log in.
    revoke: (_side, { remaining }) => {
      const others = ROLES.filter((login) => login !== loginOf(remaining));
      return administer([...others.map(disableIfThere), ...others.map(endSessionsOf)]);
    },
  };
}

/** The superuser. The image reads its password file on the first start only. */
export function superuser(): Credential {
  const role = {
    secret: SUPERUSER_PASSWORD,
    user: 'superuser postgres',
    name: () => 'postgres',
    database: 'postgres',
  };
  return roleCredential(role);
}

interface Role {
  secret: string;
  user: string;
  name: (side: Values) => string;
  database: string;
}

function roleCredential({ secret, user, name, database }: Role): Credential {
  return {
    ...shared,
    secret,
    user,
    overlap: false,
    accept: (side, context) =>
      administer([`ALTER ROLE ${name(side)} LOGIN PASSWORD ${verifier(side(secret), context)};`]),
    login: (side) => login(name(side), database, side(secret)),
    endSessions: (side) => administer([endSessionsOf(name(side))]),
  };
}

/** @throws {UserError} for a name that is not ours, which must not reach an SQL text */
function loginOf(side: Values): string {
  const name = side(APP_ROLE);
  const problem = checkSetting({ id: APP_ROLE, values: ROLES }, name);
  if (problem) throw new UserError(problem, EXIT.refused);
  return name;
}

/** A quoted SCRAM verifier; its alphabet holds no quote. */
function verifier(password: string, { random }: CommandContext): string {
  return `'${scramVerifier(password, random(16))}'`;
}

function ensureRole(name: string): string {
  return `SELECT 'CREATE ROLE ${name} NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') \\gexec`;
}

function disableIfThere(name: string): string {
  return `SELECT 'ALTER ROLE ${name} NOLOGIN PASSWORD NULL' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') \\gexec`;
}

function endSessionsOf(role: string): string {
  return `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '${role}' AND pid <> pg_backend_pid();`;
}

/**
 * Runs SQL as the superuser over the local socket, where the server trusts its own operating-system account (peer): it
 * works whatever passwords are set, also for repairs. Each statement takes effect at once and may be repeated.
 */
function administer(statements: readonly string[]): EngineCommand<void> {
  return {
    argv: ['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'postgres', '-f', '-'],
    input: [
      // Only verifiers are sent, but they are nobody's business either.
      "SET log_statement = 'none';",
      'SET log_min_duration_statement = -1;',
      "SET log_min_error_statement = 'panic';",
      ...statements,
      '',
    ].join('\n'),
    read: (outcome) => {
      if (outcome.code !== 0) throw new Error(lastLine(outcome));
    },
  };
}

/** By the service's network name: from 127.0.0.1 the server could have other rules than for the apps. */
function login(role: string, database: string, password: string): EngineCommand<LoginResult> {
  return {
    argv: [
      'sh',
      '-c',
      'IFS= read -r PGPASSWORD; export PGPASSWORD PGCONNECT_TIMEOUT=5; exec psql -X -w -h postgres -U "$1" -d "$2" -Atc "SELECT 1"',
      'login',
      role,
      database,
    ],
    input: `${password}\n`,
    read: (outcome) => {
      if (outcome.code === 0) return 'accepted';
      if (/authentication failed|not permitted to log in|role "[^"]*" does not exist/.test(outcome.stderr))
        return 'refused';
      throw new Error(lastLine(outcome));
    },
  };
}

function lastLine({ code, stderr, stdout }: Outcome): string {
  return stderr.trim().split('\n').at(-1) || stdout.trim().split('\n').at(-1) || `ended with ${code}`;
}
