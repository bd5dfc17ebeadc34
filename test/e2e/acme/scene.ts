import { logs } from '../docker.ts';
import { createSecureStack } from '../generate.ts';
import type { StackAnswer } from '../generated-stack.ts';
import type { RunResult } from '../process.ts';
import { AcmeAuthority } from './authority.ts';
import { AcmeStack } from './stack.ts';

/** The client's folder of this authority, below certs/acme. */
export const STATE = 'ca.test_14000';

export interface AcmeScene {
  stack: AcmeStack['stack'];
  authority: AcmeAuthority;
  acme: AcmeStack;
  /** `create-secure-stack cert …`, whatever its exit code. */
  cert(...args: string[]): Promise<RunResult>;
  clientLog(): Promise<string>;
  /** A request whose certificate is verified against the authority's root. */
  trusted(path?: string, root?: string): Promise<StackAnswer>;
  close(): Promise<void>;
}

/** A stack in mode acme for shop.test and www.shop.test, and an authority; nothing is started yet. */
export async function openScene(kind: string): Promise<AcmeScene> {
  const stack = await AcmeStack.open(kind);
  const authority = await AcmeAuthority.open(stack.parent, stack.name);
  const acme = await AcmeStack.generate(stack, authority, { domains: ['shop.test', 'www.shop.test'] });
  return {
    stack,
    authority,
    acme,
    cert: (...args) =>
      createSecureStack(['cert', ...args, stack.dir], { allowFailure: true, timeoutMs: 120_000 }),
    clientLog: async () => logs((await stack.ids())['acme']!),
    trusted: async (path = '/', root) =>
      stack.request(path, { host: 'shop.test' }, root ?? (await authority.root())),
    close: async () => {
      await authority.stop();
      await stack.remove();
    },
  };
}
