import * as v from 'valibot';
import { catalog } from '../catalog/index.ts';
import { limitsSchema } from '../catalog/limits.ts';
import { cidrProblem, parseDomain } from './domains.ts';
import {
  contentSecurityPolicySchema,
  edgeLogSchema,
  staticSchema,
  upstreamTlsSchema,
} from './edge-schema.ts';
import { tlsSchema } from './tls-schema.ts';

/**
 * stack.yaml, described once. From this one table come the validation of files, flags and prompts, the JSON Schema
 * that editors complete from, and the reference documentation.
 */

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
const cidr = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed ? cidrProblem(dataset.value) : undefined;
    if (problem) addIssue({ message: problem });
  }),
);
const text = v.pipe(
  v.string(),
  v.check((value) => !/\p{Cc}/u.test(value), 'must not contain line breaks or control characters'),
);
const variableName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable name: letters, digits and "_"'),
);
const size = v.pipe(v.string(), v.regex(/^[1-9]\d{0,5}[kmg]$/, 'must be a size such as 512k, 10m or 1g'));
const absolutePath = v.pipe(
  v.string(),
  v.regex(/^\/[A-Za-z0-9._/-]+$/, 'must be an absolute path of letters, digits, ".", "_", "-" and "/"'),
  v.check((path) => !path.split('/').includes('..'), 'must not contain ".."'),
);
const relativePath = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9._@/-]+$/, 'must be a path of letters, digits, ".", "_", "@", "-" and "/"'),
);
/** A service's name is its DNS name and part of container, network and variable names. */
const workloadName = v.pipe(
  v.string(),
  v.regex(
    /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
    'must be lower-case letters, digits and "-", start with a letter, at most 30 characters',
  ),
);
const image = v.pipe(
  v.string(),
  v.regex(
    /^(?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9._/-]+(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/,
    'must be an image name such as ghcr.io/acme/web:1.4.2',
  ),
);

const domain = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      parseDomain(dataset.value);
    } catch (error) {
      addIssue({ message: (error as Error).message });
    }
  }),
);

const origin = v.pipe(
  v.string(),
  v.regex(
    /^https?:\/\/(?:\*\.)?[a-z0-9.-]+(?::\d{1,5})?$/,
    'must be an origin such as https://app.example.com, without a path; *.example.com stands for one level of names',
  ),
);

const rate = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000));

const rateLimit = v.strictObject({
  requestsPerSecond: v.pipe(rate, v.description('Requests per second for one client (IPv6: one /64).')),
  burst: v.optional(v.pipe(rate, v.description('Requests allowed at once above the rate.')), 20),
});

const route = v.strictObject({
  host: v.optional(v.pipe(domain, v.description('One of `domains`; absent: every domain.'))),
  path: v.optional(
    v.pipe(
      v.string(),
      v.regex(
        /^\/(?:[A-Za-z0-9._~-]+\/?)*$/,
        'must start with "/" and hold letters, digits, ".", "_", "~", "-" and "/"',
      ),
      v.description('Path prefix; the longest one wins.'),
    ),
    '/',
  ),
  rateLimit: v.optional(v.pipe(rateLimit, v.description('Limit of this route, besides the general one.'))),
  maxBody: v.optional(
    v.pipe(size, v.description('Largest request body; `edge.limits.maxBody` when absent.')),
  ),
  cors: v.optional(
    v.pipe(v.array(origin), v.description('Origins whose pages may call this route with credentials.')),
    [],
  ),
  allow: v.optional(
    v.pipe(v.array(cidr), v.description('Addresses that may call this route; empty: everybody.')),
    [],
  ),
  auth: v.optional(
    v.pipe(
      v.picklist(['none', 'basic']),
      v.description(
        '`basic`: the edge asks for the user `admin` and a generated password, for dashboards without a login of their own.',
      ),
    ),
    'none',
  ),
  timeout: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(86_400),
      v.description(
        'Seconds the app may be silent before the edge answers 504. Default: 30; 3600 for `ws` and `grpc`.',
      ),
    ),
  ),
});

const SECRET_KINDS = ['password', 'hmac', 'hex', 'base64', 'fernet', 'uuid', 'external'] as const;

