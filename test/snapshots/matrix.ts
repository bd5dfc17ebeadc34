import { presets } from '../../src/stack/presets.ts';
import type { StackInput } from '../../src/stack/schema.ts';

export interface Case {
  name: string;
  answers: StackInput;
}

const environments = ['development', 'staging', 'production'] as const;
const modes = ['dev-ca', 'acme', 'files'] as const;
const deliveries = ['file', 'variable'] as const;

/** Every environment × TLS mode × preset × delivery, 54 stacks. */
export const matrix: readonly Case[] = environments.flatMap((environment) =>
  modes.flatMap((mode) =>
    presets.flatMap((preset) =>
      deliveries.map((delivery): Case => {
        const apps = Object.fromEntries(
          Object.entries(preset.answers.apps ?? {}).map(([name, app]) => [name, { ...app, delivery }]),
        );
        return {
          name: `${environment}-${mode}-${preset.name}-${delivery}`,
          answers: {
            version: 1,
            name: 'shop',
            environment,
            domains: ['shop.example.com', 'www.shop.example.com'],
            tls: {
              mode,
              policy: environment === 'production' ? 'modern' : 'intermediate',
              ...(mode === 'acme' ? { email: 'ops@example.com', terms: 'accepted' as const } : {}),
              ...(mode === 'files' ? { certificate: 'given/cert.pem', key: 'given/key.pem' } : {}),
            },
            ...preset.answers,
            apps,
          },
        };
      }),
    ),
  ),
);

/** One stack that uses every setting there is. */
export const everything: Case = {
  name: 'everything',
  answers: {
    version: 1,
    name: 'every-thing',
    environment: 'staging',
    domains: ['app.example.com', '*.tenants.example.com', 'bücher.example', '203.0.113.7', '2001:db8::7'],
    tls: { mode: 'files', policy: 'modern', certificate: '/etc/ssl/shop.pem', key: '/etc/ssl/shop.key' },
    services: {
      postgres: { version: 17, database: 'shop', limits: { memory: '1g', cpus: 2, pids: 300 } },
      redis: { persistent: false, maxMemory: '64mb', eviction: 'allkeys-lru' },
      valkey: { persistent: true },
      mailpit: { port: 8025 },
    },
    apps: {
      web: {
        build: { context: './web', dockerfile: 'Dockerfile.prod' },
        command: ['node', 'server.js', '--title=$HOME'],
        port: 3000,
        protocol: 'ws',
        user: '10001:10001',
        health: { path: '/healthz', probe: 'node', startPeriodSeconds: 5 },
        routes: [
          {
            host: 'app.example.com',
            path: '/',
            rateLimit: { requestsPerSecond: 5, burst: 10 },
            maxBody: '25m',
            cors: ['https://admin.example.com'],
            allow: [],
          },
          { host: '*.tenants.example.com', path: '/' },
        ],
        needs: ['api', 'redis'],
        environment: { LOG_LEVEL: 'info', PRICE: '5$', FLAG: true, COUNT: 3, TEXT: 'a "b" \'c\' #d: {e}' },
        secrets: { COOKIE_KEY: { kind: 'hmac', sharedWith: ['api'] } },
        egress: true,
        writable: ['/tmp', '/var/cache/web'],
        volumes: [{ name: 'uploads', path: '/data/uploads' }],
        limits: { memory: '512m', cpus: 1, pids: 100 },
      },
      api: {
        image: 'ghcr.io/acme/api:1.4.2',
        port: 4000,
        routes: [{ host: 'app.example.com', path: '/api', allow: ['10.0.0.0/8', '2001:db8::/32'] }],
        needs: ['postgres', 'valkey', 'mailpit', 'engine'],
        delivery: 'variable',
        secrets: {
          ANTHROPIC_API_KEY: { kind: 'external' },
          FIELD_KEY: { kind: 'fernet', delivery: 'file' },
          ID: { kind: 'uuid' },
        },
        expose: [
          { port: 9000, hostPort: 9000, allow: ['198.51.100.0/24'] },
          { port: 9001, hostPort: 9001, address: '127.0.0.1', protocol: 'udp', allow: [] },
        ],
      },
      engine: {
        image: 'registry.example.com:5000/engine:2',
        port: 50052,
        protocol: 'grpc',
        routes: [{ host: 'bücher.example', path: '/' }],
      },
      silent: { image: 'ghcr.io/acme/silent:1', health: { probe: 'none' } },
    },
    edge: {
      ports: { http: 8000, https: 8443 },
      bind: '203.0.113.7',
      hsts: { maxAge: 600, includeSubdomains: true, preload: true },
      limits: { requestsPerSecond: 50, burst: 100, connections: 200, maxBody: '5m' },
      workers: 4,
      trustedProxies: ['10.1.0.0/16'],
    },
    firewall: {
      sshPorts: [22, 2222],
      sshFrom: ['203.0.113.0/24', '2001:db8:1::/48'],
      openings: [
        { port: 51820, protocol: 'udp', from: ['anywhere'], why: 'WireGuard' },
        { port: 9100, from: ['203.0.113.9'] },
      ],
      trustedInterfaces: ['wg0'],
    },
    secrets: { location: '/etc/every-thing', schedule: { signing: 30, engine: 60, external: 45 } },
    network: { pool: '10.240.0.0/16' },
  },
};

export const allCases: readonly Case[] = [...matrix, everything];
