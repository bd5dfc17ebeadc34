import { describe, expect, test } from 'vitest';
import { buildStack } from '../../../src/stack/build.ts';
import { INTERNET } from '../../../src/stack/flows.ts';
import { parseStackDocument, readSpec } from '../../../src/stack/load.ts';
import type { GeneratedStack } from '../generated-stack.ts';
import { Elsewhere } from './elsewhere.ts';
import { bothWays, connectionMatrix, reachFrom } from './reach.ts';
import type { RunningStack } from './running.ts';

/** Every port that a service of the catalogue or an app in these tests listens on. */
const ports = [8080, 8443, 5432, 6379, 1025, 8025];

/** The edge shows web and api; web needs api; api needs the database and the cache. Nobody needs anything else. */
export const presetPairs = ['api - edge', 'api - postgres', 'api - redis', 'api - web', 'edge - web'];

export function isolation(running: RunningStack): void {
  describe('isolation', () => {
    test('connections open exactly between those that the answers join', async () => {
      await expectMatrix(running, presetPairs);
    });

    test('nothing gets out, the edge included', async () => {
      expect(await whoGetsOut(running)).toEqual([]);
    });
  });
}

/** Tries every pair of containers and compares with the pairs in the test and with those of the stack's own flows. */
export async function expectMatrix(running: RunningStack, pairs: readonly string[]): Promise<void> {
  expect(await pairsOfFlows(running.stack)).toEqual([...pairs].sort());
  const { open, named } = await connectionMatrix(await running.containers(), ports);
  expect(open).toEqual(bothWays(pairs));
  expect(named).toEqual(bothWays(pairs));
}

/** The services that reach a server outside of the host. */
export async function whoGetsOut(running: RunningStack): Promise<string[]> {
  const elsewhere = await Elsewhere.open();
  try {
    const found: string[] = [];
    for (const [service, { Id }] of Object.entries(await running.containers())) {
      const { accepted } = await reachFrom(Id, { targets: [elsewhere.target] });
      if (accepted[0]) found.push(service);
    }
    return found;
  } finally {
    await elsewhere.close();
  }
}

async function pairsOfFlows(stack: GeneratedStack): Promise<string[]> {
  const { flows } = buildStack(readSpec(parseStackDocument(await stack.read('stack.yaml'), 'stack.yaml')));
  const pairs = flows
    .filter(({ from, to }) => from !== INTERNET && to !== INTERNET)
    .map(({ from, to }) => [from, to].sort().join(' - '));
  return [...new Set(pairs)].sort();
}