const delivery = v.picklist(['file', 'variable']);

const appSecret = v.strictObject({
  kind: v.optional(
    v.pipe(
      v.picklist(SECRET_KINDS),
      v.description('How the value is made; `external`: you enter it (an API key, an SMTP password).'),
    ),
    'password',
  ),
  class: v.optional(
    v.pipe(
      v.picklist(['signing', 'encryption', 'external']),
      v.description(
        'Decides rotation; derived from `kind` when absent. `encryption` keys are never replaced.',
      ),
    ),
  ),
  delivery: v.optional(
    v.pipe(
      delivery,
      v.description(
        '`file`: NAME_FILE points to /run/secrets/…; `variable`: NAME holds the value. The app’s `delivery` when absent.',
      ),
    ),
  ),
  overlap: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'The app also accepts the replaced key, from NAME_PREVIOUS. Default: true for signing keys, false for encryption keys, which cannot be rotated without it.',
      ),
    ),
  ),
  overlapHours: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(8760),
      v.description('Longest life of what the key signs; then the replaced key is due to be dropped.'),
    ),
    24,
  ),
  sharedWith: v.optional(
    v.pipe(v.array(workloadName), v.description('Other apps that get the same value under the same name.')),
    [],
  ),
});

const expose = v.strictObject({
  port: v.pipe(port, v.description('Port inside the container.')),
  hostPort: v.pipe(port, v.description('Port on the host.')),
  address: v.optional(
    v.pipe(v.string(), v.ip('must be an IP address'), v.description('Address of the host it is bound to.')),
    '0.0.0.0',
  ),
  protocol: v.optional(v.pipe(v.picklist(['tcp', 'udp']), v.description('Protocol of the port.')), 'tcp'),
  allow: v.pipe(
    v.array(cidr),
    v.description(
      'Addresses the firewall lets in. An exposed port without an allow-list is refused, save on a loopback address.',
    ),
  ),
});

const health = v.strictObject({
  path: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\/[A-Za-z0-9._~/-]*$/, 'must be a path such as /health'),
      v.description('Answers 2xx when the app is ready.'),
    ),
    '/health',
  ),
  probe: v.optional(
    v.pipe(
      v.picklist(['auto', 'curl', 'wget', 'node', 'python', 'tcp', 'none']),
      v.description(
        'Program inside the image that asks; `auto` takes the first present (needs a shell in the image); `tcp` only connects (needs bash); `none` for images without any.',
      ),
    ),
    'auto',
  ),
  command: v.optional(
    v.pipe(v.array(text), v.minLength(1), v.description('Own check in exec form, instead of a probe.')),
  ),
  startPeriodSeconds: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3600), v.description('Grace at the start.')),
    30,
  ),
});

const build = v.strictObject({
  context: v.pipe(relativePath, v.description('Folder with the Dockerfile, relative to stack.yaml.')),
  dockerfile: v.optional(v.pipe(relativePath, v.description('Name of the Dockerfile in it.'))),
});

