import { spawnSync } from 'node:child_process';
import { relative, resolve } from 'node:path';
import { inspectCertificate } from '../../certs/inspect.ts';
import { CERTIFICATES, NEXT_AUTHORITY } from '../../certs/places.ts';
import { systemOf, type TrustInstruction, trustInstructions } from '../../certs/trust.ts';
import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { terminalPrompter } from '../../wizard/prompter.ts';
import { readOptional } from '../../workspace/read.ts';
import { mayAsk } from '../take-order.ts';
import { version } from '../version.ts';
import type { CertSession } from './cert.ts';

/** How this machine trusts the development CA, and the next one where there is one; carried out only with consent. */
export async function certTrust(session: CertSession): Promise<ExitCode> {
  const { args, output, root, spec } = session;
  if (spec.tls.mode !== 'dev-ca')
    throw new UserError(
      {
        message: `mode "${spec.tls.mode}" has no authority of its own; browsers know those that issue for it`,
      },
      EXIT.refused,
    );
  const system = systemOf(process.platform, readOptional('/etc/os-release') ?? '');
  const authorities = [CERTIFICATES.authority, NEXT_AUTHORITY.certificate].flatMap((file) => {
    const pem = readOptional(resolve(root, file));
    return pem === undefined ? [] : [{ file, ...instructionFor(session, file, pem, system) }];
  });
  if (authorities.length === 0)
    throw new UserError(
      { file: CERTIFICATES.authority, message: 'is missing', hint: 'run create-secure-stack on the folder' },
      EXIT.refused,
    );
  if (args.switches.has('json')) {
    output.result(JSON.stringify({ version, dir: root, authorities }, null, 2));
    return EXIT.ok;
  }
  const commands = authorities.flatMap((one) => one.commands);
  output.result(
    authorities
      .flatMap(({ file, platform, fingerprint, commands: own, undo }) => [
        `# ${file} on ${platform}; SHA-256 ${fingerprint}`,
        ...own,
        '# to take it back',
        ...undo.map((line) => `# ${line}`),
      ])
      .join('\n'),
  );
  if (!(await agreed(session, commands))) return EXIT.ok;
  for (const command of commands) run(command, args.switches.has('yes'));
  output.note('Trusted. Programs that run already may have to be started anew.');
  return EXIT.ok;
}

function instructionFor(
  { root, stack }: CertSession,
  file: string,
  pem: string,
  system: string,
): TrustInstruction & { fingerprint: string } {
  const { fingerprint } = inspectCertificate(pem);
  const all = trustInstructions({
    caFile: relative(process.cwd(), resolve(root, file)) || file,
    stackName: stack.name,
    id: fingerprint.replaceAll(':', '').slice(0, 8).toLowerCase(),
  });
  const found = all.find(({ platform }) => platform === system)!;
  return { ...found, commands: found.commands.map(asUser), undo: found.undo.map(asUser), fingerprint };
}

/** The superuser needs no sudo, and often has none. */
function asUser(command: string): string {
  return process.geteuid?.() === 0 ? command.replace(/^sudo /, '') : command;
}

async function agreed({ args, output }: CertSession, commands: readonly string[]): Promise<boolean> {
  if (args.switches.has('yes')) return true;
  if (!mayAsk(args)) {
    output.note('Nothing was run; --yes runs it.');
    return false;
  }
  const root = commands.some((command) => command.startsWith('sudo '));
  const answer = await terminalPrompter(output).choose({
    message: `Run ${commands.length === 1 ? 'it' : 'them'} now?${root ? ' sudo may ask for your password.' : ''}`,
    choices: [
      { value: 'no', name: 'no' },
      { value: 'yes', name: 'yes' },
    ],
    proposal: 'no',
  });
  return answer === 'yes';
}

/** @param unattended nobody is there for sudo to ask */
function run(command: string, unattended: boolean): void {
  const line = unattended ? command.replace(/^sudo /, 'sudo -n ') : command;
  const [program, ...args] =
    process.platform === 'win32' ? ['powershell.exe', '-NoProfile', '-Command', line] : ['sh', '-c', line];
  // Standard output stays the result's.
  const { status, error } = spawnSync(program!, args, { stdio: ['inherit', 2, 'inherit'] });
  if (error || status !== 0)
    throw new UserError(
      { message: `failed: ${line}`, hint: error?.message ?? `it ended with ${status}` },
      EXIT.failed,
    );
}
