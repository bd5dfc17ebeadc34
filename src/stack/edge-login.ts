import { createHash, createHmac } from 'node:crypto';
import type { Secret, SecretFile, SecretMount } from './model.ts';
import type { StackSpec } from './schema.ts';

/** The one user of every login at the edge. */
export const LOGIN_USER = 'admin';

/** The file nginx takes for known logins out of the count of failed ones. */
export const LOGIN_KEYS_FILE = 'edge_login_keys';

/** Name of the htpasswd file of an app's routes. No app can be called "edge", so no secret of an app has this name. */
export function loginFile(app: string): string {
  return `edge_login_${app}`.replaceAll('-', '_');
}

export interface EdgeLogins {
  secrets: Secret[];
  files: SecretFile[];
  mounts: SecretMount[];
}

/** Passwords and files for the routes with `auth: basic`, one login an app. */
export function edgeLogins({ apps }: Pick<StackSpec, 'apps'>): EdgeLogins {
  const names = Object.keys(apps).filter((name) => apps[name]!.routes.some(({ auth }) => auth === 'basic'));
  const id = (app: string): string => `${loginFile(app)}_PASSWORD`.toUpperCase();
  const consumers = ['edge'];
  const files: SecretFile[] = names.map((app) => ({
    name: loginFile(app),
    from: [id(app)],
    content: (value) => htpasswdLine(LOGIN_USER, value(id(app))),
    consumers,
  }));
  if (names.length > 0)
    files.push({
      name: LOGIN_KEYS_FILE,
      from: names.map(id),
      content: (value) => [...new Set(names.map((app) => knownLogin(value(id(app)))))].join('\n'),
      consumers,
    });
  return {
    secrets: names.map((app) => ({
      id: id(app),
      kind: 'password',
      class: 'signing',
      what: `password of the user ${LOGIN_USER} where the edge guards ${app}`,
      placeholder: 'generated',
      consumers,
    })),
    files,
    mounts: files.map(({ name }) => ({ name })),
  };
}

/**
 * One line of an htpasswd file in the scheme {SSHA}, which nginx computes itself, whatever the C library's crypt() knows.
 * A slow hash protects passwords that people choose. This one is 256 random bits, which no speed of hashing searches,
 * while nginx hashes on every request and for every attacker: bcrypt's cost 12 would let one client occupy a worker
 * with three requests a second. The salt is derived, so that the same password gives the same file.
 */
export function htpasswdLine(user: string, password: string): string {
  const salt = createHmac('sha256', password).update('htpasswd salt').digest().subarray(0, 16);
  const digest = createHash('sha1').update(password).update(salt).digest();
  return `${user}:{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`;
}

/** A line of an nginx map: the header of a right login has an empty key, which no limit counts. */
function knownLogin(password: string): string {
  return `"Basic ${Buffer.from(`${LOGIN_USER}:${password}`).toString('base64')}" "";`;
}
