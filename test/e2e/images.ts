import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunResult, run } from './process.ts';

/*
 * Stand-ins for the official images, built from Debian packages, so that the compose files a user gets run unmodified
 * where no registry can be reached. An image that is already there under the same tag without our label is the real one:
 * it is used, and never overwritten. `E2E_IMAGES=official` pulls the real ones; the same tests then judge those.
 */

const folder = fileURLToPath(new URL('./images/', import.meta.url));
const hashLabel = 'create-secure-stack.stand-in';

export interface StandIn {
  tag: string;
  /** Folder below images/. */
  context: string;
  args?: Record<string, string>;
}

export const standIns: readonly StandIn[] = [
  {
    tag: 'postgres:18.6-trixie',
    context: 'postgres',
    // Debian trixie has no PostgreSQL 18.
    args: {
      BASE: 'debian:forky-slim',
      PG_MAJOR: '18',
      PGDATA: '/var/lib/postgresql/18/docker',
      DATA_VOLUME: '/var/lib/postgresql',
    },
  },
  {
    tag: 'postgres:17.11-trixie',
    context: 'postgres',
    args: {
      BASE: 'debian:trixie-slim',
      PG_MAJOR: '17',
      PGDATA: '/var/lib/postgresql/data',
      DATA_VOLUME: '/var/lib/postgresql/data',
    },
  },
  { tag: 'redis:8.10.1-trixie', context: 'redis' },
  { tag: 'valkey/valkey:9.1', context: 'valkey' },
  { tag: 'axllent/mailpit:v1.29', context: 'mailpit' },
  { tag: 'nginx:1.30', context: 'nginx' },
  { tag: 'goacme/lego:v4.35.2', context: 'lego' },
  { tag: 'css-test/pebble:1', context: 'pebble' },
  { tag: 'css-test/app:1', context: 'app' },
  // The same application on a database's port, for what must not be published by mistake.
  { tag: 'css-test/bad:1', context: 'app', args: { PORT: '5432' } },
];

const ready = new Map<string, Promise<void>>();

/** Makes the named images, by default all, available under their tags; builds only what is missing or out of date. */
export async function ensureImages(tags: readonly string[] = standIns.map(({ tag }) => tag)): Promise<void> {
  for (const tag of tags) {
    const standIn = standIns.find((candidate) => candidate.tag === tag);
    if (!standIn) throw new Error(`no stand-in is defined for the image ${tag}`);
    let done = ready.get(tag);
    if (!done) {
      done = ensureImage(standIn);
      ready.set(tag, done);
    }
    await done;
  }
}

/** The same for one image, which need not be one of `standIns`. */
export async function ensureImage({ tag, context, args = {} }: StandIn): Promise<void> {
  const directory = join(folder, context);
  const label = await imageLabel(tag);
  if (label === '') return;
  if (process.env['E2E_IMAGES'] === 'official' && !tag.startsWith('css-test/')) {
    await run('docker', ['pull', '--quiet', tag], { timeoutMs: 600_000 });
  } else if (label !== (await contextHash(directory, args))) {
    await buildImage(tag, directory, args);
  }
}

/** The label of a local image: undefined without such an image, empty when the image is none of ours. */
async function imageLabel(tag: string): Promise<string | undefined> {
  const format = `{{index .Config.Labels "${hashLabel}"}}`;
  const { code, stdout } = await run('docker', ['image', 'inspect', '--format', format, tag], {
    allowFailure: true,
  });
  return code === 0 ? stdout.trim().replace('<no value>', '') : undefined;
}

/**
 * Builds `contextDir` as `tag` and labels the image with the context's hash. Of several processes that build the same
 * context at once, one works and the others then find its layers in the cache.
 */
export async function buildImage(
  tag: string,
  contextDir: string,
  args: Record<string, string> = {},
): Promise<RunResult> {
  // flock(1): the lock ends with the build, whatever is killed.
  const lock = join(tmpdir(), `create-secure-stack-build-${basename(contextDir)}.lock`);
  const buildArgs = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const label = `${hashLabel}=${await contextHash(contextDir, args)}`;
  // The host's network: where the engine has no working bridge for builds, apt still reaches its mirror.
  const build = [
    'docker',
    'build',
    '--network',
    'host',
    '--tag',
    tag,
    '--label',
    label,
    ...buildArgs,
    contextDir,
  ];
  return run('flock', [lock, ...build], { timeoutMs: 900_000 });
}

/** SHA-256 over names, executable bits and content of the context's files, and over the build arguments. */
export async function contextHash(contextDir: string, args: Record<string, string> = {}): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(contextDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const { mode } = await stat(file);
    const content = await readFile(file);
    hash
      .update(JSON.stringify([relative(contextDir, file), (mode & 0o100) !== 0, content.length]))
      .update(content);
  }
  return hash.update(JSON.stringify(Object.entries(args).sort())).digest('hex');
}
