import { posix } from 'node:path';
import type { AnswerPath, AnswerProblem } from './answer-problem.ts';
import { parseDomain } from './domains.ts';
import type { StackSpec } from './schema.ts';

/** Answers that want the same thing, of which there is one. */

export function routeClashes(spec: StackSpec): AnswerProblem[] {
  const owner = new Map<string, string>();
  const problems: AnswerProblem[] = [];
  for (const [name, app] of Object.entries(spec.apps)) {
    app.routes.forEach((route, index) => {
      const host = route.host === undefined ? '*' : parseDomain(route.host).ascii;
      const key = `${host} ${route.path.replace(/(?<=.)\/$/, '')}`;
      const other = owner.get(key);
      if (other !== undefined) {
        problems.push({
          path: ['apps', name, 'routes', index],
          message: `has the host and path of a route of "${other}"`,
        });
      }
      owner.set(key, name);
    });
  }
  return problems;
}

/** On one path there is one mount: of two, Compose would drop one unsaid. */
export function mountClashes({ apps }: StackSpec): AnswerProblem[] {
  const problems: AnswerProblem[] = [];
  const volumes = new Map<string, string>();
  for (const [name, app] of Object.entries(apps)) {
    const owner = new Map<string, string>();
    const claim = (target: string, what: string, path: AnswerPath): void => {
      const key = posix.resolve(target);
      const other = owner.get(key);
      if (other !== undefined) problems.push({ path, message: `is the path of ${other} already` });
      if (key === '/') problems.push({ path, message: 'is the whole file system' });
      owner.set(key, what);
    };
    app.writable.forEach((target, index) => {
      claim(target, 'what is held in memory (writable, /tmp by default)', ['apps', name, 'writable', index]);
    });
    app.volumes.forEach(({ name: volume, path }, index) => {
      const at = ['apps', name, 'volumes', index];
      claim(path, `the volume "${volume}"`, [...at, 'path']);
      const full = `${name}-${volume}`;
      const other = volumes.get(full);
      // `a` with `b-c` and `a-b` with `c` would share their data.
      if (other !== undefined && other !== name)
        problems.push({
          path: [...at, 'name'],
          message: `makes the name ${full}, as a volume of "${other}" does`,
        });
      volumes.set(full, name);
    });
  }
  return problems;
}

export function hostPortClashes(spec: StackSpec): AnswerProblem[] {
  const owner = new Map<string, string>([
    [`tcp ${spec.edge.ports.http}`, 'the edge'],
    [`tcp ${spec.edge.ports.https}`, 'the edge'],
    ...(spec.edge.http3 ? [[`udp ${spec.edge.ports.https}`, 'the edge (HTTP/3)'] as const] : []),
  ]);
  const problems: AnswerProblem[] = [];
  if (spec.edge.ports.http === spec.edge.ports.https) {
    problems.push({ path: ['edge', 'ports', 'https'], message: 'is the same port as http' });
  }
  const claim = (protocol: string, hostPort: number, who: string, path: AnswerPath): void => {
    const key = `${protocol} ${hostPort}`;
    const other = owner.get(key);
    if (other !== undefined)
      problems.push({ path, message: `host port ${hostPort} is already used by ${other}` });
    else owner.set(key, who);
  };
  const mailPort = (spec.services['mailpit'] as { port?: number } | undefined)?.port;
  if (mailPort !== undefined) claim('tcp', mailPort, 'mailpit', ['services', 'mailpit', 'port']);
  for (const [name, app] of Object.entries(spec.apps)) {
    app.expose.forEach((exposed, index) => {
      claim(exposed.protocol, exposed.hostPort, `app "${name}"`, ['apps', name, 'expose', index, 'hostPort']);
    });
  }
  // What the host opens may be opened twice, for others; but whom an app lets in is its own answer.
  const unused = (protocol: string, port: number, path: AnswerPath): void => {
    const other = owner.get(`${protocol} ${port}`);
    if (other !== undefined) problems.push({ path, message: `port ${port} is already used by ${other}` });
  };
  for (const [index, sshPort] of spec.firewall.sshPorts.entries())
    unused('tcp', sshPort, ['firewall', 'sshPorts', index]);
  for (const [index, { protocol, port }] of spec.firewall.openings.entries())
    unused(protocol, port, ['firewall', 'openings', index, 'port']);
  return problems;
}
