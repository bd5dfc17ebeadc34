import type { AnswerPath } from './answer-problem.ts';
import { presets } from './presets.ts';
import type { StackInput } from './schema.ts';

/** Answers while they are being gathered. */
export type Draft = { [Key in keyof StackInput]?: StackInput[Key] | undefined };

/**
 * One answer the wizard asks for and a flag gives. What it means, its choices and what is valid come from the schema;
 * here is only how it is asked.
 */
export interface Question {
  /** Place in stack.yaml. */
  path: AnswerPath;
  /** Without the leading `--`. */
  flag: string;
  /** Stands for the value in the help where there are no choices. */
  value: string;
  /** A word or two, for lists of answers. */
  title: string;
  /** The prompt, and the flag's line in the help. */
  message: string;
  /**
   * `list`: several values, comma-separated in the prompt, the flag repeated or comma-separated; `switch`: a choice
   * between true and false.
   */
  kind: 'text' | 'choice' | 'switch' | 'list' | 'ports';
  choices?: readonly { value: string; title: string }[];
  /** A path, given from where the user stands; stack.yaml holds it from its own folder. */
  isFile?: boolean;
  /**
   * With this answer the question of that flag has to be answered in another way, and is asked again at once. It is also
   * what Enter alone gives: nobody consents by that.
   */
  otherwise?: { answer: string; flag: string };
  /** Only asked when it matters. */
  when?: (draft: Draft) => boolean;
  /** Flags of the questions whose answers the proposal rests on: when one changes, this is asked again. */
  dependsOn?: readonly string[];
  /** Proposed answer; undefined: must be given. */
  fallback: (draft: Draft, folder: string) => string | boolean | readonly (string | number)[] | undefined;
  /** What a person is advised to take the first time, where that is not what holds without an answer. */
  advised?: boolean;
}

/** What a user may write as the answer, for help and hints: the choices, or the placeholder. */
export function answerForm({ choices, value }: Question): string {
  return choices ? choices.map((choice) => choice.value).join('|') : value;
}

const isMode =
  (mode: string) =>
  (draft: Draft): boolean =>
    draft.tls?.mode === mode;

