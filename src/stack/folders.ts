/**
 * First names of everything this program writes into a stack's folder, or keeps there. What lies below one of them may be
 * secret, and is replaced when the answers change.
 */
export const OWN_NAMES: readonly string[] = [
  '.dockerignore',
  '.env',
  '.env.example',
  '.git',
  '.gitignore',
  '.secure-stack',
  'SECURITY-REPORT.md',
  'README.md',
  'acme',
  'certs',
  'docker-compose.override.yml',
  'docker-compose.yml',
  'file-server',
  'firewall',
  'images.lock.json',
  'nginx',
  'postgres',
  'sample',
  'secrets',
  'stack.schema.json',
  'stack.yaml',
];

/** What must not become part of an image, whatever the ignore file in there says. */
const SECRET_NAMES: readonly string[] = ['.env', '.git', '.secure-stack', 'certs', 'secrets'];

/**
 * Why a folder must not be mounted into a container, to be served or read there; undefined when it may. It has to be one
 * of the user's own, since a folder that holds it would bring the stack's secrets along.
 */
export function mountedFolderProblem(folder: string): string | undefined {
  const first = outside(folder) ?? firstName(folder);
  if (first === '.') return 'is the stack’s own folder, with its secrets';
  if (first === '..') return 'must be below the folder of stack.yaml';
  return isOneOf(OWN_NAMES, first) ? `lies in ${first}, which belongs to the stack itself` : undefined;
}

/**
 * The same for a folder that an image is built from. The stack's own folder may be one: .dockerignore keeps its secrets
 * out. In a folder above it that file would not be looked at, and neither in one of secrets.
 */
export function buildContextProblem(context: string): string | undefined {
  if (context.startsWith('/')) return 'must be relative to the folder of stack.yaml';
  const parts = normal(context);
  if (parts.length > 0 && parts.every((part) => part === '..'))
    return 'holds the stack’s own folder, and its .dockerignore does not keep the stack’s secrets out';
  return isOneOf(SECRET_NAMES, parts[0]) ? 'holds secrets, which would become part of the image' : undefined;
}

function outside(folder: string): '..' | undefined {
  return folder.startsWith('/') || folder.split('/').includes('..') ? '..' : undefined;
}

function firstName(folder: string): string {
  return normal(folder)[0] ?? '.';
}

/** The parts of a path, without those that lead nowhere; `..` only at the start. */
function normal(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts;
}

/** Some file systems take `Certs` for `certs`. */
function isOneOf(names: readonly string[], name: string | undefined): boolean {
  return names.some((one) => one.toLowerCase() === name?.toLowerCase());
}
