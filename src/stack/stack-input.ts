// Written by `npm run generate` from schema.ts.

/** stack.yaml as a user may write it. */
export type StackInput = {
  /** Version of this file’s format. */
  version: 1;
  /** Name of the stack: Compose project, certificates, default secret folder. */
  name: string;
  /** Decides defaults: what is bound where, HSTS, which services are allowed. */
  environment: "development" | "staging" | "production";
  /** Names the edge answers for, the main one first. Everything else is rejected. */
  domains: (string)[];
  tls: {
    /** `dev-ca`: a local authority for development; `acme`: Let’s Encrypt; `files`: your own certificate. */
    mode: "dev-ca" | "acme" | "files";
    /** `modern`: TLS 1.3 only; `intermediate`: TLS 1.2 and 1.3, for older clients. */
    policy?: "modern" | "intermediate" | undefined;
    /** Contact for the certificate authority (acme). */
    email?: string | undefined;
    /** Whether you accept the authority’s terms of service (acme), for Let’s Encrypt: https://letsencrypt.org/repository/. */
    terms?: "accepted" | "declined" | undefined;
    /** Let’s Encrypt’s staging directory (acme): certificates that no browser trusts, and no tight rate limits. For the first tries. */
    staging?: boolean | undefined;
    /** ACME directory of another authority; absent: Let’s Encrypt. */
    directory?: string | undefined;
    /** PEM file with the CA that `directory` itself is verified with; absent: the public CAs. */
    directoryCa?: string | undefined;
    /** Prove control over DNS (DNS-01), not over port 80: needed for wildcards. */
    dns?: {
      /** Where the DNS zone lies: the code name at https://go-acme.github.io/lego/dns/. */
      provider: string;
      /** The provider’s secret settings, such as CF_DNS_API_TOKEN; the values are external secrets, ACME_… in `.env`. */
      secrets?: (string)[] | undefined;
      /** The provider’s plain settings. Never a secret: this file is committed. */
      environment?: { [name: string]: string } | undefined;
      /** Seconds to wait for the record instead of asking the zone’s name servers, where those cannot be reached. */
      wait?: number | undefined;
    } | undefined;
    /** Path of the PEM certificate with its chain (files). */
    certificate?: string | undefined;
    /** Path of the PEM private key (files). */
    key?: string | undefined;
  };
  services?: {
    /** PostgreSQL: relational database. */
    postgres?: {
      /** Major version. */
      version?: 17 | 18 | undefined;
      /** Database created on the first start; its owner is the role `app`. */
      database?: string | undefined;
      /** `single`: the apps log in as one role, and a new password costs the requests of their restart; `two-role`: each rotation gives them the other one of `app_a` and `app_b`, and logins never fail. May be changed at any time; the next rotation goes by it. */
      rotation?: "single" | "two-role" | undefined;
      limits?: {
        /** Memory limit; the container is killed beyond it. `256m`, `2g`. */
        memory?: string | undefined;
        /** CPU limit in cores. */
        cpus?: number | undefined;
        /** Processes and threads allowed; stops fork bombs. */
        pids?: number | undefined;
      } | undefined;
    } | null | undefined;
    /** Redis: in-memory store: cache, sessions, queues. */
    redis?: {
      /** Keep the data across restarts (append-only file). Without it, it is a cache in memory. */
      persistent?: boolean | undefined;
      /** Data limit of the engine; keep it at about half of `limits.memory`, a snapshot needs the rest. */
      maxMemory?: string | undefined;
      /** What happens when `maxMemory` is reached: refuse writes (queues, sessions) or drop keys (caches). */
      eviction?: "noeviction" | "allkeys-lru" | "volatile-lru" | undefined;
      limits?: {
        /** Memory limit; the container is killed beyond it. `256m`, `2g`. */
        memory?: string | undefined;
        /** CPU limit in cores. */
        cpus?: number | undefined;
        /** Processes and threads allowed; stops fork bombs. */
        pids?: number | undefined;
      } | undefined;
    } | null | undefined;
    /** Valkey: in-memory store: cache, sessions, queues. */
    valkey?: {
      /** Keep the data across restarts (append-only file). Without it, it is a cache in memory. */
      persistent?: boolean | undefined;
      /** Data limit of the engine; keep it at about half of `limits.memory`, a snapshot needs the rest. */
      maxMemory?: string | undefined;
      /** What happens when `maxMemory` is reached: refuse writes (queues, sessions) or drop keys (caches). */
      eviction?: "noeviction" | "allkeys-lru" | "volatile-lru" | undefined;
      limits?: {
        /** Memory limit; the container is killed beyond it. `256m`, `2g`. */
        memory?: string | undefined;
        /** CPU limit in cores. */
        cpus?: number | undefined;
        /** Processes and threads allowed; stops fork bombs. */
        pids?: number | undefined;
      } | undefined;
    } | null | undefined;
    /** Mailpit: mail catcher for development. */
    mailpit?: {
      /** Port on 127.0.0.1 where the inbox is shown; absent: not published. */
      port?: number | undefined;
      limits?: {
        /** Memory limit; the container is killed beyond it. `256m`, `2g`. */
        memory?: string | undefined;
        /** CPU limit in cores. */
        cpus?: number | undefined;
        /** Processes and threads allowed; stops fork bombs. */
        pids?: number | undefined;
      } | undefined;
    } | null | undefined;
  } | undefined;
  apps?: { [name: string]: {
    /** Image with a fixed tag, or `sample`: a built-in page that shows the stack works. */
    image?: string | undefined;
    /** Built on the host instead of an image. */
    build?: {
      /** Folder with the Dockerfile, relative to stack.yaml. */
      context: string;
      /** Name of the Dockerfile in it. */
      dockerfile?: string | undefined;
    } | undefined;
    /** A folder of finished files that the edge’s own image serves, instead of an image. */
    static?: {
      /** Folder with the built site, relative to stack.yaml; its files readable by uid 101. */
      folder: string;
      /** Every path without a file shows index.html, whose script routes. */
      singlePage?: boolean | undefined;
    } | undefined;
    /** Replaces the image’s command. */
    command?: (string)[] | undefined;
    /** Port the app listens on. */
    port?: number | undefined;
    /** `ws`: HTTP with WebSockets and responses that never end (server-sent events). */
    protocol?: "http" | "ws" | "grpc" | undefined;
    /** Numeric uid:gid the app runs as; never root. */
    user?: string | undefined;
    health?: {
      /** Answers 2xx when the app is ready. */
      path?: string | undefined;
      /** Program inside the image that asks; `auto` takes the first present (needs a shell in the image); `tcp` only connects (needs bash); `none` for images without any. */
      probe?: "auto" | "curl" | "wget" | "node" | "python" | "tcp" | "none" | undefined;
      /** Own check in exec form, instead of a probe. */
      command?: (string)[] | undefined;
      /** Grace at the start. */
      startPeriodSeconds?: number | undefined;
    } | undefined;
    /** Where the edge shows the app; empty: not reachable from outside. */
    routes?: ({
      /** One of `domains`; absent: every domain. */
      host?: string | undefined;
      /** Path prefix; the longest one wins. */
      path?: string | undefined;
      /** Limit of this route, besides the general one. */
      rateLimit?: {
        /** Requests per second for one client (IPv6: one /64). */
        requestsPerSecond: number;
        /** Requests allowed at once above the rate. */
        burst?: number | undefined;
      } | undefined;
      /** Largest request body; `edge.limits.maxBody` when absent. */
      maxBody?: string | undefined;
      /** Origins whose pages may call this route with credentials. */
      cors?: (string)[] | undefined;
      /** Addresses that may call this route; empty: everybody. */
      allow?: (string)[] | undefined;
      /** `basic`: the edge asks for the user `admin` and a generated password, for dashboards without a login of their own. */
      auth?: "none" | "basic" | undefined;
      /** Seconds the app may be silent before the edge answers 504. Default: 30; 3600 for `ws` and `grpc`. */
      timeout?: number | undefined;
    })[] | undefined;
    /** The app itself speaks TLS; the edge verifies its certificate. */
    upstreamTls?: {
      /** Folder with ca.pem, which signed the app’s certificate; relative to stack.yaml, readable by uid 101. */
      folder: string;
      /** Name in the app’s certificate; the app’s own name when absent. */
      name?: string | undefined;
      /** The edge shows the app client.pem with client-key.pem of the same folder. */
      clientCertificate?: boolean | undefined;
    } | undefined;
    /** Services and apps it connects to; it can reach nothing else. */
    needs?: (string)[] | undefined;
    /** Plain settings. Never a secret: this file is committed. */
    environment?: { [name: string]: string | number | boolean } | undefined;
    /** Secret values by variable name; not PATH, LD_PRELOAD and the like, which programs obey. */
    secrets?: { [name: string]: {
      /** How the value is made; `external`: you enter it (an API key, an SMTP password). */
      kind?: "password" | "hmac" | "hex" | "base64" | "fernet" | "uuid" | "external" | undefined;
      /** Decides rotation; derived from `kind` when absent. `encryption` keys are replaced only by name, with the old one kept. */
      class?: "signing" | "encryption" | "external" | undefined;
      /** `file`: NAME_FILE points to /run/secrets/…; `variable`: NAME holds the value. The app’s `delivery` when absent. */
      delivery?: "file" | "variable" | undefined;
      /** The app also accepts the replaced key, from NAME_PREVIOUS. Default: true for signing keys, false for encryption keys, which cannot be rotated without it. */
      overlap?: boolean | undefined;
      /** Longest life of what the key signs; then the replaced key is due to be dropped. */
      overlapHours?: number | undefined;
      /** Other apps that get the same value under the same name. */
      sharedWith?: (string)[] | undefined;
    } } | undefined;
    /** Command in the app’s container that encrypts the stored data with the new key, after a rotation of an encryption key. */
    reencrypt?: (string)[] | undefined;
    /** How secrets reach the app: `file` keeps them out of `docker inspect`; `variable` for apps that read no files. */
    delivery?: "file" | "variable" | undefined;
    /** May open connections to the internet. */
    egress?: boolean | undefined;
    /** Paths held in memory (tmpfs); everything else is read-only. */
    writable?: (string)[] | undefined;
    /** Named volumes for data that must survive; the path must belong to `user` in the image and be none of `writable`. */
    volumes?: ({
      /** Name of the volume. */
      name: string;
      /** Where the app sees it. */
      path: string;
    })[] | undefined;
    limits?: {
      /** Memory limit; the container is killed beyond it. `256m`, `2g`. */
      memory?: string | undefined;
      /** CPU limit in cores. */
      cpus?: number | undefined;
      /** Processes and threads allowed; stops fork bombs. */
      pids?: number | undefined;
    } | undefined;
    /** Ports published past the edge; each needs an allow-list. */
    expose?: ({
      /** Port inside the container. */
      port: number;
      /** Port on the host. */
      hostPort: number;
      /** Address of the host it is bound to. */
      address?: string | undefined;
      /** Protocol of the port. */
      protocol?: "tcp" | "udp" | undefined;
      /** Addresses the firewall lets in. An exposed port without an allow-list is refused, save on a loopback address. */
      allow: (string)[];
    })[] | undefined;
  } } | undefined;
  edge?: {
    ports?: {
      /** Host port for HTTP. */
      http?: number | undefined;
      /** Host port for HTTPS. */
      https?: number | undefined;
    } | undefined;
    /** Address of the host the edge listens on; 127.0.0.1 in development, all addresses elsewhere. */
    bind?: string | undefined;
    hsts?: {
      /** Seconds browsers insist on HTTPS. Default: two years in production, 300 in staging, none in development. */
      maxAge?: number | undefined;
      /** Only when every subdomain has HTTPS for good. */
      includeSubdomains?: boolean | undefined;
      /** Ask for the browsers’ built-in list; hard to undo. */
      preload?: boolean | undefined;
    } | undefined;
    limits?: {
      /** General limit for one client (IPv6: one /64). */
      requestsPerSecond?: number | undefined;
      /** Requests allowed at once above the rate. */
      burst?: number | undefined;
      /** Simultaneous connections of one client; with HTTP/2, requests. */
      connections?: number | undefined;
      /** Largest request body. */
      maxBody?: string | undefined;
    } | undefined;
    /** nginx worker processes. */
    workers?: number | undefined;
    /** Front proxies (CDN, load balancer) whose X-Forwarded-For is believed. */
    trustedProxies?: (string)[] | undefined;
    /** Also answer HTTP/3, on the UDP port of the same number; off, because it is young code. */
    http3?: boolean | undefined;
    /** Sources that pages may use besides their own site, where the app states no policy. */
    contentSecurityPolicy?: {
      /** Where scripts may come from, besides the site itself. */
      script?: (string)[] | undefined;
      /** The same for styles; only here `'unsafe-inline'` is accepted. */
      style?: (string)[] | undefined;
      /** The same for images. */
      image?: (string)[] | undefined;
      /** The same for fonts. */
      font?: (string)[] | undefined;
      /** The same for requests and WebSockets that scripts open. */
      connect?: (string)[] | undefined;
      /** The same for audio and video. */
      media?: (string)[] | undefined;
      /** The same for workers. */
      worker?: (string)[] | undefined;
      /** The same for pages shown inside a frame. */
      frame?: (string)[] | undefined;
      /** Where forms may be sent, besides the site itself. */
      form?: (string)[] | undefined;
      /** Pages that may show this site in a frame; absent: none. */
      embeddedBy?: (string)[] | undefined;
      /** Browsers report violations to their console and block nothing: the way to try a policy. */
      reportOnly?: boolean | undefined;
    } | undefined;
    log?: {
      /** How much of an IPv6 address the access log keeps: `48`, the provider’s block (recommended); `last-segment`, all but the last 16 bits, which still tells one household from another. IPv4 always loses its last octet. */
      ipv6?: "48" | "last-segment" | undefined;
    } | undefined;
  } | undefined;
  firewall?: {
    /** Ports of the SSH server. */
    sshPorts?: (number)[] | undefined;
    /** Addresses SSH is allowed from; empty: everybody, rate-limited. */
    sshFrom?: (string)[] | undefined;
    /** Interfaces that are not filtered, such as a VPN’s. */
    trustedInterfaces?: (string)[] | undefined;
    /** What the rules are loaded with. `iptables` is the second choice, for hosts without nft; `ufw`: the iptables rules, and the same ports allowed in ufw. The security report lists what these two do less well. */
    backend?: "nftables" | "iptables" | "ufw" | undefined;
    /** Containers may not open connections to private addresses outside the host (10.0.0.0/8, fc00::/7, …). */
    blockPrivateEgress?: boolean | undefined;
    /** Port 53 of the cloud’s metadata addresses stays open to containers: it is the resolver of AWS, Azure and Google. */
    metadataDns?: boolean | undefined;
    /** TCP ports of services of the host itself that containers may use. */
    containersToHost?: (number)[] | undefined;
  } | undefined;
  secrets?: {
    /** `project`: `.env` and `secrets/` beside stack.yaml, ignored by git; or an absolute folder outside it, with files of its own for each environment, such as `NAME-production.env`. The values move along when this or `name` changes; a change of `environment` is refused while an outside folder holds only those of the other one. */
    location?: "project" | string | undefined;
    schedule?: {
      /** Days until a signing key is due for rotation. */
      signing?: number | undefined;
      /** Days until an engine’s password is due. */
      engine?: number | undefined;
      /** Days until a key of a third party is due. */
      external?: number | undefined;
    } | undefined;
  } | undefined;
  network?: {
    /** Private block the stack’s networks are cut from; absent: Docker chooses, and beyond 20 networks 10.231.0.0/16. */
    pool?: string | undefined;
  } | undefined;
};
