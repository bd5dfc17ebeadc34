import { isDecidedElsewhere, isFields, isTrue, listOf, textOf } from './compose-document.ts';
import type { ServiceRule } from './compose-service.ts';

/** Ways into a service, or out of it, beside the lines that harden it. */

/** Keys whose value decides whether the service is confined at all. */
const DECISIVE = [
  'privileged',
  'user',
  'read_only',
  'cap_add',
  'cap_drop',
  'security_opt',
  'network_mode',
  'pid',
  'ipc',
  'uts',
  'userns_mode',
  'cgroup',
];

const variableRule: ServiceRule = (service) =>
  DECISIVE.filter((key) => isDecidedElsewhere(service.fields[key])).map((key) =>
    service.finding(
      'compose.variable',
      'warning',
      [key],
      `has ${key} from a variable, which could undo the protection unseen`,
      'write the value itself',
    ),
  );

/** Commands that Compose runs in the container, with rights of their own. */
const hookRule: ServiceRule = (service) =>
  ['post_start', 'pre_stop'].flatMap((key) =>
    listOf(service.fields[key]).flatMap((hook, index) => {
      if (!isFields(hook)) return [];
      const isRoot = /^(root|0+)(:|$)/i.test(textOf(hook['user']).trim());
      if (!isTrue(hook['privileged']) && !isRoot) return [];
      return [
        service.finding(
          'compose.hook',
          'error',
          [key, index],
          `runs a command in ${key} ${isTrue(hook['privileged']) ? 'with every privilege' : 'as root'}`,
          'let it run as the service’s own user',
        ),
      ];
    }),
  );

/** A container of another service is as far as a namespace of the host from being apart. */
const sharedNamespaceRule: ServiceRule = (service) =>
  ['network_mode', 'pid', 'ipc'].flatMap((key) => {
    const value = textOf(service.fields[key]).trim();
    if (!/^(service|container):/.test(value)) return [];
    return [
      service.finding(
        'compose.shared-namespace',
        'warning',
        [key],
        `shares a namespace with another container: ${key}: ${value}`,
        'a network between the two gives what is needed',
      ),
    ];
  });

const deviceRuleRule: ServiceRule = (service) =>
  listOf(service.fields['device_cgroup_rules']).map((entry, index) =>
    service.finding(
      'compose.device',
      'warning',
      ['device_cgroup_rules', index],
      `may use devices of the host: ${textOf(entry)}`,
      'disks and memory devices give the host away',
    ),
  );

/** A secret belongs to those who need it; the flows and answers say who that is. */
const foreignSecretRule: ServiceRule = (service) => {
  const { stack, workload, name } = service;
  const own = new Set(workload?.secretMounts.map((mount) => mount.name));
  const known = new Set(stack.secretFiles.map((file) => file.name));
  return listOf(service.fields['secrets']).flatMap((entry, index) => {
    const secret = textOf(isFields(entry) ? entry['source'] : entry);
    if (!known.has(secret) || own.has(secret)) return [];
    return [
      service.finding(
        'compose.foreign-secret',
        'error',
        ['secrets', index],
        `is given the secret ${secret}, which stack.yaml gives to others`,
        workload
          ? `declare it under apps.${name}.needs or secrets in stack.yaml`
          : 'add the service to stack.yaml',
      ),
    ];
  });
};

/** What is in memory may be written by the program; run it should not be. */
const executableMemoryRule: ServiceRule = (service) => {
  const value = service.fields['tmpfs'];
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).flatMap((entry, index) => {
    const options = textOf(entry).split(':').slice(1).join(':').split(',');
    if (!options.includes('exec')) return [];
    return [
      service.finding(
        'compose.tmpfs-exec',
        'warning',
        Array.isArray(value) ? ['tmpfs', index] : ['tmpfs'],
        `may run programs it has written to ${textOf(entry).split(':')[0]}`,
        'leave "exec" out',
      ),
    ];
  });
};

export const ACCESS_RULES: readonly ServiceRule[] = [
  variableRule,
  hookRule,
  sharedNamespaceRule,
  deviceRuleRule,
  foreignSecretRule,
  executableMemoryRule,
];
