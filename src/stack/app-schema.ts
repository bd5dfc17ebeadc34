import * as v from 'valibot';
import { limitsSchema } from '../catalog/limits.ts';
import { staticSchema, upstreamTlsSchema } from './edge-schema.ts';
import {
  absolutePath,
  cidr,
  domain,
  image,
  origin,
  port,
  rate,
  relativePath,
  routePath,
  secretName,
  size,
  text,
  variableName,
  workloadName,
} from './value-schemas.ts';

/** Answers about one app; the table in schema.ts puts them together with the others. */

const rateLimit = v.strictObject({
  requestsPerSecond: v.pipe(rate, v.description('Requests per second for one client (IPv6: one /64).')),
  burst: v.optional(v.pipe(rate, v.description('Requests allowed at once above the rate.')), 20),
});

const route = v.strictObject({
  host: v.optional(v.pipe(domain, v.description('One of `domains`; absent: every domain.'))),
  path: v.optional(v.pipe(routePath, v.description('Path prefix; the longest one wins.')), '/'),
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
        'Decides rotation; derived from `kind` when absent. `encryption` keys are replaced only by name, with the old one kept.',
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
    v.pipe(
      v.record(secretName, appSecret),
      v.description(
        'Secret values by variable name; not PATH, LD_PRELOAD and the like, which programs obey.',
      ),
    ),
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
      v.description(
        'Named volumes for data that must survive; the path must belong to `user` in the image and be none of `writable`.',
      ),
    ),
    [],
  ),
  limits: limitsSchema({ memory: '256m', cpus: 0.5, pids: 200 }),
  expose: v.optional(
    v.pipe(v.array(expose), v.description('Ports published past the edge; each needs an allow-list.')),
    [],
  ),
});
