import * as v from 'valibot';
import { notObeyed } from './value-schemas.ts';

/** Answers about certificates; the table in schema.ts puts them together with the others. */

const variable = v.pipe(
  v.string(),
  v.regex(/^[A-Z][A-Z0-9_]*$/, 'must be a variable name: capital letters, digits and "_"'),
);
const path = v.pipe(
  v.string(),
  v.check((value) => !/\p{Cc}/u.test(value), 'must not contain line breaks or control characters'),
);
const httpsUrl = v.pipe(v.string(), v.regex(/^https:\/\/[A-Za-z0-9.:/_-]+$/, 'must be an https:// address'));

const dns = v.strictObject({
  provider: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9]*$/, 'must be a provider’s code name such as cloudflare or route53'),
    v.description('Where the DNS zone lies: the code name at https://go-acme.github.io/lego/dns/.'),
  ),
  secrets: v.optional(
    v.pipe(
      v.array(v.pipe(variable, notObeyed)),
      v.description(
        'The provider’s secret settings, such as CF_DNS_API_TOKEN; the values are external secrets, ACME_… in `.env`.',
      ),
    ),
    [],
  ),
  environment: v.optional(
    v.pipe(
      v.record(
        variable,
        v.pipe(
          v.string(),
          v.check((value) => !/\p{Cc}/u.test(value), 'must not contain line breaks or control characters'),
        ),
      ),
      v.description('The provider’s plain settings. Never a secret: this file is committed.'),
    ),
    {},
  ),
  wait: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(3600),
      v.description(
        'Seconds to wait for the record instead of asking the zone’s name servers, where those cannot be reached.',
      ),
    ),
  ),
});

export const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';
export const LETS_ENCRYPT_STAGING = 'https://acme-staging-v02.api.letsencrypt.org/directory';

export const tlsSchema = v.strictObject({
  mode: v.pipe(
    v.picklist(['dev-ca', 'acme', 'files']),
    v.description(
      '`dev-ca`: a local authority for development; `acme`: Let’s Encrypt; `files`: your own certificate.',
    ),
  ),
  policy: v.optional(
    v.pipe(
      v.picklist(['modern', 'intermediate']),
      v.description('`modern`: TLS 1.3 only; `intermediate`: TLS 1.2 and 1.3, for older clients.'),
    ),
    'intermediate',
  ),
  email: v.optional(
    v.pipe(
      v.string(),
      v.email('must be an e-mail address'),
      v.description('Contact for the certificate authority (acme).'),
    ),
  ),
  terms: v.optional(
    v.pipe(
      v.picklist(['accepted', 'declined']),
      v.description(
        'Whether you accept the authority’s terms of service (acme), for Let’s Encrypt: https://letsencrypt.org/repository/.',
      ),
    ),
  ),
  staging: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Let’s Encrypt’s staging directory (acme): certificates that no browser trusts, and no tight rate limits. For the first tries.',
      ),
    ),
    false,
  ),
  directory: v.optional(
    v.pipe(httpsUrl, v.description('ACME directory of another authority; absent: Let’s Encrypt.')),
  ),
  directoryCa: v.optional(
    v.pipe(
      path,
      v.description('PEM file with the CA that `directory` itself is verified with; absent: the public CAs.'),
    ),
  ),
  dns: v.optional(
    v.pipe(dns, v.description('Prove control over DNS (DNS-01), not over port 80: needed for wildcards.')),
  ),
  certificate: v.optional(v.pipe(path, v.description('Path of the PEM certificate with its chain (files).'))),
  key: v.optional(v.pipe(path, v.description('Path of the PEM private key (files).'))),
});

export type TlsSpec = v.InferOutput<typeof tlsSchema>;

/** The directory that is asked. */
export function acmeDirectory({ directory, staging }: TlsSpec): string {
  return directory ?? (staging ? LETS_ENCRYPT_STAGING : LETS_ENCRYPT);
}
