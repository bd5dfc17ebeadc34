import { CONTROLS } from '../render/compose/reasons.ts';
import {
  fieldsAt,
  isDecidedElsewhere,
  isFalse,
  isFields,
  isTrue,
  listOf,
  textOf,
} from './compose-document.ts';
import type { ServiceRule, ServiceView } from './compose-service.ts';
import type { Severity } from './finding.ts';

/** A line that every service must keep; what an override does not state stays as the generated file has it. */
interface Protection {
  key: string;
  rule: string;
  severity: Severity;
  missing: string;
  /** Why the stated value does not protect; undefined when it does. */
  weakness(value: unknown, service: ServiceView): string | undefined;
  /** Stated elsewhere, or not wanted by answer. */
  isSettled?(service: ServiceView): boolean;
}

const PROTECTIONS: readonly Protection[] = [
  {
    key: 'user',
    rule: 'compose.root-user',
    severity: 'error',
    missing: 'runs as whatever user the image says, often root',
    weakness: (value) => (isRoot(value) ? 'runs as root' : undefined),
  },
  {
    key: 'read_only',
    rule: 'compose.writable-root',
    severity: 'error',
    missing: 'has a writable root file system',
    weakness: (value) => (isTrue(value) ? undefined : 'has a writable root file system'),
  },
  {
    key: 'cap_drop',
    rule: 'compose.cap-drop',
    severity: 'error',
    missing: 'keeps Docker’s default capabilities',
    // An override's list is added to the generated one; a blank one is meant to undo it.
    weakness: (value, service) =>
      replaces(service, 'cap_drop', value) &&
      !listOf(value).some((name) => /^(CAP_)?ALL$/i.test(textOf(name)))
        ? 'keeps Docker’s default capabilities'
        : undefined,
  },
  {
    key: 'security_opt',
    rule: 'compose.security-opt',
    severity: 'error',
    missing: 'lets setuid programs gain privileges',
    weakness: (value, service) => securityWeakness(value, replaces(service, 'security_opt', value)),
  },
  {
    key: 'healthcheck',
    rule: 'compose.healthcheck',
    severity: 'warning',
    missing: 'has no health check',
    weakness: (value) => (isHealthcheckOff(value) ? 'has its health check switched off' : undefined),
    isSettled: ({ workload }) => workload?.health === 'none',
  },
  {
    key: 'mem_limit',
    rule: 'compose.memory',
    severity: 'warning',
    missing: 'has no memory limit',
    weakness: (value) => (isUnlimited(value) ? 'has no memory limit' : undefined),
    isSettled: (service) => hasDeployLimit(service, 'memory'),
  },
  {
    key: 'pids_limit',
    rule: 'compose.pids',
    severity: 'warning',
    missing: 'has no process limit',
    weakness: (value) => (isUnlimited(value) ? 'has no process limit' : undefined),
    isSettled: (service) => hasDeployLimit(service, 'pids'),
  },
  {
    key: 'cpus',
    rule: 'compose.cpus',
    severity: 'warning',
    missing: 'has no CPU limit',
    weakness: (value) => (isUnlimited(value) ? 'has no CPU limit' : undefined),
    isSettled: (service) => hasDeployLimit(service, 'cpus'),
  },
  {
    key: 'memswap_limit',
    rule: 'compose.swap',
    severity: 'note',
    missing: 'may swap as much again as it has memory',
    weakness: (value) => (isUnlimited(value) ? 'may swap without a limit' : undefined),
    isSettled: (service) => hasDeployLimit(service, 'memory'),
  },
  {
    key: 'logging',
    rule: 'compose.logging',
    severity: 'warning',
    missing: 'has logs without a bound, which fill the disk',
    weakness: loggingWeakness,
  },
  {
    key: 'init',
    rule: 'compose.init',
    severity: 'note',
    missing: 'has no init process to reap zombies and pass signals on',
    weakness: (value) =>
      isTrue(value) ? undefined : 'has no init process to reap zombies and pass signals on',
  },
  {
    key: 'restart',
    rule: 'compose.restart',
    severity: 'note',
    missing: 'does not come back after a crash or a reboot',
    weakness: (value) =>
      isFalse(value) || value === null ? 'does not come back after a crash or a reboot' : undefined,
  },
];

