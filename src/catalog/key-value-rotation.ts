import { createHash } from 'node:crypto';
import type { Credential, EngineCommand, LoginResult, Outcome, Values } from './rotation.ts';

interface User {
  /** `redis` or `valkey`: the service, its host name and the beginning of its client's name. */
  engine: string;
  name: string;
  /** Secret that holds the password. */
  secret: string;
  admin: { name: string; secret: string };
}

/**
 * A user of the Redis family. ACL users hold any number of passwords, so old and new live side by side until every
 * client has moved over. Only digests are sent; `ACL LOAD` is avoided, because it ends the sessions of all users.
 */
export function aclUser({ engine, name, secret, admin }: User): Credential {
  const run = (side: Values, command: string): EngineCommand<void> =>
    session(engine, admin.name, side(admin.secret), command, (reply) => {
      if (!/^(OK|\d+)$/.test(reply)) throw new Error(reply);
    });
  return {
    secret,
    service: engine,
    user: `user ${name}`,
    overlap: true,
    keptIn: 'files',
    authority: admin.secret,
    accept: (side, { authority }) => run(authority, `ACL SETUSER ${name} on ${digest(side(secret))}`),
    login: (side) =>
      session(engine, name, side(secret), 'PING', (reply): LoginResult => {
        if (reply === 'PONG') return 'accepted';
        if (/^(WRONGPASS|NOAUTH|ERR invalid password)/.test(reply)) return 'refused';
        throw new Error(reply);
      }),
    // `resetpass` with the one that stays, instead of removing the other: it can be repeated, and leaves exactly one.
    revoke: (_side, { authority, remaining }) =>
      run(authority, `ACL SETUSER ${name} resetpass ${digest(remaining(secret))}`),
    endSessions: (_side, { authority }) => run(authority, `CLIENT KILL USER ${name} SKIPME yes`),
  };
}

/** ACL form of a password. A plain digest is safe here: the password is random with 256 bits, not guessable. */
export function digest(password: string): string {
  return `#${createHash('sha256').update(password).digest('hex')}`;
}

/**
 * Logs in and sends one command, both on the client's standard input: the server leaves AUTH out of MONITOR and its
 * slow log, and the client keeps no history when it is not on a terminal.
 */
function session<Result>(
  engine: string,
  user: string,
  password: string,
  command: string,
  read: (reply: string) => Result,
): EngineCommand<Result> {
  return {
    argv: [`${engine}-cli`, '-h', engine],
    input: `AUTH ${user} ${quoted(password)}\n${command}\n`,
    read: (outcome) => read(reply(outcome)),
  };
}

/** The line of the reply that decides: the refusal of AUTH if it was refused, else the command's. */
function reply({ code, stdout, stderr }: Outcome): string {
  const lines = stdout.trim().split('\n');
  if (code !== 0 && lines[0] === '') return stderr.trim().split('\n').at(-1) || `ended with ${code}`;
  return lines[0] === 'OK' ? (lines.at(-1) ?? '') : lines[0]!;
}

/** A word of the client's own quoting, where `\xhh` stands for a byte. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) =>
    /[A-Za-z0-9]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `"${bytes.join('')}"`;
}
