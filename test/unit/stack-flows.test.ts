import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveNetworks, INTERNET, startsAfter } from '../../src/stack/flows.ts';
import type { Flow } from '../../src/stack/model.ts';
import { answers, stackOf } from './verify-fixture.ts';

const names = ['edge', 'web', 'api', 'worker', 'postgres', 'redis', 'mailpit', 'admin'];
const flow = fc
  .tuple(
    fc.constantFrom(...names, INTERNET),
    fc.constantFrom(...names, INTERNET),
    fc.integer({ min: 1, max: 65535 }),
  )
  .filter(([from, to]) => from !== to)
  .map(([from, to, port]): Flow => ({ from, to, port, why: `${from} calls ${to}` }));

const pair = (a: string, b: string): string => [a, b].sort().join(' ');

describe('deriveNetworks', () => {
  test('who is in no flow has no network, and one of its own where it must find itself by name', () => {
    const flows = [{ from: 'web', to: 'postgres', port: 5432, why: 'x' }];
    expect(deriveNetworks('shop', flows, undefined, ['redis', 'redis', 'postgres'])).toEqual([
      expect.objectContaining({ members: ['postgres', 'web'] }),
      expect.objectContaining({ name: 'redis-alone', members: ['redis'], internal: true, egress: false }),
    ]);
  });

  test('in a stack: an engine nobody needs can still be logged in to by its name, the others have no network', () => {
    const services = { postgres: {}, redis: {}, valkey: {}, mailpit: {} };
    const apps = { web: { image: 'acme/web:1', needs: ['postgres'] }, worker: { image: 'acme/worker:1' } };
    const { networks } = stackOf({ ...answers, environment: 'development', services, apps });
    expect(networks.map(({ name, internal }) => `${name} ${internal}`).sort()).toEqual([
      'edge-outside false',
      'postgres-web true',
      'redis-alone true',
      'valkey-alone true',
    ]);
  });

  test('two networks never have one name, which Compose would make one network of', () => {
    const to = (from: string, end: string): Flow => ({ from, to: end, port: 1, why: 'x' });
    for (const flows of [
      [to('a-b', 'c'), to('a', 'b-c')],
      [to('a', 'outside'), to('a', INTERNET)],
    ]) {
      const networks = deriveNetworks('shop', flows);
      for (const key of ['name', 'bridge'] as const)
        expect(new Set(networks.map((network) => network[key])).size).toBe(2);
    }
  });

  test('two workloads meet exactly when a flow joins them, whatever the flows', () => {
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 30 }), (flows) => {
        const networks = deriveNetworks('shop', flows);
        const allowed = new Set(
          flows
            .filter(({ from, to }) => from !== INTERNET && to !== INTERNET)
            .map(({ from, to }) => pair(from, to)),
        );
        const meeting = new Set(
          networks.flatMap(({ members }) =>
            members.flatMap((a) => members.filter((b) => b !== a).map((b) => pair(a, b))),
          ),
        );
        expect(meeting).toEqual(allowed);
      }),
    );
  });

  test('only who talks to the outside has a network that is not internal, and it is alone there', () => {
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 30 }), (flows) => {
        for (const { internal, egress, members } of deriveNetworks('shop', flows)) {
          const outward = flows.some(({ from, to }) => to === INTERNET && members.includes(from));
          const inward = flows.some(({ from, to }) => from === INTERNET && members.includes(to));
          if (internal) expect(egress).toBe(false);
          else {
            expect(members).toHaveLength(1);
            expect(outward || inward).toBe(true);
            expect(egress).toBe(outward);
          }
        }
      }),
    );
  });

  test('the order of the flows does not matter, and bridge names are short and unique', () => {
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 20 }), (flows) => {
        const networks = deriveNetworks('shop', flows);
        const shape = (list: typeof networks) =>
          list
            .map(({ name, members, internal, bridge }) => ({ name, members, internal, bridge }))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
        expect(shape(deriveNetworks('shop', [...flows].reverse()))).toEqual(shape(networks));
        expect(new Set(networks.map(({ bridge }) => bridge)).size).toBe(networks.length);
        for (const { bridge } of networks) expect(bridge).toMatch(/^css-[0-9a-f]{11}$/);
      }),
    );
  });

  test('a web tier shares one network', () => {
    const flows = [
      { from: 'edge', to: 'web', port: 80, why: '' },
      { from: 'edge', to: 'api', port: 80, why: '' },
      { from: 'web', to: 'api', port: 80, why: '' },
      { from: 'api', to: 'postgres', port: 5432, why: '' },
    ];
    expect(deriveNetworks('shop', flows).map(({ name }) => name)).toEqual(['api-edge-web', 'api-postgres']);
  });

  test('two stacks on one host have different bridges', () => {
    const flows = [{ from: 'a', to: 'b', port: 1, why: '' }];
    expect(deriveNetworks('one', flows)[0]!.bridge).not.toBe(deriveNetworks('two', flows)[0]!.bridge);
  });

  test('beyond what Docker’s own pools hold, each network has a subnet of its own', () => {
    const flows = Array.from({ length: 200 }, (_, index) => ({
      from: 'edge',
      to: `app-${index}`,
      port: 80,
      why: '',
    }));
    const networks = deriveNetworks('big', flows);
    const subnets = networks.map(({ subnet }) => subnet!);
    expect(new Set(subnets).size).toBe(200);
    for (const subnet of subnets) expect(subnet).toMatch(/^10\.231\.\d+\.\d+\/28$/);
    expect(deriveNetworks('small', flows.slice(0, 3)).every(({ subnet }) => subnet === undefined)).toBe(true);
    expect(deriveNetworks('small', flows.slice(0, 2), '10.9.0.0/24').map(({ subnet }) => subnet)).toEqual([
      '10.9.0.0/28',
      '10.9.0.16/28',
    ]);
  });
});

test('everything starts after what it needs, and the edge after nothing', () => {
  const flows = [
    { from: 'edge', to: 'api', port: 80, why: '' },
    { from: 'api', to: 'redis', port: 6379, why: '' },
    { from: 'api', to: 'postgres', port: 5432, why: '' },
    { from: 'api', to: INTERNET, port: 0, why: '' },
  ];
  expect(startsAfter('edge', flows)).toEqual([]);
  expect(startsAfter('api', flows)).toEqual(['postgres', 'redis']);
});
