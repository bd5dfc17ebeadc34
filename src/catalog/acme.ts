import { knownKey } from '../secrets/known-keys.ts';
import type { Secret, SecretFile, Workload } from '../stack/model.ts';
import type { TlsSpec } from '../stack/tls-schema.ts';

/**
 * The ACME client beside the edge: lego, which knows HTTP-01 and, for wildcards, the APIs of some 180 DNS providers.
 * It has no way to the edge but files: it puts the certificate into a folder that the edge watches, and the answers to
 * HTTP-01 into a folder that the edge serves.
 *
 * The last release of series 4, whose flags and variables client.sh uses; series 5 renamed them.
 *
 * Sources: go-acme/lego v4.35.2 buildx.Dockerfile (Alpine, /lego, no user of its own), .goreleaser.yml (tags),
 * cmd/flags.go, cmd/cmd_renew.go, cmd/accounts_storage.go, platform/config/env (`NAME_FILE`).
 */
const LEGO_IMAGE = 'goacme/lego:v4.35.2';

/** Name of the workload; no app may have it. */
export const ACME_NAME = 'acme';

/** Folders of the stack that the client and the edge share; `certs` itself keeps everybody else out. */
export const ACME_FOLDERS = {
  state: 'certs/acme',
  challenge: 'certs/challenge',
  live: 'certs/live',
} as const;

/** Where the edge sees the answers to HTTP-01. */
export const CHALLENGE_TARGET = '/etc/secure-stack/challenge';

const AUTHORITY_TARGET = '/etc/secure-stack/directory-ca.pem';

export interface AcmeParts {
  workload: Workload;
  secrets: Secret[];
  files: SecretFile[];
}

/**
 * @param domains in ASCII, the main one first
 * @param directory address of the ACME directory
 */
export function acmeClient({
  tls,
  domains,
  directory,
}: {
  tls: Pick<TlsSpec, 'email' | 'dns' | 'directoryCa'>;
  domains: readonly string[];
  directory: string;
}): AcmeParts {
  const { dns } = tls;
  const credentials = (dns?.secrets ?? []).map((variable) => ({
    variable,
    id: `ACME_${variable}`,
    file: `${ACME_NAME}_${variable.toLowerCase()}`,
  }));
  return {
    workload: {
      name: ACME_NAME,
      kind: 'service',
      title: 'ACME client (lego)',
      image: LEGO_IMAGE,
      entrypoint: ['sh', '/etc/secure-stack/acme/client.sh'],
      // The edge's: what one writes the other reads, and nobody else.
      user: '101:101',
      environment: {
        LEGO_SERVER: directory,
        LEGO_PATH: `/var/lib/acme/${new URL(directory).host.replace(':', '_')}`,
        ...(tls.email === undefined ? {} : { LEGO_EMAIL: tls.email }),
        ...(tls.directoryCa === undefined ? {} : { LEGO_CA_CERTIFICATES: AUTHORITY_TARGET }),
        ACME_DOMAINS: domains.join(' '),
        ACME_CERTIFICATE: domains[0]!.replace('*', '_'),
        ...(dns === undefined ? {} : { ...dns.environment, ACME_DNS_PROVIDER: dns.provider }),
        ...(dns?.wait === undefined ? {} : { ACME_DNS_WAIT: String(dns.wait) }),
      },
      secretMounts: credentials.map(({ variable, file }) => ({ name: file, variable: `${variable}_FILE` })),
      secretVariables: [],
      tmpfs: [{ target: '/tmp', size: '16m', mode: '1777' }],
      volumes: [],
      mounts: [
        { source: 'acme', target: '/etc/secure-stack/acme' },
        { source: ACME_FOLDERS.state, target: '/var/lib/acme', writable: true },
        { source: ACME_FOLDERS.live, target: '/var/lib/certs', writable: true },
        ...(dns === undefined
          ? [{ source: ACME_FOLDERS.challenge, target: '/var/lib/challenge', writable: true as const }]
          : []),
        ...(tls.directoryCa === undefined ? [] : [{ source: tls.directoryCa, target: AUTHORITY_TARGET }]),
      ],
      // The client keeps the file while there is a certificate for all names and renewals do not fail for days.
      health: {
        test: ['CMD-SHELL', 'test -e /tmp/healthy'],
        intervalSeconds: 10,
        timeoutSeconds: 5,
        retries: 3,
        startPeriodSeconds: 120,
      },
      limits: { memory: '128m', cpus: 0.5, pids: 50 },
      // Over HTTP-01 the edge has to answer before anybody is asked.
      startAfter: ['edge'],
      stopGraceSeconds: 10,
      capAdd: [],
      published: [],
    },
    secrets: credentials.map(({ variable, id }) => {
      const known = knownKey(variable);
      return {
        id,
        kind: 'external',
        class: 'external',
        what: `${variable} for the DNS provider ${dns!.provider}; yours to enter`,
        placeholder: known?.placeholder ?? 'your-value',
        consumers: [ACME_NAME],
      };
    }),
    files: credentials.map(({ id, file }) => ({
      name: file,
      from: [id],
      content: (value) => value(id),
      consumers: [ACME_NAME],
    })),
  };
}
