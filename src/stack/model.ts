import type { Credential } from '../catalog/rotation.ts';

/**
 * The `Stack`: stack.yaml joined with the catalogue, validated and complete. Renderers read nothing else.
 * No field names a target (Compose, Swarm, Kubernetes).
 */

export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];
export type TlsMode = 'dev-ca' | 'acme' | 'files';
/** `modern`: TLS 1.3 only. `intermediate`: TLS 1.2 and 1.3. */
export type TlsPolicyName = 'modern' | 'intermediate';
export type Protocol = 'http' | 'ws' | 'grpc';

export interface Stack {
  name: string;
  environment: Environment;
  /** Names the edge answers for, ASCII (punycode) form, the primary one first. */
  domains: readonly string[];
  workloads: readonly Workload[];
  flows: readonly Flow[];
  networks: readonly Network[];
  edge: Edge;
  secrets: readonly Secret[];
  /** Passwords that services know by themselves. */
  credentials: readonly Credential[];
  secretFiles: readonly SecretFile[];
  secretStore: SecretStore;
  firewall: FirewallPolicy;
  /** Files a workload brings along: init scripts, the sample page. */
  files: readonly WorkloadFile[];
  /** Deviations from the default hardening and limits of what is protected, each with its reason. */
  exceptions: readonly Exception[];
  /** What the user should know but need not act on at once. */
  warnings: readonly string[];
}

/** One container: a catalogue service, an app of the user's, or the edge. */
export interface Workload {
  /** Also its DNS name inside the stack. */
  name: string;
  kind: 'edge' | 'service' | 'app';
  title: string;
  /** `name:tag`, without digest. Absent when built. */
  image?: string;
  build?: { context: string; dockerfile?: string };
  /** Replaces the image's own. */
  entrypoint?: readonly string[];
  command?: readonly string[];
  /** Numeric `uid:gid`. */
  user: string;
  environment: Readonly<Record<string, string>>;
  /** Secret values the workload reads from files under /run/secrets. */
  secretMounts: readonly SecretMount[];
  /** Secret values handed over in the environment (only where the answers say so). */
  secretVariables: readonly SecretVariable[];
  tmpfs: readonly Tmpfs[];
  volumes: readonly { name: string; target: string }[];
  /** Bind mounts of the stack's own files and folders; read-only unless said. */
  mounts: readonly { source: string; target: string; writable?: true }[];
  health: HealthCheck | 'none';
  limits: Limits;
  /** Shared memory, where the default of 64 MB is too small. */
  shmSize?: string;
  /** Workloads that must be up before it, beside those it opens connections to. */
  startAfter?: readonly string[];
  stopSignal?: string;
  /** Seconds between the stop signal and SIGKILL. */
  stopGraceSeconds: number;
  capAdd: readonly { capability: string; reason: string }[];
  /** Port published on the host by an explicit answer. */
  published: readonly PublishedPort[];
}

export interface SecretVariable {
  variable: string;
  /** Id of the value in `.env`. */
  secret: string;
  /** May be blank. */
  optional?: true;
  /** Not secret: kept in `.env` only because a rotation changes it. */
  plain?: true;
}

export interface SecretMount {
  /** Name under /run/secrets. */
  name: string;
  /** Variable that tells the process the file's path, if it wants one. */
  variable?: string;
}

export interface Tmpfs {
  target: string;
  /** e.g. `16m`. */
  size: string;
  /** Octal digits, e.g. `1777`. */
  mode: string;
  uid?: number;
  gid?: number;
}

export interface HealthCheck {
  /** Exec form, or `['CMD-SHELL', script]`. */
  test: readonly string[];
  intervalSeconds: number;
  timeoutSeconds: number;
  retries: number;
  startPeriodSeconds: number;
}

export interface Limits {
  /** e.g. `256m`. */
  memory: string;
  /** Cores, e.g. 0.5. */
  cpus: number;
  pids: number;
}

export interface PublishedPort {
  address: string;
  host: number;
  container: number;
  protocol: 'tcp' | 'udp';
  /** CIDRs the firewall lets in; empty means nobody from outside the host. */
  allow: readonly string[];
}

/** Who opens connections to whom. The end `internet` is everything outside the host. */
export interface Flow {
  from: string;
  to: string;
  port: number;
  why: string;
  /** From outside only in Docker's eyes: the port is published on a loopback address. */
  local?: true;
}

export interface Network {
  name: string;
  members: readonly string[];
  /** Without a route out of the host. */
  internal: boolean;
  /** Its members may open connections to the outside; false where they are only reached from there. */
  egress: boolean;
  /** Host's bridge interface, at most 15 characters, always `css-…` so that the firewall knows it. */
  bridge: string;
  subnet?: string;
  why: string;
}

/** Everything the reverse proxy's configuration is made from. */
export interface Edge {
  tls: {
    mode: TlsMode;
    policy: TlsPolicyName;
  };
  /** Where the world dials; differs from 80/443 only by answer. */
  publicPorts: { http: number; https: number };
  /** Address the ports are published on; absent for all. */
  bind?: string;
  hsts: { maxAgeSeconds: number; includeSubdomains: boolean; preload: boolean };
  routes: readonly EdgeRoute[];
  limits: {
    /** Requests per second and client (IPv6: per /64). */
    requestsPerSecond: number;
    burst: number;
    /** Simultaneous connections (HTTP/2: requests) per client. */
    connections: number;
    /** e.g. `1m`. */
    maxBody: string;
  };
  /** Number of worker processes; nginx's `auto` counts the host's cores, not the container's share. */
  workers: number;
  /** Front proxies whose X-Forwarded-For is believed, as CIDRs. */
  trustedProxies: readonly string[];
  /** For pages whose app states no policy of its own; absent: the strict built-in one. */
  contentSecurityPolicy?: { policy?: string; reportOnly?: boolean; framing?: Framing };
  /** Also HTTP/3, on the UDP port of the same number. */
  http3?: boolean;
  /** What the access log keeps of an IPv6 address; absent: the provider's block. */
  logIpv6?: '48' | 'last-segment';
  /** Listen on IPv6 inside the container too; only where its network has IPv6. */
  ipv6?: boolean;
}