export const questions: readonly Question[] = [
  {
    path: ['name'],
    flag: 'name',
    title: 'name',
    value: 'NAME',
    message: 'Name of the stack',
    kind: 'text',
    fallback: (_draft, folder) => slug(folder),
  },
  {
    path: ['environment'],
    flag: 'environment',
    title: 'environment',
    value: 'ENV',
    message: 'What is it for?',
    kind: 'choice',
    choices: [
      { value: 'development', title: 'development: on this machine, own certificate authority' },
      { value: 'staging', title: 'staging: on a server, for testers' },
      { value: 'production', title: 'production: on a server, for everybody' },
    ],
    fallback: () => 'development',
  },
  {
    path: ['domains'],
    flag: 'domain',
    title: 'domains',
    dependsOn: ['environment'],
    value: 'NAME',
    message: 'Domain names, the main one first',
    kind: 'list',
    fallback: ({ environment }) => (environment === 'development' ? ['localhost'] : undefined),
  },
  {
    path: ['tls', 'mode'],
    flag: 'tls',
    title: 'TLS certificates',
    dependsOn: ['environment'],
    value: 'MODE',
    message: 'Where do TLS certificates come from?',
    kind: 'choice',
    choices: [
      { value: 'dev-ca', title: 'a local authority made for this stack (development)' },
      { value: 'acme', title: 'Let’s Encrypt, renewed by itself' },
      { value: 'files', title: 'my own certificate files' },
    ],
    fallback: ({ environment }) => (environment === 'development' ? 'dev-ca' : 'acme'),
  },
  {
    path: ['tls', 'email'],
    flag: 'tls-email',
    title: 'e-mail for certificates',
    value: 'ADDRESS',
    message: 'E-mail for the certificate authority (may be empty)',
    kind: 'text',
    when: isMode('acme'),
    fallback: () => '',
  },
  {
    path: ['tls', 'terms'],
    flag: 'tls-terms',
    title: 'terms of the certificate authority',
    value: 'ANSWER',
    message: 'Do you accept the terms of service at https://letsencrypt.org/repository/ ?',
    kind: 'choice',
    choices: [
      { value: 'accepted', title: 'yes, I have read and accept them' },
      { value: 'declined', title: 'no, certificates shall come from elsewhere' },
    ],
    otherwise: { answer: 'declined', flag: 'tls' },
    when: isMode('acme'),
    fallback: () => undefined,
  },
  {
    path: ['tls', 'staging'],
    flag: 'tls-staging',
    title: 'test certificates first',
    value: 'ANSWER',
    message: 'Try with test certificates first?',
    kind: 'switch',
    choices: [
      { value: 'true', title: 'yes: visitors see a warning until you switch to real ones' },
      { value: 'false', title: 'no, real ones at once: after several failures Let’s Encrypt makes you wait' },
    ],
    // An authority of one's own has its own directory for tests.
    when: (draft) => isMode('acme')(draft) && draft.tls?.directory === undefined,
    fallback: () => false,
    advised: true,
  },
  {
    path: ['tls', 'certificate'],
    flag: 'tls-certificate',
    title: 'certificate file',
    value: 'FILE',
    message: 'Certificate with its chain (PEM)',
    kind: 'text',
    isFile: true,
    when: isMode('files'),
    fallback: () => undefined,
  },
  {
    path: ['tls', 'key'],
    flag: 'tls-key',
    title: 'key file',
    value: 'FILE',
    message: 'Private key (PEM)',
    kind: 'text',
    isFile: true,
    when: isMode('files'),
    fallback: () => undefined,
  },
  {
    path: ['firewall', 'sshPorts'],
    flag: 'ssh-port',
    title: 'SSH port',
    value: 'PORT',
    message: 'SSH port of the server',
    kind: 'ports',
    when: ({ environment }) => environment !== 'development',
    fallback: () => [22],
  },
  {
    path: ['firewall', 'sshFrom'],
    flag: 'ssh-from',
    title: 'SSH allowed from',
    value: 'CIDR',
    message: 'Addresses SSH is allowed from (empty: everybody, rate-limited)',
    kind: 'list',
    when: ({ environment }) => environment !== 'development',
    fallback: () => [],
  },
];

/** For flags and their messages. */
export const presetNames = presets.map(({ name }) => name);

/** A flag's or prompt's text as the answer it means. */
export function parseAnswer(question: Question, text: string | readonly string[]): unknown {
  const parts = (Array.isArray(text) ? (text as readonly string[]) : [text as string]).flatMap((part) =>
    question.kind === 'list' || question.kind === 'ports' ? part.split(',') : [part],
  );
  const words = parts.map((part) => part.trim()).filter((part) => part !== '' || question.kind === 'text');
  switch (question.kind) {
    case 'list':
      return words;
    case 'ports':
      return words.map((word) => (/^\d+$/.test(word) ? Number(word) : word));
    case 'switch':
      return words.at(-1) === 'true' || (words.at(-1) === 'false' ? false : words.at(-1));
    default:
      return words.at(-1) === '' ? undefined : words.at(-1);
  }
}

/** Values that are the schema's own default need not stand in the file. */
export function isImplied(path: AnswerPath, fallback: unknown): boolean {
  if (path[1] === 'staging') return fallback === false;
  return path[0] === 'firewall' && (JSON.stringify(fallback) === '[22]' || JSON.stringify(fallback) === '[]');
}

/** An answer as it is typed at the prompt. */
export function formatAnswer(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.join(', ') : value === undefined ? '' : String(value);
}

/** A folder's name as a stack's name. */
function slug(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 30)
    .replace(/-+$/, '');
  return name || 'my-stack';
}
