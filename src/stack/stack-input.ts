// Written by `npm run generate` from schema.ts.

/** stack.yaml as a user may write it; its JSON Schema and docs/reference.md say what each setting means. */
export type StackInput = {
  version: 1;
  name: string;
  environment: "development" | "staging" | "production";
  domains: (string)[];
  tls: {
    mode: "dev-ca" | "acme" | "files";
    policy?: "modern" | "intermediate" | undefined;
    email?: string | undefined;
    terms?: "accepted" | "declined" | undefined;
    staging?: boolean | undefined;
    directory?: string | undefined;
    directoryCa?: string | undefined;
    dns?: {
      provider: string;
      secrets?: (string)[] | undefined;
      environment?: { [name: string]: string } | undefined;
      wait?: number | undefined;
    } | undefined;
    certificate?: string | undefined;
    key?: string | undefined;
  };
  services?: {
    postgres?: {
      version?: 17 | 18 | undefined;
      database?: string | undefined;
      rotation?: "single" | "two-role" | undefined;
      limits?: {
        memory?: string | undefined;
        cpus?: number | undefined;
        pids?: number | undefined;
      } | undefined;
    } | null | undefined;
    redis?: {
      persistent?: boolean | undefined;
      maxMemory?: string | undefined;
      eviction?: "noeviction" | "allkeys-lru" | "volatile-lru" | undefined;
      limits?: {
        memory?: string | undefined;
        cpus?: number | undefined;
        pids?: number | undefined;
      } | undefined;
    } | null | undefined;
    valkey?: {
      persistent?: boolean | undefined;
      maxMemory?: string | undefined;
      eviction?: "noeviction" | "allkeys-lru" | "volatile-lru" | undefined;
      limits?: {
        memory?: string | undefined;
        cpus?: number | undefined;
        pids?: number | undefined;
      } | undefined;
    } | null | undefined;
    mailpit?: {
      port?: number | undefined;
      limits?: {
        memory?: string | undefined;
        cpus?: number | undefined;
        pids?: number | undefined;
      } | undefined;
    } | null | undefined;
  } | undefined;
  apps?: { [name: string]: {
    image?: string | undefined;
    build?: {
      context: string;
      dockerfile?: string | undefined;
    } | undefined;
    static?: {
      folder: string;
      singlePage?: boolean | undefined;
    } | undefined;
    command?: (string)[] | undefined;
    port?: number | undefined;
    protocol?: "http" | "ws" | "grpc" | undefined;
    user?: string | undefined;
    health?: {
      path?: string | undefined;
      probe?: "auto" | "curl" | "wget" | "node" | "python" | "tcp" | "none" | undefined;
      command?: (string)[] | undefined;
      startPeriodSeconds?: number | undefined;
    } | undefined;
    routes?: ({
      host?: string | undefined;
      path?: string | undefined;
      rateLimit?: {
        requestsPerSecond: number;
        burst?: number | undefined;
      } | undefined;
      maxBody?: string | undefined;
      cors?: (string)[] | undefined;
      allow?: (string)[] | undefined;
      auth?: "none" | "basic" | undefined;
      timeout?: number | undefined;
    })[] | undefined;
    upstreamTls?: {
      folder: string;
      name?: string | undefined;
      clientCertificate?: boolean | undefined;
    } | undefined;
    needs?: (string)[] | undefined;
    environment?: { [name: string]: string | number | boolean } | undefined;
    secrets?: { [name: string]: {
      kind?: "password" | "hmac" | "hex" | "base64" | "fernet" | "uuid" | "external" | undefined;
      class?: "signing" | "encryption" | "external" | undefined;
      delivery?: "file" | "variable" | undefined;
      overlap?: boolean | undefined;
      overlapHours?: number | undefined;
      sharedWith?: (string)[] | undefined;
    } } | undefined;
    reencrypt?: (string)[] | undefined;
    delivery?: "file" | "variable" | undefined;
    egress?: boolean | undefined;
    writable?: (string)[] | undefined;
    volumes?: ({
      name: string;
      path: string;
    })[] | undefined;
    limits?: {
      memory?: string | undefined;
      cpus?: number | undefined;
      pids?: number | undefined;
    } | undefined;
    expose?: ({
      port: number;
      hostPort: number;
      address?: string | undefined;
      protocol?: "tcp" | "udp" | undefined;
      allow: (string)[];
    })[] | undefined;
  } } | undefined;
  edge?: {
    ports?: {
      http?: number | undefined;
      https?: number | undefined;
    } | undefined;
    bind?: string | undefined;
    hsts?: {
      maxAge?: number | undefined;
      includeSubdomains?: boolean | undefined;
      preload?: boolean | undefined;
    } | undefined;
    limits?: {
      requestsPerSecond?: number | undefined;
      burst?: number | undefined;
      connections?: number | undefined;
      maxBody?: string | undefined;
    } | undefined;
    workers?: number | undefined;
    trustedProxies?: (string)[] | undefined;
    http3?: boolean | undefined;
    contentSecurityPolicy?: {
      script?: (string)[] | undefined;
      style?: (string)[] | undefined;
      image?: (string)[] | undefined;
      font?: (string)[] | undefined;
      connect?: (string)[] | undefined;
      media?: (string)[] | undefined;
      worker?: (string)[] | undefined;
      frame?: (string)[] | undefined;
      form?: (string)[] | undefined;
      embeddedBy?: (string)[] | undefined;
      reportOnly?: boolean | undefined;
    } | undefined;
    log?: {
      ipv6?: "48" | "last-segment" | undefined;
    } | undefined;
  } | undefined;
  firewall?: {
    sshPorts?: (number)[] | undefined;
    sshFrom?: (string)[] | undefined;
    openings?: ({
      port: number;
      protocol?: "tcp" | "udp" | undefined;
      from: (string)[];
      why?: string | undefined;
    })[] | undefined;
    trustedInterfaces?: (string)[] | undefined;
    backend?: "nftables" | "iptables" | "ufw" | undefined;
    blockPrivateEgress?: boolean | undefined;
    metadataDns?: boolean | undefined;
    containersToHost?: (number)[] | undefined;
  } | undefined;
  secrets?: {
    location?: "project" | string | undefined;
    schedule?: {
      signing?: number | undefined;
      engine?: number | undefined;
      external?: number | undefined;
    } | undefined;
  } | undefined;
  network?: {
    pool?: string | undefined;
  } | undefined;
};
