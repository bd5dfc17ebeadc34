import { parseArgs } from 'node:util';
import { distance } from 'fastest-levenshtein';
import { UserError } from '../errors.ts';
import { suggestion } from '../stack/answer-problem.ts';
import { type CommandName, type Flag, flags } from './flags.ts';

export interface Arguments {
  command: CommandName;
  /** Folder of the stack (or, for `explain`, the setting), as typed. */
  target?: string;
  /** For `cert`: what to do. */
  action?: CertAction;
  /** For `rotate`: the secrets, named as in `.env`. */
  names: readonly string[];
  switches: ReadonlySet<string>;
  values: ReadonlyMap<string, readonly string[]>;
}

export const CERT_ACTIONS = ['status', 'renew', 'trust'] as const;
export type CertAction = (typeof CERT_ACTIONS)[number];

const COMMANDS: readonly CommandName[] = ['check', 'render', 'explain', 'pin', 'rotate', 'status', 'cert'];

/**
 * @param argv arguments after the program's name
 * @throws {UserError} on an unknown flag, a missing value or a surplus argument
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const { command, rest } = commandOf(asFlag(argv));
  const known = flags.filter((flag) => flag.commands.includes(command));
  const { values, positionals: words } = parse(rest, known, command);
  // No folder of a stack is called like a variable; one that is can still be written ./NAME.
  const names = command === 'rotate' ? words.filter((word) => /^[A-Z][A-Z0-9_]*$/.test(word)) : [];
  const action = command === 'cert' && !hasSwitch(values, 'help') ? certAction(words[0]) : undefined;
  const positionals = words.slice(action === undefined ? 0 : 1).filter((word) => !names.includes(word));
  if (positionals.length > 1) {
    throw new UserError({
      message: `takes one ${command === 'explain' ? 'setting' : 'folder'}, not ${positionals.length}: ${positionals.join(' ')}`,
      hint: 'see --help',
    });
  }
  if (positionals[0] === '')
    throw new UserError({
      message: `the name of the ${command === 'explain' ? 'setting' : 'folder'} is empty`,
      hint: 'see --help',
    });
  const switches = new Set<string>();
  const texts = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(values)) {
    if (value === true) switches.add(name);
    else if (value !== undefined && value !== false)
      texts.set(name, Array.isArray(value) ? (value as string[]) : [value as string]);
  }
  return {
    command,
    ...(action === undefined ? {} : { action }),
    ...(positionals[0] === undefined ? {} : { target: positionals[0] }),
    names,
    switches,
    values: texts,
  };
}

/** `help`, `help rotate` and `version`, as other programs have them; a folder of that name can be written ./help. */
function asFlag(argv: readonly string[]): readonly string[] {
  const [word, ...rest] = argv;
  return word === 'help' || word === 'version' ? [...rest, `--${word}`] : argv;
}

function hasSwitch(values: Readonly<Record<string, unknown>>, name: string): boolean {
  return values[name] === true;
}

function certAction(word: string | undefined): CertAction {
  const action = CERT_ACTIONS.find((name) => name === word);
  if (action !== undefined) return action;
  throw new UserError({
    message: word === undefined ? 'cert: says not what to do' : `cert ${word}: there is no such action`,
    hint:
      (word === undefined ? undefined : suggestion(word, CERT_ACTIONS)) ??
      `there are ${CERT_ACTIONS.join(', ')}`,
  });
}

/** The first word that is neither a flag nor a flag's value; behind `--` it is a folder, whatever it is called. */
function commandOf(argv: readonly string[]): { command: CommandName; rest: readonly string[] } {
  const { tokens } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: optionsOf(flags),
  });
  const first = tokens.find(({ kind }) => kind === 'positional' || kind === 'option-terminator');
  const command = COMMANDS.find((name) => first?.kind === 'positional' && name === first.value);
  return command === undefined
    ? { command: 'create', rest: argv }
    : { command, rest: argv.toSpliced(first!.index, 1) };
}

/** The command that a folder's name is a slip of the finger away from. */
export function nearCommand(word: string): CommandName | undefined {
  const letters = (text: string): string => [...text].sort().join('');
  return COMMANDS.find((name) => {
    // Whatever has three letters is near to one of three.
    if (name.length < 5) return false;
    const far = distance(word, name);
    return far === 1 || (far === 2 && letters(word) === letters(name));
  });
}

function optionsOf(known: readonly Flag[]) {
  return Object.fromEntries(
    known.map(({ name, short, value, multiple }) => [
      name,
      {
        type: value ? ('string' as const) : ('boolean' as const),
        ...(short ? { short } : {}),
        ...(multiple ? { multiple: true } : {}),
      },
    ]),
  );
}

function parse(argv: readonly string[], known: readonly Flag[], command: CommandName) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      strict: true,
      options: optionsOf(known),
    });
  } catch (error) {
    throw explained(error as Error & { code?: string }, argv, known, command);
  }
}

function explained(
  error: Error & { code?: string },
  argv: readonly string[],
  known: readonly Flag[],
  command: CommandName,
): Error {
  switch (error.code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION': {
      const word = /'(-[^']*)'/.exec(error.message)?.[1] ?? argv.find((one) => one.startsWith('-')) ?? '';
      const elsewhere = flags.filter(({ name }) => `--${name}` === word).flatMap(({ commands }) => commands);
      const hint =
        elsewhere.length > 0
          ? `it belongs to ${elsewhere.map((name) => (name === 'create' ? 'the wizard' : name)).join(', ')}`
          : suggestion(
              word.replace(/^-+/, ''),
              known.map(({ name }) => name),
            )?.replace('"', '"--');
      return new UserError({
        message: `unknown flag ${word}${command === 'create' ? '' : ` for ${command}`}`,
        hint: hint ?? 'see --help',
      });
    }
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
      return new UserError({
        message: error.message
          .split('\n')[0]!
          .replace(/^Option /, 'flag ')
          .replace(/<value>/, 'VALUE'),
        hint: 'see --help',
      });
    default:
      return error;
  }
}
