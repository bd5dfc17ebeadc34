import { expect } from 'vitest';
import { type ContainerInfo, waitFor } from '../docker.ts';
import { printedCommands } from '../generate.ts';
import { GeneratedStack, type StackAnswer, type StackRequest } from '../generated-stack.ts';
import { run } from '../process.ts';

/** The preset, with an API that talks to the database and the cache where the preset has the sample page. */
const preset = [
  ...['--preset', 'web-api', '--app'],
  'name=api,image=css-test/app:1,path=/echo,needs=postgres+redis,secret=SESSION_KEY:hmac',
];

/** A stack that the program wrote and that runs as it was written; what the groups of tests below share. */
export class RunningStack {
  stack!: GeneratedStack;
  /** The development authority's certificate, PEM. */
  ca = '';
  /** The services it starts with. */
  readonly services = ['api', 'edge', 'postgres', 'redis', 'web'];

  async start(): Promise<void> {
    this.stack = await GeneratedStack.open('stack');
    const [enter, start] = printedCommands(await this.stack.generate([...preset, ...this.stack.edgeFlags]));
    await run('sh', ['-euc', `${enter}\n${start}`], { cwd: this.stack.parent, timeoutMs: 300_000 });
    this.ca = await this.stack.read('certs/ca/ca.crt');
  }

  remove(): Promise<void> | undefined {
    return this.stack?.remove();
  }

  request(path: string, request: Partial<StackRequest> = {}): Promise<StackAnswer> {
    return this.stack.request(path, { host: 'localhost', ...request }, this.ca);
  }

  /** The site answers through the edge, and behind it the app logs in to the database and the cache. */
  async works(): Promise<void> {
    expect((await this.request('/')).body).toContain('</html>');
    expect((await this.request('/echo')).status).toBe(200);
    expect(await this.stack.app('api', '/db')).toEqual({ rows: ['app|1'] });
    expect(await this.stack.app('api', '/cache')).toEqual({ value: 'cached' });
  }

  /** The same, as soon as everything is back. */
  worksAgain(): Promise<true> {
    return waitFor(
      'the stack works',
      async () => {
        await this.works();
        return true;
      },
      { timeoutMs: 60_000 },
    );
  }

  async health(): Promise<Record<string, string | undefined>> {
    return mapValues(await this.containers(), ({ State }) => State.Health?.Status);
  }

  /** Waits until every container says so, and there are exactly these. */
  async healthy(services: readonly string[] = this.services): Promise<void> {
    const wanted = Object.fromEntries([...services].sort().map((name) => [name, 'healthy']));
    await waitFor(
      'every container healthy',
      async () => {
        expect(await this.health()).toEqual(wanted);
        return true;
      },
      { timeoutMs: 120_000, everyMs: 500 },
    );
  }

  containers(): Promise<Record<string, ContainerInfo>> {
    return this.stack.inspectAll();
  }
}

export function mapValues<In, Out>(
  record: Record<string, In>,
  map: (value: In, key: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