/** The hardening of each service: stated where nothing is merged under it, never undone where something is. */
export const protectionRule: ServiceRule = (service) =>
  PROTECTIONS.flatMap(({ key, rule, severity, missing, weakness, isSettled }) => {
    if (isSettled?.(service)) return [];
    const report = (message: string) => [
      service.finding(rule, severity, [key], message, relaxation(key, service)),
    ];
    if (service.tag(key) === 'reset') return report(`${missing}: !reset takes ${key} away`);
    if (!Object.hasOwn(service.fields, key)) return service.isComplete ? report(missing) : [];
    // What a variable decides is the business of a rule of its own.
    if (isDecidedElsewhere(service.fields[key])) return [];
    const weak = weakness(service.fields[key], service);
    return weak === undefined ? [] : report(weak);
  });

/** Advice that goes by stack.yaml is of no use for a service that is not in it. */
function relaxation(key: string, { workload }: ServiceView): string {
  const control = workload && CONTROLS.find((one) => one.key === key)?.relax;
  // A setting of the apps is none of a service's or the edge's.
  const relax = workload?.kind === 'app' || !control?.includes('apps.') ? control : undefined;
  return relax && workload
    ? `${relax.charAt(0).toLowerCase()}${relax.slice(1).replace(/\.$/, '').replaceAll('<name>', workload.name)}`
    : `see "explain ${key}"`;
}

function replaces(service: ServiceView, key: string, value: unknown): boolean {
  const isBlank = isFields(value) ? Object.keys(value).length === 0 : listOf(value).length === 0;
  return service.isComplete || service.tag(key) === 'override' || isBlank;
}

function isRoot(value: unknown): boolean {
  return value === null || /^\s*(root|0+)?\s*(:|$)/i.test(textOf(value));
}

function securityWeakness(value: unknown, isWhole: boolean): string | undefined {
  const options = listOf(value).map((option) =>
    textOf(option).toLowerCase().replace('=', ':').replaceAll(' ', ''),
  );
  const open = options.find((option) =>
    /:unconfined$|^label:disable$|^no-new-privileges:false$/.test(option),
  );
  if (open !== undefined) return `weakens its confinement: ${open}`;
  const kept = options.some((option) => /^no-new-privileges(:true)?$/.test(option));
  return isWhole && !kept ? 'lets setuid programs gain privileges' : undefined;
}

function loggingWeakness(value: unknown, service: ServiceView): string | undefined {
  if (!isFields(value)) return 'has logs without a bound, which fill the disk';
  const driver = textOf(value['driver']);
  if (driver === 'none') return 'keeps no logs, so that what happened cannot be found out';
  // `local` and the remote drivers bound them by themselves; what an override leaves out stays as generated.
  const isBounded = !['', 'json-file'].includes(driver) || !replaces(service, 'logging', value);
  const size = textOf(fieldsAt(value, 'options')['max-size']);
  return (isBounded && size === '') || /^[1-9]/.test(size)
    ? undefined
    : 'has logs without a bound, which fill the disk';
}

function isHealthcheckOff(value: unknown): boolean {
  if (!isFields(value)) return true;
  const test = value['test'];
  return isTrue(value['disable']) || textOf(listOf(test)[0] ?? test).toUpperCase() === 'NONE';
}

function isUnlimited(value: unknown): boolean {
  return (
    value === null ||
    isFalse(value) ||
    /^\s*(-\d+|0+)\s*[a-z]*\s*$/i.test(textOf(value)) ||
    textOf(value) === ''
  );
}

function hasDeployLimit({ fields }: ServiceView, key: string): boolean {
  const limits = fieldsAt(fieldsAt(fieldsAt(fields, 'deploy'), 'resources'), 'limits');
  return Object.hasOwn(limits, key) && !isUnlimited(limits[key]);
}
