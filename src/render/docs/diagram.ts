import { INTERNET } from '../../stack/flows.ts';
import type { Flow, Stack } from '../../stack/model.ts';

/** The flows as a Mermaid diagram. Names are `[a-z0-9-]`, so they need no quoting beyond the label's. */
export function mermaidTopology(stack: Stack): string {
  const id = (name: string): string => `n_${name.replaceAll(/[- ]/g, '_')}`;
  const nodes = stack.workloads.map(({ name, title, kind }) => {
    const label = `"${name}<br/>${title}"`;
    return `  ${id(name)}${kind === 'service' ? `[(${label})]` : `[${label}]`}`;
  });
  return [
    'flowchart LR',
    ...outside(stack.flows).map((name) => `  ${id(name)}(("${name}"))`),
    ...nodes,
    ...merged(stack.flows).map(({ from, to, ports }) => `  ${id(from)} -->|"${ports}"| ${id(to)}`),
  ].join('\n');
}

/** The flows as lines for a terminal, grouped by who opens them. `width` in columns. */
export function textTopology(stack: Stack, arrow = '→'): string[] {
  const flows = merged(stack.flows);
  const senders = [...new Set(flows.map(({ from }) => from))];
  const indent = Math.max(...senders.map((name) => name.length));
  return senders.flatMap((from) =>
    flows
      .filter((flow) => flow.from === from)
      .map(({ to, ports }, index) =>
        `${(index === 0 ? from : '').padStart(indent)} ${arrow} ${to} ${ports}`.trimEnd(),
      ),
  );
}

const HOST = 'this machine';

/** Who opens it: what is published on a loopback address, nobody on the internet reaches. */
function opener({ from, local }: Flow): string {
  return local ? HOST : from;
}

/** The ends that are no workloads. */
function outside(flows: readonly Flow[]): string[] {
  return [INTERNET, HOST].filter((end) => flows.some((flow) => opener(flow) === end || flow.to === end));
}

/** One arrow between two ends, whatever the number of ports. */
function merged(flows: readonly Flow[]): { from: string; to: string; ports: string }[] {
  const byEnds = new Map<string, { from: string; to: string; list: number[] }>();
  for (const flow of flows) {
    const { to, port } = flow;
    const from = opener(flow);
    const key = `${from} ${to}`;
    if (!byEnds.has(key)) byEnds.set(key, { from, to, list: [] });
    byEnds.get(key)!.list.push(port);
  }
  return [...byEnds.values()].map(({ from, to, list }) => ({
    from,
    to,
    ports: [...new Set(list)].map((port) => (port === 0 ? 'any' : `:${port}`)).join(' '),
  }));
}
