import type { Stack } from '../../stack/model.ts';
import { shellWord } from '../quote/shell.ts';

/**
 * `docker compose`, with the env file where it is not the `.env` that Compose finds by itself.
 * Ready to be pasted into a shell in the stack's folder.
 */
export function composeCommand(stack: Pick<Stack, 'secretStore'>): string {
  const { envFile } = stack.secretStore;
  return envFile === '.env' ? 'docker compose' : `docker compose --env-file ${shellWord(envFile)}`;
}

/** The stack's main address, as a browser wants it. */
export function primaryUrl(stack: Stack): string {
  const name =
    stack.domains.find((domain) => !domain.startsWith('*.')) ?? stack.domains[0]!.replace('*.', 'www.');
  const { https } = stack.edge.publicPorts;
  return `https://${name.includes(':') ? `[${name}]` : name}${https === 443 ? '' : `:${https}`}/`;
}
