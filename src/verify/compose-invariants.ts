import type { Stack } from '../stack/model.ts';
import {
  type ComposeDocument,
  fieldsAt,
  isFalse,
  isFields,
  isTrue,
  readComposeDocument,
  textOf,
} from './compose-document.ts';
import { isSensitive } from './compose-mounts.ts';
import type { ServiceView } from './compose-service.ts';
import { SERVICE_RULES } from './compose-services.ts';
import { type Finding, sortFindings } from './finding.ts';

export interface ComposeFile {
  /** As findings name it. */
  file: string;
  stack: Stack;
  /** Merged over another file: what it does not say of the stack's services stays as it was. */
  isOverride: boolean;
}

/**
 * Whether a Compose file keeps what the stack promises: for docker-compose.yml as it is on disk, and for the user's
 * override. Never throws, whatever the text, and never repeats the value of an environment variable.
 */
export function composeFindings(text: string, { file, stack, isOverride }: ComposeFile): Finding[] {
  const read = readComposeDocument(text);
  if ('problems' in read) {
    return read.problems.map(({ line, message }) => ({
      rule: 'compose.syntax',
      severity: 'error',
      file,
      line,
      message,
    }));
  }
  const compose = { document: read, file, stack, isOverride };
  return sortFindings([
    ...serviceFindings(compose),
    ...networkFindings(compose),
    ...masqueradeFindings(compose),
    ...volumeFindings(compose),
    ...unseenFiles(compose),
  ]);
}

type Compose = ComposeFile & { document: ComposeDocument };

function serviceFindings({ document, file, stack, isOverride }: Compose): Finding[] {
  return Object.entries(fieldsAt(document.data, 'services')).flatMap(([name, fields]) => {
    if (!isFields(fields)) return [];
    const workload = stack.workloads.find((one) => one.name === name);
    const service: ServiceView = {
      name,
      fields,
      stack,
      workload,
      isComplete: !isOverride || workload === undefined,
      tag: (key) => document.tag(['services', name, key]),
      finding: (rule, severity, path, message, hint) => ({
        rule,
        severity,
        file,
        line: document.line(['services', name, ...path]),
        message: `${name} ${message}`,
        ...(hint === undefined ? {} : { hint }),
      }),
    };
    return SERVICE_RULES.flatMap((rule) => rule(service));
  });
}

function networkFindings({ document, file, stack, isOverride }: Compose): Finding[] {
  const networks = fieldsAt(document.data, 'networks');
  return stack.networks.flatMap(({ name, internal }) => {
    if (!internal || !Object.hasOwn(networks, name)) return [];
    const fields = fieldsAt(networks, name);
    const isOpened =
      document.tag(['networks', name]) !== undefined ||
      document.tag(['networks', name, 'internal']) === 'reset' ||
      isFalse(fields['internal']) ||
      isTrue(fields['external']);
    if (!isOpened && (isOverride || isTrue(fields['internal']))) return [];
    return [
      {
        rule: 'compose.internal-network',
        severity: 'error',
        file,
        line: document.line(['networks', name, 'internal']),
        message: `network ${name} is no longer internal: its members can reach the internet`,
        hint: 'egress: true in stack.yaml gives one app a way out of its own',
      },
    ];
  });
}

/** Networks that are only reached have no address of the host to go out with. */
function masqueradeFindings({ document, file, stack }: Compose): Finding[] {
  const networks = fieldsAt(document.data, 'networks');
  return stack.networks.flatMap(({ name, internal, egress }) => {
    const key = 'com.docker.network.bridge.enable_ip_masquerade';
    const value = fieldsAt(fieldsAt(networks, name), 'driver_opts')[key];
    if (value === undefined || isFalse(value) || internal || egress) return [];
    return [
      {
        rule: 'compose.masquerade',
        severity: 'error',
        file,
        line: document.line(['networks', name, 'driver_opts', key]),
        message: `network ${name} lets its members call the internet, though none of them should`,
        hint: 'egress: true in stack.yaml gives one app a way out of its own',
      },
    ];
  });
}

/** A named volume can be a folder of the host under another name. */
function volumeFindings({ document, file }: Compose): Finding[] {
  return Object.entries(fieldsAt(document.data, 'volumes')).flatMap(([name, fields]) => {
    if (!isFields(fields)) return [];
    const device = textOf(fieldsAt(fields, 'driver_opts')['device']);
    if (!isSensitive(device)) return [];
    return [
      {
        rule: 'compose.host-mount',
        severity: 'error',
        file,
        line: document.line(['volumes', name, 'driver_opts', 'device']),
        message: `volume ${name} is ${device} of the host`,
        hint: 'leave driver_opts out; Docker keeps the data',
      },
    ];
  });
}

function unseenFiles({ document, file }: Compose): Finding[] {
  const services = Object.entries(fieldsAt(document.data, 'services'));
  const paths = [
    ...(document.data['include'] ? [['include']] : []),
    ...services.flatMap(([name, fields]) =>
      isFields(fields) && isFields(fields['extends']) && fields['extends']['file']
        ? [['services', name, 'extends']]
        : [],
    ),
  ];
  return paths.map((path) => ({
    rule: 'compose.unseen-file',
    severity: 'note',
    file,
    line: document.line(path),
    message: `${path.at(-1)} brings in another file, which is not checked`,
  }));
}
