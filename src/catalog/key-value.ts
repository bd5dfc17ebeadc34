import * as v from 'valibot';
import { encodeUserinfo } from '../secrets/userinfo.ts';
import { aclUser, digest } from './key-value-rotation.ts';
import { limitsSchema } from './limits.ts';
import { type CatalogService, defineService } from './service.ts';

const USER = 'app';

const options = v.strictObject({
  persistent: v.optional(
    v.pipe(
      v.boolean(),
      v.description('Keep the data across restarts (append-only file). Without it, it is a cache in memory.'),
    ),
    true,
  ),
  maxMemory: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d*mb$/, 'must be a size such as 128mb'),
      v.description(
        'Data limit of the engine; keep it at about half of `limits.memory`, a snapshot needs the rest.',
      ),
    ),
    '128mb',
  ),
  eviction: v.optional(
    v.pipe(
      v.picklist(['noeviction', 'allkeys-lru', 'volatile-lru']),
      v.description(
        'What happens when `maxMemory` is reached: refuse writes (queues, sessions) or drop keys (caches).',
      ),
    ),
    'noeviction',
  ),
  limits: limitsSchema({ memory: '256m', cpus: 0.5, pids: 100 }),
});

type Options = v.InferOutput<typeof options>;

/** What tells one member of the Redis family from another. */
interface Engine {
  name: 'redis' | 'valkey';
  title: string;
  image: string;
  /** uid:gid of the Debian image. */
  user: string;
}

/**
 * A member of the Redis family. Passwords go into an ACL file as SHA-256 digests: the images read no password
 * variable, `--requirepass` would stand in the argument list, and ACL users can hold two passwords at once.
 */
export function keyValueService(engine: Engine): CatalogService {
  const { name, title } = engine;
  const appPassword = `${name.toUpperCase()}_APP_PASSWORD`;
  const adminPassword = `${name.toUpperCase()}_ADMIN_PASSWORD`;
  const admin = { name: 'admin', secret: adminPassword };
  const aclFile = `${name}_users.acl`;
  return defineService<Options>({
    name,
    title,
    summary: 'in-memory store: cache, sessions, queues',
    options,
    build({ options: { persistent, maxMemory, eviction, limits } }) {
      return {
        port: 6379,
        workload: {
          image: engine.image,
          command: [
            `${name}-server`,
            ...['--aclfile', `/run/secrets/${aclFile}`],
            ...['--dir', '/data', '--appendonly', persistent ? 'yes' : 'no'],
            ...(persistent ? [] : ['--save', '']),
            ...['--maxmemory', maxMemory, '--maxmemory-policy', eviction],
          ],
          // Explicit: without a user and with every capability dropped, Redis' entrypoint silently stays root.
          user: engine.user,
          environment: {},
          secretMounts: [{ name: aclFile }],
          secretVariables: [],
          tmpfs: [
            { target: '/tmp', size: '16m', mode: '1777' },
            ...(persistent ? [] : [{ target: '/data', size: '16m', mode: '0700', uid: 999, gid: 999 }]),
          ],
          volumes: persistent ? [{ name: `${name}-data`, target: '/data' }] : [],
          mounts: [],
          health: {
            // The ACL's `health` user may do nothing but PING; grep, because the client exits 0 on NOAUTH.
            test: [
              'CMD-SHELL',
              `${name}-cli --user health --pass health --no-auth-warning ping | grep -q PONG`,
            ],
            intervalSeconds: 10,
            timeoutSeconds: 3,
            retries: 5,
            startPeriodSeconds: 20,
          },
          limits,
          stopGraceSeconds: 30,
          capAdd: [],
          published: [],
        },
        secrets: [
          {
            id: appPassword,
            kind: 'password',
            class: 'engine',
            what: `${title} user ${USER}, which the apps log in with`,
            placeholder: 'generated',
            consumers: [name],
          },
          {
            id: adminPassword,
            kind: 'password',
            class: 'engine',
            what: `${title} user admin, for the operator`,
            placeholder: 'generated',
            consumers: [name],
          },
        ],
        secretFiles: [
          {
            name: aclFile,
            from: [appPassword, adminPassword],
            consumers: [name],
            content: (value, previous) => {
              const passwords = (id: string) => [
                digest(value(id)),
                ...(previous(id) ? [digest(previous(id))] : []),
              ];
              return [
                'user default off',
                // Everything but what could harm the server itself; INFO is what client libraries ask when they connect.
                `user ${USER} on ${passwords(appPassword).join(' ')} ~* &* +@all -@admin -@dangerous +info`,
                `user admin on ${passwords(adminPassword).join(' ')} ~* &* +@all`,
                'user health on nopass resetkeys resetchannels -@all +ping',
                '',
              ].join('\n');
            },
          },
        ],
        files: [],
        credentials: [
          aclUser({ engine: name, name: USER, secret: appPassword, admin }),
          aclUser({ engine: name, name: admin.name, secret: adminPassword, admin }),
        ],
      };
    },
    connect() {
      return {
        environment: { REDIS_HOST: name, REDIS_PORT: '6379', REDIS_USERNAME: USER },
        secrets: [
          {
            variable: 'REDIS_URL',
            what: `${title} connection URL`,
            placeholder: `redis://${USER}:password@${name}:6379/0`,
            from: [appPassword],
            derive: (value) => `redis://${USER}:${encodeUserinfo(value(appPassword))}@${name}:6379/0`,
          },
        ],
      };
    },
  });
}
