import { isPlainSecret } from '../secrets/plain-secret.ts';
import { ACCESS_RULES } from './compose-access.ts';
import { isFields, isTrue, listOf, textOf } from './compose-document.ts';
import { mountRule } from './compose-mounts.ts';
import { portRule } from './compose-ports.ts';
import { protectionRule } from './compose-protections.ts';
import type { ServiceRule } from './compose-service.ts';

const privilegedRule: ServiceRule = (service) =>
  isTrue(service.fields['privileged'])
    ? [
        service.finding(
          'compose.privileged',
          'error',
          ['privileged'],
          'is privileged: who is in it is root on the host',
          'remove it; give the one device or capability that is needed',
        ),
      ]
    : [];

const capabilityRule: ServiceRule = (service) => {
  const answered = service.workload?.capAdd.map(({ capability }) => capability) ?? [];
  const plain = (name: string) => name.toUpperCase().replace(/^CAP_/, '');
  return listOf(service.fields['cap_add']).flatMap((entry, index) => {
    const name = plain(textOf(entry));
    if (name === '' || answered.some((one) => plain(one) === name)) return [];
    return [
      service.finding(
        'compose.cap-add',
        'error',
        ['cap_add', index],
        `is given the capability ${name}`,
        'most programs work without; listen on a port above 1023 instead of NET_BIND_SERVICE',
      ),
    ];
  });
};

const HOST_NAMESPACES = ['network_mode', 'pid', 'ipc', 'uts', 'userns_mode', 'cgroup'];

const namespaceRule: ServiceRule = (service) =>
  HOST_NAMESPACES.filter((key) => textOf(service.fields[key]).trim().toLowerCase() === 'host').map((key) =>
    service.finding(
      'compose.host-namespace',
      'error',
      [key],
      `shares the host’s namespace: ${key}: host`,
      'remove it; networks, ports and volumes give what is needed',
    ),
  );

const deviceRule: ServiceRule = (service) =>
  listOf(service.fields['devices']).map((entry, index) =>
    service.finding(
      'compose.device',
      'warning',
      ['devices', index],
      `is given a device of the host${typeof entry === 'string' ? `: ${entry.split(':')[0]}` : ''}`,
      'disks and memory devices give the host away',
    ),
  );

const imageRule: ServiceRule = (service) => {
  const image = textOf(service.fields['image']);
  // Of an image that is built here the tag is only its name; a variable is known to Compose alone.
  if (image === '' || image.includes('@') || image.includes('$') || isBuilt(service.fields)) return [];
  const tag = /:([^/:]*)$/.exec(image)?.[1];
  if (tag !== undefined && tag !== 'latest') return [];
  return [
    service.finding(
      'compose.latest',
      'warning',
      ['image'],
      `uses ${tag === undefined ? 'no tag' : 'the tag "latest"'}, which changes under you: ${image}`,
      'name a version; "create-secure-stack pin" adds the digest',
    ),
  ];
};

function isBuilt({ build }: Readonly<Record<string, unknown>>): boolean {
  return typeof build === 'string' || isFields(build);
}

/** Membership follows from the flows; a network beside them is a way nobody has answered for. */
const networkRule: ServiceRule = (service) => {
  const { workload, stack, fields, name } = service;
  if (workload === undefined) return [];
  const isMap = isFields(fields['networks']);
  const joined = service.tag('networks') === 'reset' ? [] : namesIn(fields['networks']);
  const own = stack.networks.filter(({ members }) => members.includes(name)).map((one) => one.name);
  const mode = service.tag('network_mode') === 'reset' ? '' : textOf(fields['network_mode']).trim();
  const place = own.length > 0 ? 'networks' : 'network_mode';
  const isLeft =
    (service.isComplete || service.tag(place) !== undefined) && mode === '' && joined.length === 0;
  return [
    ...(isLeft || /^(default|bridge)$/.test(mode)
      ? [
          service.finding(
            'compose.default-network',
            'error',
            [isLeft ? place : 'network_mode'],
            `is left to Docker’s ${mode === 'bridge' ? mode : 'default'} network: it reaches the internet, and everything else there`,
            own.length > 0 ? `networks: [${own.join(', ')}]` : 'network_mode: none',
          ),
        ]
      : []),
    ...joined.flatMap((network, index) =>
      own.includes(network)
        ? []
        : [
            service.finding(
              'compose.networks',
              'warning',
              ['networks', isMap ? network : index],
              `joins the network ${network}, which no flow of the stack asks for`,
              'add to apps.<name>.needs, or egress: true, in stack.yaml',
            ),
          ],
    ),
  ];
};

function namesIn(networks: unknown): string[] {
  return isFields(networks) ? Object.keys(networks) : listOf(networks).map(textOf);
}

/** Anybody who may run `docker inspect` reads these, and so does everybody with the repository. */
const environmentRule: ServiceRule = (service) => {
  const { environment } = service.fields;
  const entries: [string, unknown, string | number][] = isFields(environment)
    ? Object.entries(environment).map(([key, value]) => [key, value, key])
    : listOf(environment).map((entry, index) => {
        const [key = '', ...value] = textOf(entry).split('=');
        return [key, value.length > 0 ? value.join('=') : undefined, index];
      });
  return entries.flatMap(([key, value, place]) => {
    // What the answers say is reported there.
    if (textOf(service.workload?.environment[key]) === textOf(value) && textOf(value) !== '') return [];
    if (!isPlainSecret(key, textOf(value))) return [];
    return [
      service.finding(
        'compose.plain-secret',
        'error',
        ['environment', place],
        `has what looks like a secret in ${key}, in plain text`,
        'declare it under apps.<name>.secrets in stack.yaml, or write ${NAME} and put the value into .env',
      ),
    ];
  });
};

/** The whole of `.env` in one container undoes the sorting of secrets by consumer. */
const envFileRule: ServiceRule = (service) => {
  const value = service.fields['env_file'];
  const files = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  return files.flatMap((entry, index) => {
    const path = isFields(entry) ? textOf(entry['path']) : textOf(entry);
    const isStore = path.replace(/^\.\//, '') === '.env' || path === service.stack.secretStore.envFile;
    if (!isStore) return [];
    return [
      service.finding(
        'compose.env-file',
        'error',
        Array.isArray(value) ? ['env_file', index] : ['env_file'],
        'is given every secret of the stack through env_file',
        'name the variables it needs under "environment:"',
      ),
    ];
  });
};

export const SERVICE_RULES: readonly ServiceRule[] = [
  privilegedRule,
  capabilityRule,
  namespaceRule,
  deviceRule,
  imageRule,
  networkRule,
  environmentRule,
  envFileRule,
  portRule,
  mountRule,
  protectionRule,
  ...ACCESS_RULES,
];