export const appSchema = v.strictObject({
  image: v.optional(
    v.pipe(
      image,
      v.description('Image with a fixed tag, or `sample`: a built-in page that shows the stack works.'),
    ),
  ),
  build: v.optional(v.pipe(build, v.description('Built on the host instead of an image.'))),
  static: v.optional(
    v.pipe(
      staticSchema(relativePath),
      v.description('A folder of finished files that the edge’s own image serves, instead of an image.'),
    ),
  ),
  command: v.optional(v.pipe(v.array(text), v.description('Replaces the image’s command.'))),
  port: v.optional(v.pipe(port, v.description('Port the app listens on.')), 8080),
  protocol: v.optional(
    v.pipe(
      v.picklist(['http', 'ws', 'grpc']),
      v.description('`ws`: HTTP with WebSockets and responses that never end (server-sent events).'),
    ),
    'http',
  ),
  user: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,9}:\d{1,10}$/, 'must be numeric uid:gid, not root, such as 1000:1000'),
      v.description('Numeric uid:gid the app runs as; never root.'),
    ),
    '1000:1000',
  ),
  health: v.optional(health, {}),
  routes: v.optional(
    v.pipe(v.array(route), v.description('Where the edge shows the app; empty: not reachable from outside.')),
    [],
  ),
  upstreamTls: v.optional(
    v.pipe(
      upstreamTlsSchema(relativePath),
      v.description('The app itself speaks TLS; the edge verifies its certificate.'),
    ),
  ),
  needs: v.optional(
    v.pipe(
      v.array(workloadName),
      v.description('Services and apps it connects to; it can reach nothing else.'),
    ),
    [],
  ),
  environment: v.optional(
    v.pipe(
      v.record(variableName, v.union([text, v.number(), v.boolean()])),
      v.description('Plain settings. Never a secret: this file is committed.'),
    ),
    {},
  ),
  secrets: v.optional(
    v.pipe(v.record(variableName, appSecret), v.description('Secret values by variable name.')),
    {},
  ),
  reencrypt: v.optional(
    v.pipe(
      v.array(text),
      v.minLength(1),
      v.description(
        'Command in the app’s container that encrypts the stored data with the new key, after a rotation of an encryption key.',
      ),
    ),
  ),
  delivery: v.optional(
    v.pipe(
      delivery,
      v.description(
        'How secrets reach the app: `file` keeps them out of `docker inspect`; `variable` for apps that read no files.',
      ),
    ),
    'file',
  ),
  egress: v.optional(v.pipe(v.boolean(), v.description('May open connections to the internet.')), false),
  writable: v.optional(
    v.pipe(
      v.array(absolutePath),
      v.description('Paths held in memory (tmpfs); everything else is read-only.'),
    ),
    ['/tmp'],
  ),
  volumes: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          name: v.pipe(workloadName, v.description('Name of the volume.')),
          path: v.pipe(absolutePath, v.description('Where the app sees it.')),
        }),
      ),
      v.description('Named volumes for data that must survive; the path must belong to `user` in the image.'),
    ),
    [],
  ),
  limits: limitsSchema({ memory: '256m', cpus: 0.5, pids: 200 }),
  expose: v.optional(
    v.pipe(v.array(expose), v.description('Ports published past the edge; each needs an allow-list.')),
    [],
  ),
});

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

const firewall = v.strictObject({
  sshPorts: v.optional(
    v.pipe(v.array(port), v.minLength(1), v.description('Ports of the SSH server.')),
    [22],
  ),
  sshFrom: v.optional(
    v.pipe(v.array(cidr), v.description('Addresses SSH is allowed from; empty: everybody, rate-limited.')),
    [],
  ),
  trustedInterfaces: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{1,15}$/, 'must be an interface name such as wg0'))),
      v.description('Interfaces that are not filtered, such as a VPN’s.'),
    ),
    [],
  ),
  backend: v.optional(
    v.pipe(
      v.picklist(['nftables', 'iptables']),
      v.description(
        'What the rules are loaded with. `iptables` is the second choice, for hosts without nft; what it does worse stands in the security report.',
      ),
    ),
    'nftables',
  ),
  blockPrivateEgress: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Containers may not open connections to private addresses outside the host (10.0.0.0/8, fc00::/7, …).',
      ),
    ),
    false,
  ),
  metadataDns: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Port 53 of the cloud’s metadata addresses stays open to containers: it is the resolver of AWS, Azure and Google.',
      ),
    ),
    true,
  ),
  containersToHost: v.optional(
    v.pipe(v.array(port), v.description('TCP ports of services of the host itself that containers may use.')),
    [],
  ),
});

const secrets = v.strictObject({
  location: v.optional(
    v.pipe(
      v.union(
        [v.literal('project'), absolutePath],
        'must be "project" or an absolute folder such as /etc/shop',
      ),
      v.description(
        '`project`: `.env` and `secrets/` beside stack.yaml, ignored by git; or an absolute folder outside it, with files of its own for each environment. The values move along when this or `name` changes; a change of `environment` is refused while an outside folder holds only those of the other one.',
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
      v.description(
        'Block the stack’s networks are cut from; absent: Docker chooses, and beyond 20 networks 10.231.0.0/16.',
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
    v.picklist(['development', 'staging', 'production']),
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
  firewall: v.optional(firewall, {}),
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
