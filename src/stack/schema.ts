import * as v from 'valibot';
import { catalog } from '../catalog/index.ts';
import { appSchema } from './app-schema.ts';
import { cidrProblem, isPrivateBlock } from './domains.ts';
import { contentSecurityPolicySchema, edgeLogSchema } from './edge-schema.ts';
import { firewallSchema } from './firewall-schema.ts';
import { ENVIRONMENTS } from './model.ts';
import { tlsSchema } from './tls-schema.ts';
import { absolutePath, cidr, domain, port, rate, size, workloadName } from './value-schemas.ts';

/**
 * stack.yaml, described once. From this one table come the validation of files, flags and prompts, the JSON Schema
 * that editors complete from, and the reference documentation.
 */

const days = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3650));

const edge = v.strictObject({
  ports: v.optional(
    v.strictObject({
      http: v.optional(v.pipe(port, v.description('Host port for HTTP.')), 80),
      https: v.optional(v.pipe(port, v.description('Host port for HTTPS.')), 443),
    }),
    {},
  ),
  bind: v.optional(
    v.pipe(
      v.string(),
      v.ip('must be an IP address'),
      v.description(
        'Address of the host the edge listens on; 127.0.0.1 in development, all addresses elsewhere.',
      ),
    ),
  ),
  hsts: v.optional(
    v.strictObject({
      maxAge: v.optional(
        v.pipe(
          v.number(),
          v.integer(),
          v.minValue(0),
          v.description(
            'Seconds browsers insist on HTTPS. Default: two years in production, 300 in staging, none in development.',
          ),
        ),
      ),
      includeSubdomains: v.optional(
        v.pipe(v.boolean(), v.description('Only when every subdomain has HTTPS for good.')),
        false,
      ),
      preload: v.optional(
        v.pipe(v.boolean(), v.description('Ask for the browsers’ built-in list; hard to undo.')),
        false,
      ),
    }),
    {},
  ),
  limits: v.optional(
    v.strictObject({
      requestsPerSecond: v.optional(
        v.pipe(rate, v.description('General limit for one client (IPv6: one /64).')),
        20,
      ),
      burst: v.optional(v.pipe(rate, v.description('Requests allowed at once above the rate.')), 60),
      connections: v.optional(
        v.pipe(rate, v.description('Simultaneous connections of one client; with HTTP/2, requests.')),
        100,
      ),
      maxBody: v.optional(v.pipe(size, v.description('Largest request body.')), '1m'),
    }),
    {},
  ),
  workers: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64), v.description('nginx worker processes.')),
    2,
  ),
  trustedProxies: v.optional(
    v.pipe(
      v.array(cidr),
      v.description('Front proxies (CDN, load balancer) whose X-Forwarded-For is believed.'),
    ),
    [],
  ),
  http3: v.optional(
    v.pipe(
      v.boolean(),
      v.description('Also answer HTTP/3, on the UDP port of the same number; off, because it is young code.'),
    ),
    false,
  ),
  contentSecurityPolicy: v.optional(
    v.pipe(
      contentSecurityPolicySchema,
      v.description('Sources that pages may use besides their own site, where the app states no policy.'),
    ),
    {},
  ),
  log: v.optional(edgeLogSchema, {}),
});

const secrets = v.strictObject({
  location: v.optional(
    v.pipe(
      v.union(
        [v.literal('project'), absolutePath],
        'must be "project" or an absolute folder such as /etc/shop',
      ),
      v.check(
        (location) => !/\.env\/*$/.test(location),
        'must be a folder such as /etc/shop; the env file in it is called <name>-<environment>.env',
      ),
      v.description(
        '`project`: `.env` and `secrets/` beside stack.yaml, ignored by git; or an absolute folder outside it, with files of its own for each environment, such as `NAME-production.env`. The values move along when this or `name` changes; a change of `environment` is refused while an outside folder holds only those of the other one.',
      ),
    ),
    'project',
  ),
  schedule: v.optional(
    v.strictObject({
      signing: v.optional(v.pipe(days, v.description('Days until a signing key is due for rotation.')), 90),
      engine: v.optional(v.pipe(days, v.description('Days until an engine’s password is due.')), 180),
      external: v.optional(v.pipe(days, v.description('Days until a key of a third party is due.')), 90),
    }),
    {},
  ),
});

const network = v.strictObject({
  pool: v.optional(
    v.pipe(
      v.string(),
      v.regex(
        /^(?:\d{1,3}\.){3}\d{1,3}\/(?:[89]|1\d|2[0-4])$/,
        'must be an IPv4 block of /8 to /24, such as 10.231.0.0/16',
      ),
      v.check((block) => cidrProblem(block) === undefined, 'must be an IPv4 block such as 10.231.0.0/16'),
      v.check(
        isPrivateBlock,
        'must lie in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10: the rest are public addresses, which the host would no longer reach',
      ),
      v.description(
        'Private block the stack’s networks are cut from; absent: Docker chooses, and beyond 20 networks 10.231.0.0/16.',
      ),
    ),
  ),
});

export const stackSchema = v.strictObject({
  version: v.pipe(v.literal(1), v.description('Version of this file’s format.')),
  name: v.pipe(
    workloadName,
    v.description('Name of the stack: Compose project, certificates, default secret folder.'),
  ),
  environment: v.pipe(
    v.picklist(ENVIRONMENTS),
    v.description('Decides defaults: what is bound where, HSTS, which services are allowed.'),
  ),
  domains: v.pipe(
    v.array(domain),
    v.minLength(1, 'must name at least one domain'),
    v.description('Names the edge answers for, the main one first. Everything else is rejected.'),
  ),
  tls: tlsSchema,
  services: v.optional(
    v.strictObject(
      Object.fromEntries(
        catalog.map((service) => [
          service.name,
          v.optional(
            v.pipe(
              v.nullish(service.options as v.GenericSchema, {}),
              v.description(`${service.title}: ${service.summary}.`),
            ),
          ),
        ]),
      ),
    ),
    {},
  ),
  apps: v.optional(v.record(workloadName, appSchema), {}),
  edge: v.optional(edge, {}),
  firewall: v.optional(firewallSchema, {}),
  secrets: v.optional(secrets, {}),
  network: v.optional(network, {}),
});

/** stack.yaml as a user may write it. */
export type StackInput = v.InferInput<typeof stackSchema>;
/** stack.yaml with every default filled in. */
export type StackSpec = Omit<v.InferOutput<typeof stackSchema>, 'services'> & {
  services: Record<string, unknown>;
};
export type AppSpec = v.InferOutput<typeof appSchema>;