/** Value of X-Frame-Options that goes with the policy's frame-ancestors; `allowed`: no such header. */
export type Framing = 'DENY' | 'SAMEORIGIN' | 'allowed';

export interface EdgeRoute {
  /** Name from the domains (may be `*.example.com`), or undefined: every name. */
  host?: string;
  /** Path prefix, starts with `/`. */
  path: string;
  app: string;
  port: number;
  protocol: Protocol;
  /** Requests per second and client for this route alone. */
  rateLimit?: { requestsPerSecond: number; burst: number };
  maxBody?: string;
  /** Origins such as `https://app.example.com` that may read responses with credentials. */
  cors: readonly string[];
  /** CIDRs that may call the route; empty: everybody. */
  allow: readonly string[];
  /** TLS from the edge to the app, always verified. Paths are those inside the edge's container. */
  upstreamTls?: { name: string; ca: string; certificate?: string; key?: string };
  /** The secret file with the route's login in htpasswd format, by its name under /run/secrets. */
  login?: string;
  /** Seconds of silence from the app (and towards it) after which the edge gives up; absent: by protocol. */
  timeoutSeconds?: number;
}

/**
 * `previous`: keys that a rotation has replaced and that are still accepted, separated by commas; mostly blank.
 * `setting`: no secret, its first value is the placeholder, and only a rotation changes it.
 */
export type SecretKind =
  | 'password'
  | 'hmac'
  | 'hex'
  | 'base64'
  | 'fernet'
  | 'uuid'
  | 'external'
  | 'derived'
  | 'previous'
  | 'setting';
export type SecretClass = 'engine' | 'signing' | 'encryption' | 'external' | 'bootstrap';

/** One variable of `.env`. */
export interface Secret {
  /** Variable name in `.env`, e.g. `POSTGRES_APP_PASSWORD`. */
  id: string;
  kind: SecretKind;
  class: SecretClass;
  what: string;
  /** Stands in `.env.example`. */
  placeholder: string;
  /** All that a `setting` may be. */
  values?: readonly string[];
  /** Workloads whose containers see the value. */
  consumers: readonly string[];
  /** Some container gets the value in its environment, straight from the env file. */
  byVariable?: true;
  /** For `derived`: computed from other values, e.g. a connection URL. */
  derive?: (value: (id: string) => string) => string;
  /** How a key of an app is replaced; absent for the others. */
  overlap?: KeyOverlap;
}

export interface KeyOverlap {
  /** Id of the secret that holds the replaced keys; absent: the app knows one key only. */
  previous?: string;
  /** Hours after which nothing signed with the replaced key is valid any more. */
  hours: number;
  /** Commands that encrypt the stored data anew, by workload. */
  reencrypt: Readonly<Record<string, readonly string[]>>;
}

/** A file under the secrets folder, mounted into containers; always computed from `.env`. */
export interface SecretFile {
  /** File name, also the name under /run/secrets. */
  name: string;
  /** Ids of the values in it; when one is blank the file is not written, unless it is `optional`. */
  from: readonly string[];
  /** @param previous the value that a running rotation replaces and that must still work; blank otherwise */
  content: (value: (id: string) => string, previous: (id: string) => string) => string;
  consumers: readonly string[];
  /** Written even when its values are blank: a file that is mounted has to be there. */
  optional?: true;
  /** The service reads it when it sets up its data and never again. */
  readOnce?: boolean;
}

export interface SecretStore {
  /** `.env`, or an absolute path such as `/etc/shop/production.env`. */
  envFile: string;
  /** `secrets`, or an absolute path. */
  directory: string;
  /** Days after which a secret of the class is due for rotation. */
  schedule: Readonly<Record<'signing' | 'engine' | 'external', number>>;
}

export interface FirewallPolicy {
  publicTcp: readonly number[];
  publicUdp: readonly number[];
  sshPorts: readonly number[];
  /** CIDRs SSH is allowed from; empty: everybody, with a rate limit per source. */
  sshFrom: readonly string[];
  /** Ports published by explicit answer, and those of the host itself. */
  openings: readonly { port: number; protocol: 'tcp' | 'udp'; from: readonly string[] }[];
  /** Interfaces that are not filtered, e.g. a VPN's. */
  trustedInterfaces: readonly string[];
  backend: FirewallBackend;
  /** Containers may not begin connections to private ranges outside the host. */
  blockPrivateEgress: boolean;
  /** Port 53 of the cloud's metadata addresses stays open to containers. */
  metadataDns: boolean;
  /** TCP ports of the host's own services that containers may use. */
  containersToHost: readonly number[];
}

export type FirewallBackend = 'nftables' | 'iptables' | 'ufw';

export interface WorkloadFile {
  path: string;
  content: string;
  mode: number;
}

export interface Exception {
  workload: string;
  /** Name of the control that does not hold, e.g. `health check`. */
  control: string;
  reason: string;
}
