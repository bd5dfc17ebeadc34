import * as v from 'valibot';
import { encodeUserinfo } from '../secrets/userinfo.ts';
import type { SecretFile } from '../stack/model.ts';
import { limitsSchema } from './limits.ts';
import {
  APP_PASSWORD,
  APP_ROLE,
  appLogin,
  OWNER,
  ROLES,
  SUPERUSER_PASSWORD,
  superuser,
} from './postgres-rotation.ts';
import { defineService } from './service.ts';

/**
 * PostgreSQL, the Docker official image.
 *
 * Sources: docker-library/postgres 17/trixie and 18/trixie (Dockerfile, docker-entrypoint.sh),
 * docker-library/official-images library/postgres.
 */
const IMAGES = { 17: 'postgres:17.11-trixie', 18: 'postgres:18.6-trixie' } as const;

/** 18 moved VOLUME up one level and refuses to start when it finds a cluster in the old place. */
const DATA = { 17: '/var/lib/postgresql/data', 18: '/var/lib/postgresql' } as const;

/** Debian variants; the Alpine ones use 70. */
const UID = 999;

const options = v.strictObject({
  version: v.optional(v.pipe(v.picklist([17, 18]), v.description('Major version.')), 18),
  database: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be lower-case letters, digits and "_", starting with a letter'),
      v.check(
        (name) => !['postgres', 'template0', 'template1'].includes(name),
        'is a database of the server itself',
      ),
      v.description('Database created on the first start; its owner is the role `app`.'),
    ),
    'app',
  ),
  rotation: v.optional(
    v.pipe(
      v.picklist(['single', 'two-role']),
      v.description(
        '`single`: the apps log in as one role, and a new password costs the requests of their restart; `two-role`: each rotation gives them the other one of `app_a` and `app_b`, and logins never fail. May be changed at any time; the next rotation goes by it.',
      ),
    ),
    'single',
  ),
  limits: limitsSchema({ memory: '512m', cpus: 1, pids: 200 }),
});

type Options = v.InferOutput<typeof options>;

export const postgres = defineService<Options>({
  name: 'postgres',
  title: 'PostgreSQL',
  summary: 'relational database',
  options,
  build({ options: { version, database, rotation, limits } }) {
    return {
      port: 5432,
      workload: {
        image: IMAGES[version],
        user: `${UID}:${UID}`,
        environment: {
          POSTGRES_DB: database,
          POSTGRES_PASSWORD_FILE: '/run/secrets/postgres_password',
          // Local connections by operating-system user instead of the image's `trust`, so that nothing in the
          // container gets in without being the server's own account; the operator still can, for repairs.
          POSTGRES_INITDB_ARGS: '--auth-local=peer --auth-host=scram-sha-256 --data-checksums',
        },
        secretMounts: [
          { name: 'postgres_password' },
          { name: 'postgres_app_password' },
          { name: 'postgres_app_role' },
        ],
        secretVariables: [],
        tmpfs: [
          { target: '/var/run/postgresql', size: '16m', mode: '0775', uid: UID, gid: UID },
          { target: '/tmp', size: '64m', mode: '1777' },
        ],
        volumes: [{ name: 'postgres-data', target: DATA[version] }],
        mounts: [{ source: 'postgres/init', target: '/docker-entrypoint-initdb.d' }],
        health: {
          // Over TCP on purpose: the server of the first initialisation listens on the socket only and is not ready yet.
          test: ['CMD', 'pg_isready', '-q', '-h', '127.0.0.1', '-U', 'postgres', '-d', database],
          intervalSeconds: 10,
          timeoutSeconds: 5,
          retries: 6,
          startPeriodSeconds: 60,
        },
        limits,
        // Docker's 64 MB makes parallel queries fail with "could not resize shared memory segment".
        shmSize: '256m',
        // Fast shutdown; the image's own choice, and its Dockerfile advises 90 s or more.
        stopSignal: 'SIGINT',
        stopGraceSeconds: 90,
        capAdd: [],
        published: [],
      },
      secrets: [
        {
          id: SUPERUSER_PASSWORD,
          kind: 'password',
          class: 'bootstrap',
          what: 'PostgreSQL superuser postgres; read by the image on the first start only',
          placeholder: 'generated',
          consumers: ['postgres'],
        },
        {
          id: APP_PASSWORD,
          kind: 'password',
          class: 'engine',
          what: `PostgreSQL login of the apps, the role named by ${APP_ROLE}`,
          placeholder: 'generated',
          consumers: ['postgres'],
        },
        {
          id: APP_ROLE,
          kind: 'setting',
          class: 'engine',
          what: 'not secret: the role that the apps log in as; only a rotation may change it',
          placeholder: OWNER,
          values: ROLES,
          consumers: ['postgres'],
        },
      ],
      secretFiles: [
        initFile('postgres_password', SUPERUSER_PASSWORD),
        initFile('postgres_app_password', APP_PASSWORD),
        initFile('postgres_app_role', APP_ROLE),
      ],
      files: [{ path: 'postgres/init/10-app-role.sh', mode: 0o755, content: INIT_SCRIPT }],
      credentials: [appLogin(database, { twoRole: rotation === 'two-role' }), superuser()],
    };
  },
  connect({ database }) {
    return {
      environment: { PGHOST: 'postgres', PGPORT: '5432', PGDATABASE: database },
      settings: [{ variable: 'PGUSER', from: APP_ROLE }],
      secrets: [
        {
          variable: 'DATABASE_URL',
          what: 'PostgreSQL connection URL',
          placeholder: `postgresql://${OWNER}:password@postgres:5432/${database}`,
          from: [APP_PASSWORD, APP_ROLE],
          derive: (value) =>
            `postgresql://${value(APP_ROLE)}:${encodeUserinfo(value(APP_PASSWORD))}@postgres:5432/${database}`,
        },
      ],
    };
  },
});

/** One value, read when the volume is empty and never again. */
function initFile(name: string, id: string): SecretFile {
  return { name, from: [id], content: (value) => value(id), consumers: ['postgres'], readOnce: true };
}

/**
 * Runs once, when the volume is empty. The apps' role is not the superuser that POSTGRES_USER would create.
 * psql reads the password itself, so that it stands in no argument list. A login that is not the owner works under its
 * name from the moment it has logged in, so that what it makes belongs to the owner.
 */
const INIT_SCRIPT = `#!/bin/bash
# Runs once, on the first start with an empty volume: the role that the apps log in as.
# The role "${OWNER}" owns the apps' database and nothing else; the superuser stays with the operator.
set -euo pipefail
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username postgres --dbname postgres --set=database="$POSTGRES_DB" <<'SQL'
\\set password \`cat /run/secrets/postgres_app_password\`
\\set login \`cat /run/secrets/postgres_app_role\`
CREATE ROLE ${OWNER} NOLOGIN;
SELECT :'login' <> '${OWNER}' AS apart \\gset
\\if :apart
CREATE ROLE :"login" NOLOGIN IN ROLE ${OWNER};
ALTER ROLE :"login" SET role TO '${OWNER}';
\\endif
ALTER ROLE :"login" LOGIN PASSWORD :'password';
ALTER DATABASE :"database" OWNER TO ${OWNER};
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
`;
