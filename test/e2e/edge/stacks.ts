import type { EdgeStack } from '../../../src/render/nginx/validate.ts';
import { edgeStack, route } from '../../fixtures/edge.ts';

/** Limits that no test meets by accident. */
const wide = { requestsPerSecond: 5000, burst: 5000, connections: 500, maxBody: '1m' };

/** So seldom that no pause of a busy machine between two requests of a test makes up for one of them. */
export const SELDOM = 0.05;

export const reader = 'https://ui.example.test';

/** The app's certificate as its own authority, and the edge's pair shown to it. */
const upstreamPair = {
  ca: '/etc/secure-stack/certs/upstream.pem',
  certificate: '/etc/secure-stack/certs/fullchain.pem',
  key: '/etc/secure-stack/certs/privkey.pem',
};

/** Two domains, a wildcard, localhost; one route of each kind. `web` and `engine` are the lab's upstream. */
export function labStack(edge: Partial<EdgeStack['edge']> = {}): EdgeStack {
  return edgeStack(
    {
      publicPorts: { http: 8080, https: 8443 },
      limits: wide,
      routes: [
        route('/'),
        route('/api', { cors: [reader, 'https://*.pr.example.test'] }),
        route('/admin', { allow: ['198.51.100.0/24', '2001:db8:aaaa::/48'] }),
        route('/v1'),
        route('/v1/private', { allow: ['198.51.100.0/24'] }),
        route('/guarded', { allow: ['198.51.100.0/24'], cors: [reader] }),
        route('/limited', { rateLimit: { requestsPerSecond: SELDOM, burst: 2 } }),
        route('/often', { rateLimit: { requestsPerSecond: 1, burst: 0 } }),
        route('/small', { maxBody: '2k' }),
        route('/large', { maxBody: '20m' }),
        route('/live', { protocol: 'ws' }),
        route('/secure', { port: 3443, upstreamTls: { name: 'web.internal', ...upstreamPair } }),
        route('/secure-elsewhere', { port: 3443, upstreamTls: { name: 'other.internal', ...upstreamPair } }),
        route('/secure-anonymous', {
          port: 3443,
          upstreamTls: { name: 'web.internal', ca: upstreamPair.ca },
        }),
        route('/secure-stranger', {
          port: 3443,
          upstreamTls: { ...upstreamPair, name: 'web.internal', ca: upstreamPair.certificate },
        }),
        route('/events', { protocol: 'ws' }),
        route('/hasty', { timeoutSeconds: 1 }),
        route('/dash', { login: 'edge_login_dash' }),
        route('/dash-live', { login: 'edge_login_dash', protocol: 'ws' }),
        route('/gone', { app: 'gone' }),
        route('/metrics', { host: 'b.example.test' }),
        route('/other', { host: 'b.example.test', app: 'gone' }),
        route('/test.Echo', { app: 'engine', port: 50_052, protocol: 'grpc' }),
        route('/test.Limited', {
          app: 'engine',
          port: 50_052,
          protocol: 'grpc',
          rateLimit: { requestsPerSecond: SELDOM, burst: 1 },
        }),
        route('/test.Small', { app: 'engine', port: 50_052, protocol: 'grpc', maxBody: '1k' }),
        route('/test.Private', { app: 'engine', port: 50_052, protocol: 'grpc', allow: ['198.51.100.0/24'] }),
        route('/test.Secure', {
          app: 'engine',
          port: 50_053,
          protocol: 'grpc',
          upstreamTls: { name: 'web.internal', ...upstreamPair },
        }),
        route('/test.Elsewhere', {
          app: 'engine',
          port: 50_053,
          protocol: 'grpc',
          upstreamTls: { name: 'other.internal', ...upstreamPair },
        }),
        route('/test.Anonymous', {
          app: 'engine',
          port: 50_053,
          protocol: 'grpc',
          upstreamTls: { name: 'web.internal', ca: upstreamPair.ca },
        }),
        route('/test.Gone', { app: 'gone', port: 50_052, protocol: 'grpc' }),
      ],
      ...edge,
    },
    { domains: ['a.example.test', 'b.example.test', '*.wild.example.test', 'localhost'] },
  );
}
