import { answerForm, questions } from '../stack/questions.ts';

export type CommandName = 'create' | 'check' | 'render' | 'explain' | 'pin' | 'rotate' | 'status' | 'cert';

export interface Flag {
  name: string;
  short?: string;
  /** Placeholder of the value in the help; absent for a switch. */
  value?: string;
  multiple?: boolean;
  help: string;
  commands: readonly CommandName[];
}

const ANSWERS: readonly CommandName[] = ['create'];
const ALL: readonly CommandName[] = [
  'create',
  'check',
  'render',
  'explain',
  'pin',
  'rotate',
  'status',
  'cert',
];

/** Every flag of the program: parsing, help and the reference come from here. */
export const flags: readonly Flag[] = [
  {
    name: 'yes',
    short: 'y',
    help: 'ask nothing; take the default where there is one',
    commands: ['create', 'rotate', 'cert'],
  },
  {
    name: 'config',
    value: 'FILE',
    help: 'read the answers from a file, or from standard input with "-"',
    commands: ['create', 'render'],
  },
  {
    name: 'set',
    value: 'PATH=VALUE',
    multiple: true,
    help: 'set one answer by its place in stack.yaml, e.g. edge.limits.maxBody=10m',
    commands: ['create', 'render'],
  },
  ...questions.map((question) => ({
    name: question.flag,
    value: answerForm(question),
    multiple: question.kind === 'list' || question.kind === 'ports',
    help: lower(question.message),
    commands: ANSWERS,
  })),
  { name: 'preset', value: 'web-api|single-app|empty', help: 'what to start from', commands: ANSWERS },
  {
    name: 'service',
    value: 'NAME',
    multiple: true,
    help: 'add a service of the catalogue',
    commands: ANSWERS,
  },
  {
    name: 'app',
    value: 'SPEC',
    multiple: true,
    help: 'add an app: name=api,image=acme/api:1.4,port=3000,path=/api,needs=redis',
    commands: ANSWERS,
  },
  {
    name: 'secret-file',
    value: 'NAME=FILE',
    multiple: true,
    help: 'take the value of a secret from a file',
    commands: ['create', 'rotate'],
  },
  {
    name: 'dry-run',
    short: 'n',
    help: 'show what would change, with secrets masked; write nothing',
    commands: ['create', 'rotate'],
  },
  { name: 'all', help: 'every secret but the keys of stored data', commands: ['rotate'] },
  { name: 'due', help: 'the secrets that are due by the schedule', commands: ['rotate'] },
  {
    name: 'class',
    value: 'engine|signing|external|bootstrap|certificate',
    multiple: true,
    help: 'the secrets of a class',
    commands: ['rotate'],
  },
  {
    name: 'emergency',
    help: 'a value is known to others: end the old ones first, with every session; names, or everything',
    commands: ['rotate'],
  },
  {
    name: 'retire',
    help: 'drop the replaced keys whose time is over, or those named',
    commands: ['rotate'],
  },
  { name: 'resume', help: 'finish a rotation that was interrupted', commands: ['rotate'] },
  { name: 'rollback', help: 'undo a rotation that was interrupted', commands: ['rotate'] },
  {
    name: 'offline',
    help: 'while the stack does not run: change the files only; services take them when they start',
    commands: ['rotate'],
  },
  {
    name: 'repair',
    help: 'set the password anew where a service does not accept the one in the env file',
    commands: ['rotate'],
  },
  {
    name: 'accept-logout',
    help: 'agree that the sessions of apps that know one key only end',
    commands: ['rotate'],
  },
  {
    name: 'prometheus',
    value: 'FILE',
    help: 'write the ages for node_exporter, into its textfile folder',
    commands: ['status'],
  },
  {
    name: 'against',
    value: 'FILE',
    multiple: true,
    help: 'an env file of another environment, which must share no value',
    commands: ['status', 'check'],
  },
  {
    name: 'exit-code',
    help: 'with --dry-run: exit with 4 when something would change',
    commands: ['create'],
  },
  {
    name: 'out',
    value: 'DIR',
    help: 'folder to write the tree to; it must be absent or empty',
    commands: ['render'],
  },
  {
    name: 'force',
    help: 'make new passwords although Docker holds data that was set up with other ones',
    commands: ['create'],
  },
  {
    name: 'force',
    help: 'renew: a new certificate though none is due (acme: it counts against the rate limits)',
    commands: ['cert'],
  },
  {
    name: 'force',
    help: 'although a container that gets a new value, or a service it needs, is unhealthy',
    commands: ['rotate'],
  },
  {
    name: 'ca',
    help: 'renew: bring in the next development CA, to be trusted beside the present one',
    commands: ['cert'],
  },
  { name: 'finish', help: 'with --ca: the next development CA takes over', commands: ['cert'] },
  { name: 'json', help: 'print one JSON document on standard output', commands: ALL },
  { name: 'no-color', help: 'no colours (as with NO_COLOR)', commands: ALL },
  { name: 'help', short: 'h', help: 'show this help', commands: ALL },
  { name: 'version', short: 'V', help: 'show the version', commands: ALL },
];

function lower(text: string): string {
  const rest = text.slice(1).replace(/\?$/, '');
  return (/^[a-z -]/.test(rest) ? text.charAt(0).toLowerCase() : text.charAt(0)) + rest;
}
