import { main } from './cli/main.ts';
import { EXIT } from './errors.ts';

// Until the end is known: a run that ends early, e.g. because its input was closed, must not look like a success.
process.exitCode = EXIT.failed;
process.once('SIGTERM', () => process.exit(EXIT.terminated));

process.exitCode = await main(process.argv.slice(2));
