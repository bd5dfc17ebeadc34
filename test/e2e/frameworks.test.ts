import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateSecret, systemRandom } from '../../src/secrets/kinds.ts';
import { docker, requireDocker } from './docker.ts';
import { Lab, mount } from './hardened.ts';
import { ensureImage, ensureImages } from './images.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));
const document = readFileSync(`${project}docs/rotation.md`, 'utf8');

/** The first block of code after a name in bold, below a heading. */
function example(heading: string, name: string): string {
  const section = document.split(/^#{2,3} /m).find((text) => text.startsWith(heading));
  const code = section?.split(`\n**${name}**`)[1]?.split(/^```.*\n/m)[1];
  if (!code) throw new Error(`docs/rotation.md has no example of ${name} below "${heading}"`);
  return code;
}

const signing = (name: string) => example('signing: accept two keys', name);
const encryption = (name: string) => example('encryption: a ring of keys', name);

/** "`secret` from above". */
const NODE_SECRET = /^import \{ readFileSync \}.*?^}\n/ms;
const PYTHON_SECRET = 'from django_settings import secret\n';

/** The examples as files, with no more around them than what the text beside them says. */
const FILES: Record<string, string> = {
  'django_settings.py': signing('Django'),
  'fastapi_tokens.py': PYTHON_SECRET + signing('FastAPI'),
  'fernet_fields.py': PYTHON_SECRET + encryption('Django, FastAPI'),
  'node_sessions.mjs': `${signing('Node.js')}export { keys };\n`,
  'node_fields.mjs': `${NODE_SECRET.exec(signing('Node.js'))![0].replace(/^import session.*\n/m, '')}${encryption('Node.js')}export { encrypt, decrypt };\n`,
  'rails_cookies.rb': signing('Rails'),
  'rails_fields.rb': encryption('Rails'),
};
const DRIVERS = { py: 'python3', mjs: 'node', rb: 'ruby' } as const;

describe.runIf(requireDocker())('the examples of docs/rotation.md', () => {
  const lab = new Lab();
  let container: string;
  let states = 0;

  beforeAll(async () => {
    await ensureImages(['css-test/app:1']);
    await ensureImage({ tag: 'css-test/frameworks:1', context: 'frameworks' });
    const options = ['--network', 'none', '--tmpfs', '/tmp:mode=1777,size=64m'];
    for (const [name, content] of Object.entries(FILES))
      options.push(...mount(await lab.file(name, content), `/example/${name}`));
    options.push('-v', `${project}node_modules:/node_modules:ro`);
    options.push('-v', `${project}test/e2e/frameworks:/drive:ro`);
    options.push('-v', `${await lab.folder('keys', 0o755)}:/keys:ro`);
    container = await lab.start('css-test/frameworks:1', options);
  });
  afterAll(() => lab.removeAll());

  /**
   * Uses an example in a process of its own, which has a current key and the replaced ones: as files or as variables.
   * @param actions `make`, `read` or `renew`, and a value
   * @returns a result each
   */
  async function use(
    [name, driver]: readonly [string, keyof typeof DRIVERS],
    keys: Record<string, string>,
    ...actions: [string, string][]
  ): Promise<string[]> {
    states += 1;
    const variables: string[] = [];
    for (const [variable, value] of Object.entries(keys)) {
      const file = `keys/${states}-${variable}`;
      await lab.file(file, value);
      variables.push('-e', states % 2 === 0 ? `${variable}=${value}` : `${variable}_FILE=/${file}`);
    }
    const { stdout } = await docker([
      ...['exec', ...variables, container],
      ...[DRIVERS[driver], `/drive/drive.${driver}`, name, ...actions.flat()],
    ]);
    return stdout.trim().split('\n');
  }

  test.each([
    ['Django', 'py'],
    ['FastAPI', 'py'],
    ['express-session', 'mjs'],
    ['cookie-session', 'mjs'],
    ['Rails cookies', 'rb'],
  ] as const)('%s: what the replaced key signed is accepted until that key goes', async (...which) => {
    const [first, second] = [1, 2].map(() => generateSecret('hmac', systemRandom));
    const keys = (current: string, previous: string) => ({
      SESSION_KEY: current,
      SESSION_KEY_PREVIOUS: previous,
    });
    const [old] = await use(which, keys(first!, ''), ['make', 'ada']);
    expect(old).not.toBe('ada');
    const [seen, fresh] = await use(which, keys(second!, first!), ['read', old!], ['make', 'grace']);
    expect(seen).toBe('ada');
    // The new key signs from the beginning.
    expect(await use(which, keys(second!, ''), ['read', old!], ['read', fresh!])).toEqual([
      'refused',
      'grace',
    ]);
  });

  test.each([
    ['Fernet', 'py'],
    ['AES-256-GCM', 'mjs'],
    ['Rails records', 'rb'],
  ] as const)(
    '%s: stored data is read, encrypted anew, and does without the old keys then',
    async (...which) => {
      const [first, second, third] = [1, 2, 3].map(() => generateSecret('fernet', systemRandom));
      const keys = (current: string, ...previous: string[]) => ({
        FIELD_KEY: current,
        FIELD_KEY_PREVIOUS: previous.join(','),
      });
      const [old, left] = await use(which, keys(first!), ['make', 'old'], ['make', 'left as it is']);
      const [later] = await use(which, keys(second!, first!), ['make', 'later']);
      const ring = keys(third!, second!, first!);
      const [a, b, renewed] = await use(which, ring, ['read', old!], ['read', later!], ['renew', old!]);
      expect([a, b]).toEqual(['old', 'later']);
      expect(await use(which, keys(third!), ['read', renewed!], ['read', left!])).toEqual(['old', 'refused']);
      // The newest of its ring has encrypted it.
      expect(await use(which, keys(second!), ['read', later!])).toEqual(['later']);
    },
  );
});
