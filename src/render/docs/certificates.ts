import { ACME_NAME } from '../../catalog/acme.ts';
import type { Stack } from '../../stack/model.ts';

interface CertificateFacts {
  /** Sentences for the stack's README. */
  about: string[];
  /** One control of the security report, and what enforces it. */
  control: { title: string; by: string };
}

/** Where the stack's certificate comes from and how it is kept current, by its TLS mode. */
export function certificateFacts(stack: Stack): CertificateFacts {
  switch (stack.edge.tls.mode) {
    case 'dev-ca':
      return {
        about: [
          'The certificate is valid for 90 days. A run of create-secure-stack renews it when a third of that is left, “create-secure-stack cert renew” at once; the edge serves the new one within seconds.',
          'The authority is valid for two years. “create-secure-stack cert renew --ca” brings in the next one to be trusted beside it; with --finish it takes over.',
        ],
        control: {
          title: 'Certificates from an authority of this stack’s own, bound to its names and local ones',
          by: 'certs/ca/ca.crt: critical name constraints; its key 0600',
        },
      };
    case 'files':
      return {
        about: [
          'The certificate is the one that stack.yaml names. It is copied to certs/live, which the edge watches: after replacing your files run “create-secure-stack cert renew”, which checks them first and then proves that they are served.',
          'A pair that cannot be used is refused, and the old one stays served. “create-secure-stack check” fails from 14 days before the end on.',
        ],
        control: {
          title: 'Your certificate: chain, key, names and dates checked before it is served',
          by: 'create-secure-stack; nginx -t before each reload (nginx/serve.sh)',
        },
      };
    case 'acme':
      return acmeFacts(stack);
  }
}

function acmeFacts({ workloads }: Stack): CertificateFacts {
  const { environment = {} } = workloads.find(({ name }) => name === ACME_NAME) ?? {};
  const directory = String(environment['LEGO_SERVER']);
  const provider = environment['ACME_DNS_PROVIDER'];
  const proof =
    provider === undefined
      ? 'Each domain has to lead to this machine, and port 80 has to be open to everybody: that is how the authority checks.'
      : `Control over the domains is proved by DNS records, made at ${provider}; nothing has to lead to this machine.`;
  return {
    about: [
      `The container “acme” gets the certificate from ${directory} and renews it in time. ${proof}`,
      'Until the first one arrives the edge serves a placeholder that no browser trusts. After a failure the client waits, ever longer, because authorities lock out who does not; “create-secure-stack cert renew” has it ask at once, “create-secure-stack cert status” tells how it fares.',
      'Account and keys lie in certs/acme. Lost, they are made anew; nothing there needs a backup.',
    ],
    control: {
      title: `Certificates renewed by a client without access to Docker, from ${new URL(directory).host}`,
      by: 'acme/client.sh; nginx/serve.sh takes a new pair after nginx -t, and keeps the old one otherwise',
    },
  };
}
