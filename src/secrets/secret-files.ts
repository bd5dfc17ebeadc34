import type { FileTree, GeneratedFile } from '../fileset.ts';
import { seenBy } from '../stack/consumers.ts';
import type { Secret, SecretFile, SecretStore } from '../stack/model.ts';
import { type EnvEntry, type EnvSection, formatEnvFile } from './env-format.ts';
import type { SecretState } from './store.ts';

export interface SecretFilesInput {
  secrets: readonly Secret[];
  secretFiles: readonly SecretFile[];
  secretStore: SecretStore;
}

/**
 * The files that hold the stack's secrets, and `.env.example`, which shows their names.
 *
 * `.env` is 0600. The secret files are 0444 in a directory of 0700: Compose mounts them with the owner and mode they have
 * on the host, ignoring `uid`, `gid` and `mode`, and the containers run under many users; the directory keeps everybody
 * else on the host out. They end without a newline, which many programs would take for part of the password.
 *
 * `.env.example` has the keys of `.env` in the same order, less the retired ones: it depends on the stack alone, so that
 * everybody's copy of the repository has the same.
 */
export function renderSecretFiles(state: SecretState, parts: SecretFilesInput): FileTree {
  const { secrets, secretFiles, secretStore } = parts;
  const value = (name: string) => state.values.get(name);
  const note = (name: string) => state.notes.get(name);
  const revision = (variable: string) => String(state.revisions.get(variable) ?? 1);
  const variables = [...state.revisions.keys()];

  const env = formatEnvFile(
    [
      { comment: envHeader, entries: [] },
      ...sections(parts, value, note),
      revisionSection(variables, revision, note),
      {
        title: 'no longer used',
        comment: [
          'Nothing in the stack reads these any more. Delete them when you are sure: a key that encrypted stored data',
          'not before that is encrypted anew.',
        ],
        entries: state.retired.map((key) => ({
          key,
          value: state.retiredValues.get(key),
          byFileOnly: true,
          notes: note(key),
        })),
      },
    ].filter(isShown),
  );
  const trailing = note('') && `\n${note('')}\n`;

  const placeholders = new Map(secrets.map(({ id, placeholder }) => [id, placeholder]));
  const example = formatEnvFile(
    [
      { comment: exampleHeader, entries: [] },
      ...sections(parts, (name) => placeholders.get(name) ?? ''),
      revisionSection(variables, () => '1'),
    ].filter(isShown),
  );

  const mounted = secretFiles
    .filter(({ name }) => state.files.has(name))
    .map(({ name }): GeneratedFile => {
      if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name))
        throw new Error(`"${name}" is not the name of a secret file`);
      const path = `${secretStore.directory}/${name}`;
      return { path, content: state.files.get(name), mode: 0o444, class: 'secret' };
    });
  return {
    files: [
      { path: secretStore.envFile, content: env + trailing, mode: 0o600, class: 'secret' },
      ...mounted,
      { path: '.env.example', content: example, mode: 0o644, class: 'generated' },
    ],
    directories: [{ path: secretStore.directory, mode: 0o700 }],
  };
}

const envHeader = [
  'The secrets of this stack. Keep it to yourself: never commit it, never send it.',
  'Fill in blank values here; change the others with the rotate command, which also changes them in the services.',
  "Plain values stand as they are, others in single quotes: KEY='two words'.",
  'What no line can say is encoded, behind :base64:; enter such a value with create-secure-stack --secret-file.',
  'Lines that start with ## are yours and are kept; other comments are written anew.',
];

const exampleHeader = [
  'The variables of this stack, without their values. Commit it.',
  'The file with the values is made by create-secure-stack; there is no need to copy this one.',
];

/** Groups by what the reader may do with a value, which the class says; computed values apart, nobody edits them. */
const groups: readonly { title: string; comment: string; holds: (secret: Secret) => boolean }[] = [
  {
    title: 'entered by you',
    comment:
      'Issued by others. Nothing starts while one of these is blank; fill it in and run create-secure-stack again.',
    holds: ({ kind, class: name }) => kind !== 'derived' && name === 'external',
  },
  {
    title: 'services',
    comment: 'Passwords that databases and other services know too: editing one here locks its users out.',
    holds: ({ kind, class: name }) => kind !== 'derived' && name === 'engine',
  },
  {
    title: 'signing',
    comment: 'Replacing one here ends every session and token that it signed.',
    holds: ({ kind, class: name }) => kind !== 'derived' && name === 'signing',
  },
  {
    title: 'encryption',
    comment: 'Never change or lose these: what they encrypted cannot be read without them. Back them up.',
    holds: ({ kind, class: name }) => kind !== 'derived' && name === 'encryption',
  },
  {
    title: 'first start',
    comment: 'Read once, when a service sets up its data; editing one later has no effect.',
    holds: ({ kind, class: name }) => kind !== 'derived' && name === 'bootstrap',
  },
  {
    title: 'computed',
    comment: 'Made from the values above in every run; an edit here is overwritten.',
    holds: ({ kind }) => kind === 'derived',
  },
];

function sections(
  parts: SecretFilesInput,
  value: (id: string) => string,
  note: (id: string) => string = () => '',
): EnvSection[] {
  return groups.map(({ title, comment, holds }) => ({
    title,
    comment: [comment],
    entries: parts.secrets.filter(holds).map((secret): EnvEntry => {
      const readers = seenBy(secret, parts);
      return {
        key: secret.id,
        value: value(secret.id),
        byFileOnly: !secret.byVariable,
        comment: readers.length > 0 ? `${secret.what} (${readers.join(', ')})` : secret.what,
        notes: note(secret.id),
      };
    }),
  }));
}

function revisionSection(
  variables: readonly string[],
  value: (variable: string) => string,
  note: (variable: string) => string = () => '',
): EnvSection {
  return {
    title: 'revisions',
    comment: [
      'Counters, not secrets: a new number makes docker compose up -d recreate a container whose secrets changed.',
    ],
    entries: variables.map((key) => ({ key, value: value(key), notes: note(key) })),
  };
}

/** A group without variables is left out; the header has none either. */
function isShown(section: EnvSection): boolean {
  return section.entries.length > 0 || section.title === undefined;
}
