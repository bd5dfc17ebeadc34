import { EXIT, type ExitCode, UserError } from '../errors.ts';
import { type Arguments, parseArguments } from './args.ts';
import { CANCELLED, errorLines, type Output, terminalOutput } from './output.ts';

/** What a command is run with. */
export interface Invocation {
  args: Arguments;
  output: Output;
}

/** Runs the program and returns its exit code; every error ends here. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  const output = terminalOutput({ colour: !argv.includes('--no-color') });
  const json = argv.includes('--json');
  try {
    return await dispatch({ args: parseArguments(argv), output });
  } catch (error) {
    if (isCancellation(error)) {
      output.note(CANCELLED);
      return EXIT.cancelled;
    }
    if (error instanceof UserError) {
      if (json)
        output.result(JSON.stringify({ error: { exit: error.exit, problems: error.problems } }, null, 2));
      else output.note(errorLines(error, output));
      return error.exit;
    }
    output.note(
      `${(error as Error)?.stack ?? String(error)}\n\nThis is a bug in create-secure-stack; please report it with the lines above.`,
    );
    return EXIT.failed;
  }
}

async function dispatch({ args, output }: Invocation): Promise<ExitCode> {
  if (args.switches.has('help')) {
    const { helpText } = await import('./help.ts');
    output.result(helpText(args.command, output.width));
    return EXIT.ok;
  }
  if (args.switches.has('version')) {
    const { version } = await import('./version.ts');
    output.result(version);
    return EXIT.ok;
  }
  switch (args.command) {
    case 'create': {
      const order = await (await import('./take-order.ts')).takeOrder({ args, output });
      if (typeof order === 'number') return order;
      return (await import('./commands/create.ts')).create({ args, output }, order);
    }
    case 'check':
      return (await import('./commands/check.ts')).check({ args, output });
    case 'render':
      return (await import('./commands/render.ts')).renderCommand({ args, output });
    case 'explain':
      return (await import('./commands/explain.ts')).explain({ args, output });
    case 'rotate':
      return (await import('./commands/rotate.ts')).rotate({ args, output });
    case 'status':
      return (await import('./commands/status.ts')).status({ args, output });
    case 'cert':
      return (await import('./commands/cert.ts')).cert({ args, output });
    case 'pin':
      return (await import('./commands/pin.ts')).pin({ args, output });
  }
}

/** The prompts' own errors for Ctrl-C and closed input, told by name: there may be several copies of their class. */
function isCancellation(error: unknown): boolean {
  return (
    error instanceof Error &&
    ['ExitPromptError', 'AbortPromptError', 'CancelPromptError'].includes(error.name)
  );
}
