import type { HealthCheck, Tmpfs, Workload } from '../stack/model.ts';
import type { AppSpec } from '../stack/schema.ts';

/** An app of the user's: everything about its image that the answers tell, hardened like the rest. */
export function appWorkload(
  app: AppSpec,
  volumePrefix: string,
): Omit<Workload, 'name' | 'kind' | 'title' | 'secretMounts' | 'secretVariables'> {
  const [uid, gid] = app.user.split(':').map(Number) as [number, number];
  return {
    ...(app.image === undefined ? {} : { image: app.image }),
    ...(app.build === undefined
      ? {}
      : {
          build: {
            context: app.build.context,
            ...(app.build.dockerfile ? { dockerfile: app.build.dockerfile } : {}),
          },
        }),
    ...(app.command === undefined ? {} : { command: app.command }),
    user: app.user,
    environment: Object.fromEntries(
      Object.entries(app.environment).map(([key, value]) => [key, String(value)]),
    ),
    tmpfs: app.writable.map(
      (target): Tmpfs =>
        target === '/tmp'
          ? { target, size: '64m', mode: '1777' }
          : { target, size: '64m', mode: '0700', uid, gid },
    ),
    volumes: app.volumes.map(({ name, path }) => ({ name: `${volumePrefix}-${name}`, target: path })),
    mounts: [],
    health: appHealth(app),
    limits: app.limits,
    stopGraceSeconds: 30,
    capAdd: [],
    published: app.expose.map(({ address, hostPort, port, protocol, allow }) => ({
      address,
      host: hostPort,
      container: port,
      protocol,
      allow,
    })),
  };
}

function appHealth({ health, port, protocol, upstreamTls }: AppSpec): HealthCheck | 'none' {
  const test = healthTest();
  if (test === 'none') return 'none';
  return {
    test,
    intervalSeconds: 10,
    timeoutSeconds: 5,
    retries: 6,
    startPeriodSeconds: health.startPeriodSeconds,
  };

  function healthTest(): string[] | 'none' {
    if (health.command) return ['CMD', ...health.command];
    if (health.probe === 'none') return 'none';
    return probe(
      (protocol === 'grpc' || upstreamTls) && health.probe === 'auto' ? 'auto-tcp' : health.probe,
      port,
      health.path,
    );
  }
}

/**
 * Checks that use only what the image has. Port and path come from the schema, which allows no character that a
 * shell or a program below would interpret.
 */
function probe(
  kind: Exclude<AppSpec['health']['probe'], 'none'> | 'auto-tcp',
  port: number,
  path: string,
): string[] {
  const url = `http://127.0.0.1:${port}${path}`;
  const curl = ['curl', '-fsS', '-o', '/dev/null', '--max-time', '4', url];
  const wget = ['wget', '-q', '-T', '4', '-O', '/dev/null', url];
  const node = ['node', '-e', `fetch('${url}').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))`];
  const python = ['python3', '-c', `import urllib.request as u;u.urlopen('${url}',timeout=4)`];
  const connectNode = [
    'node',
    '-e',
    `require('net').connect(${port},'127.0.0.1').on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))`,
  ];
  const connectPython = ['python3', '-c', `import socket;socket.create_connection(('127.0.0.1',${port}),4)`];
  const connectBash = ['bash', '-c', `</dev/tcp/127.0.0.1/${port}`];
  switch (kind) {
    case 'curl':
      return ['CMD', ...curl];
    case 'wget':
      return ['CMD', ...wget];
    case 'node':
      return ['CMD', ...node];
    case 'python':
      return ['CMD', ...python];
    case 'tcp':
      return ['CMD', ...connectBash];
    case 'auto':
      return ['CMD-SHELL', firstPresent([curl, wget, node, python])];
    case 'auto-tcp':
      return ['CMD-SHELL', firstPresent([connectNode, connectPython, connectBash])];
  }
}

function firstPresent(commands: readonly (readonly string[])[]): string {
  const branches = commands.map(([program, ...args], index) => {
    const words = args.map((word) => (/^[A-Za-z0-9_./:-]+$/.test(word) ? word : `"${word}"`)).join(' ');
    return `${index === 0 ? 'if' : 'elif'} command -v ${program} >/dev/null; then exec ${program} ${words}`;
  });
  return `${branches.join('; ')}; else exit 1; fi`;
}
