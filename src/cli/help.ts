import { type CommandName, flags } from './flags.ts';

interface CommandHelp {
  usage: string;
  summary: string;
  examples: readonly (readonly [string, string])[];
}

export const commandHelp: Readonly<Record<CommandName, CommandHelp>> = {
  create: {
    usage: 'create-secure-stack [DIR]',
    summary:
      'Asks a few questions and writes a hardened Docker Compose stack. In a folder that holds one: changes it.',
    examples: [
      ['create-secure-stack', 'ask, then write'],
      ['create-secure-stack shop --yes', 'a development stack in ./shop, all defaults'],
      [
        'create-secure-stack shop --yes --environment production --domain example.com --tls-terms accepted',
        'without questions',
      ],
      ['create-secure-stack shop --config answers.yaml --yes', 'answers from a file'],
      ['create-secure-stack shop --set edge.limits.maxBody=10m --dry-run', 'what would change'],
    ],
  },
  check: {
    usage: 'create-secure-stack check [DIR]',
    summary: 'Tells what has drifted from stack.yaml and what weakens the stack; exits with 4 on findings.',
    examples: [
      ['create-secure-stack check', 'this folder'],
      ['create-secure-stack check shop --json', 'for CI'],
    ],
  },
  render: {
    usage: 'create-secure-stack render [DIR] --out DIR',
    summary:
      'Writes the tree with every secret masked, always the same bytes for the same answers: for snapshot tests.',
    examples: [['create-secure-stack render shop --out snapshot', 'beside your tests']],
  },
  explain: {
    usage: 'create-secure-stack explain [SETTING]',
    summary: 'Why a generated line is there, which source demands it, how to relax it safely.',
    examples: [
      ['create-secure-stack explain', 'everything there is an explanation for'],
      ['create-secure-stack explain read_only', 'one line of docker-compose.yml'],
      ['create-secure-stack explain apps.needs', 'one setting of stack.yaml'],
    ],
  },
  rotate: {
    usage: 'create-secure-stack rotate [NAME…] [DIR]',
    summary:
      'Replaces secrets while the stack runs: in the services first, then in the files, then in the apps, one after another. An interrupted rotation is finished with --resume or undone with --rollback.',
    examples: [
      ['create-secure-stack rotate', 'show every secret, then choose'],
      ['create-secure-stack rotate --due --yes', 'from cron'],
      ['create-secure-stack rotate POSTGRES_APP_PASSWORD --dry-run', 'what it would do'],
      ['create-secure-stack rotate --emergency', 'somebody has the secrets: old values end at once'],
      [
        'create-secure-stack rotate WEB_STRIPE_SECRET_KEY --secret-file WEB_STRIPE_SECRET_KEY=key.txt',
        'a new value of a third party',
      ],
    ],
  },
  status: {
    usage: 'create-secure-stack status [DIR]',
    summary:
      'Age and due date of every secret and certificate, an open rotation, values shared with other environments; exits with 4 when something is due.',
    examples: [
      ['create-secure-stack status', 'this folder'],
      ['create-secure-stack status --prometheus /var/lib/node_exporter/shop.prom', 'for monitoring'],
    ],
  },
  cert: {
    usage: 'create-secure-stack cert status|renew|trust [DIR]',
    summary:
      'Certificates: what there is and what is served, a new one now, the commands by which this machine trusts the development CA.',
    examples: [
      ['create-secure-stack cert status', 'by expiry; exits with 4 when one is due'],
      ['create-secure-stack cert renew', 'dev-ca: a new one; acme: ask now; files: read them again'],
      ['create-secure-stack cert renew --ca', 'the next development CA; later again with --finish'],
      ['create-secure-stack cert trust --yes', 'carry the commands out'],
    ],
  },
  pin: {
    usage: 'create-secure-stack pin [DIR]',
    summary:
      'Resolves every image tag to its digest with Docker, keeps them in images.lock.json and uses them.',
    examples: [['create-secure-stack pin shop', 'run it again to take newer images']],
  },
};

export const exitCodes: readonly (readonly [number, string])[] = [
  [0, 'done, or nothing to do'],
  [1, 'failed'],
  [2, 'wrong use, wrong or missing answer'],
  [3, 'refused: would lose your edits, not a stack folder, locked'],
  [4, 'drift or findings (check, status, cert status, --dry-run --exit-code), or not all rotated'],
  [129, 'SIGHUP'],
  [130, 'Ctrl-C'],
  [143, 'SIGTERM'],
];

/** Help for one command, examples first. `width` in columns. */
export function helpText(command: CommandName, width: number): string {
  const { usage, summary, examples } = commandHelp[command];
  const others =
    command === 'create' ? (['check', 'rotate', 'status', 'cert', 'render', 'explain', 'pin'] as const) : [];
  return [
    ...wrap(summary, width, ''),
    '',
    'Examples',
    ...examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]),
    '',
    `Usage: ${usage} [flags]`,
    ...(others.length > 0
      ? [
          '',
          'Commands',
          ...others.map((name) => `  ${name.padEnd(8)} ${commandHelp[name].summary.split(/[;:,]/)[0]}`),
        ]
      : []),
    '',
    'Flags',
    ...flags
      .filter((flag) => flag.commands.includes(command))
      .flatMap(({ name, short, value, multiple, help }) => {
        const left = `  ${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}${multiple ? ' …' : ''}`;
        return left.length <= 30
          ? hanging(left.padEnd(32), help, width)
          : [left, ...wrap(help, width, ' '.repeat(32))];
      }),
    '',
    'Exit codes',
    ...exitCodes.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`),
    '',
  ].join('\n');
}

function hanging(left: string, text: string, width: number): string[] {
  const lines = wrap(text, width, ' '.repeat(left.length));
  return [left + lines[0]!.trimStart(), ...lines.slice(1)];
}

/** Breaks text at spaces. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width && line.trim() !== '') {
      lines.push(line);
      line = indent;
    }
    line += line.trim() === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
