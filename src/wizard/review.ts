import { wrap } from '../cli/help.ts';
import { primaryUrl } from '../render/docs/commands.ts';
import { textTopology } from '../render/docs/diagram.ts';
import { hostOpenings } from '../stack/host-openings.ts';
import type { Stack, Workload } from '../stack/model.ts';
import type { Plan, PlanEntry } from '../workspace/plan.ts';

export interface ReviewInput {
  stack: Stack;
  plan: Plan;
  /** As it is told to the user. */
  folder: string;
  /** Variables of `.env`, never their values. */
  secrets: { generated: readonly string[]; missing: readonly string[]; entered: readonly string[] };
}

/** What the user agrees to: what runs, who reaches it, what is written. `width` in columns, from 40. */
export function reviewText({ stack, plan, folder, secrets }: ReviewInput, width: number): string {
  return [
    '',
    ...stackLines(stack, width),
    ...section('Reached from outside', exposureLines(stack), width),
    ...section('Connections (no others share a network)', textTopology(stack), width),
    ...section(`Files in ${folder}`, fileLines(plan), width),
    ...section('Secrets', secretLines(secrets), width),
    ...section('Good to know', stack.warnings, width),
    '\n',
  ].join('\n');
}

/** Name, purpose and workloads of a stack. */
export function stackLines(stack: Stack, width: number): string[] {
  const indent = Math.max(...stack.workloads.map(({ name }) => name.length));
  return [
    ...wrap(`${stack.name}, ${stack.environment}, ${primaryUrl(stack)}`, width, ''),
    ...section(
      'Runs',
      stack.workloads.map((workload) => `${workload.name.padEnd(indent)}  ${runs(workload)}`),
      width,
    ),
  ];
}

function runs({ kind, title, image, build }: Workload): string {
  if (build) return `built from ${build.context}`;
  if (kind === 'app' && title === 'app') return image ?? title;
  return image === undefined || title === 'sample app' ? title : `${title} (${image})`;
}

function exposureLines(stack: Stack): string[] {
  const { edge, domains, firewall, workloads } = stack;
  const { http, https } = edge.publicPorts;
  const local = firewall.publicTcp.length === 0;
  return [
    `ports ${http} and ${https}, ${local ? 'from this machine only' : 'from everywhere'}`,
    ...edge.routes.map(
      ({ host, path, app, allow }) =>
        `${host ?? (domains.length > 1 ? 'every domain ' : domains[0])}${path} → ${app}${allow.length > 0 ? ` (from ${allow.join(', ')})` : ''}`,
    ),
    ...workloads.flatMap(({ name, published }) =>
      published.map(
        ({ address, host, protocol, allow }) =>
          `${protocol} ${address}:${host} → ${name}${allow.length > 0 ? ` (from ${allow.join(', ')})` : ''}`,
      ),
    ),
    ...hostOpenings(stack).map(
      ({ port, protocol, from }) => `${protocol} ${port} → the host itself (from ${from.join(', ')})`,
    ),
    ...(local
      ? []
      : [
          `SSH, port ${firewall.sshPorts.join(' and ')}, ${firewall.sshFrom.length > 0 ? `from ${firewall.sshFrom.join(', ')}` : 'from everywhere, rate-limited'}`,
        ]),
  ];
}

const WORDS: Readonly<Partial<Record<PlanEntry['action'], string>>> = {
  create: 'new',
  update: 'updated',
  merge: 'merged with your edits',
  keep: 'left as they are',
  conflict: 'in conflict with your edits (yours stay)',
  remove: 'removed',
  mode: 'with other permissions',
};

function fileLines({ entries }: Plan): string[] {
  const lines = Object.entries(WORDS).flatMap(([action, words]) => {
    const paths = entries
      .filter((entry) => entry.class !== 'directory' && entry.action === action)
      .map(({ path }) => path);
    return paths.length === 0 ? [] : [`${paths.length} ${words}: ${grouped(paths)}`];
  });
  return lines.length > 0 ? lines : ['nothing changes'];
}

/** `.env, docker-compose.yml, nginx/ (14)`: folders by their number of files. */
function grouped(paths: readonly string[]): string {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const [, top] = /^([^/]+\/)./.exec(path) ?? [];
    const group = top ?? path;
    groups.set(group, [...(groups.get(group) ?? []), path]);
  }
  return [...groups]
    .map(([group, members]) => (members.length === 1 ? members[0] : `${group} (${members.length})`))
    .join(', ');
}

function secretLines({ generated, missing, entered }: ReviewInput['secrets']): string[] {
  return [
    ...(generated.length > 0 ? [`made: ${generated.join(', ')}`] : []),
    ...(entered.length > 0 ? [`as you entered them: ${entered.join(', ')}`] : []),
    ...(missing.length > 0 ? [`to be filled in later: ${missing.join(', ')}`] : []),
  ];
}

/** A heading and its lines, wrapped with a hanging indent; nothing where there are no lines. */
function section(title: string, lines: readonly string[], width: number): string[] {
  if (lines.length === 0) return [];
  return ['', title, ...lines.flatMap((line) => hanging(line, width))];
}

function hanging(line: string, width: number): string[] {
  if (line.length + 2 <= width) return [`  ${line}`];
  const [first = '', ...rest] = wrap(line, width - 2, '');
  // The rest is broken anew, since it is indented further.
  return [`  ${first}`, ...(rest.length === 0 ? [] : wrap(rest.join(' '), width, '      '))];
}
