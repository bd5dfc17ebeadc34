import { describe, expect, test } from 'vitest';
import { tlsPolicies } from '../../../src/policy/tls.ts';
import { scanTls } from '../edge/tls-scan.ts';
import type { RunningStack } from './running.ts';

/** The edge through its published ports; its own tests try far more requests, on the same configuration. */
export function seenFromOutside(running: RunningStack): void {
  describe('seen from outside', () => {
    test('the app is told nothing that the client claimed about itself', async () => {
      const names = ['x-forwarded-for', 'x-real-ip', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded'];
      const headers = Object.fromEntries(names.map((name) => [name, '203.0.113.66']));
      const { body } = await running.request('/echo', { headers });
      expect(JSON.parse(body).headers['x-forwarded-for']).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(body).not.toContain('203.0.113.66');
    });

    test.each([
      ['a Host that is not the handshake’s', '/echo', { host: 'unknown.test', sni: 'localhost' }, 421],
      ['a body above the limit', '/echo', { method: 'POST', body: 'x'.repeat(1_100_000) }, 413],
      ['TRACE', '/echo', { method: 'TRACE' }, 405],
      ['a hidden file', '/.env', {}, 404],
      ['plain HTTP', '/echo', { plain: true }, 308],
      ['plain HTTP for the health check', '/health', { plain: true }, 200],
    ])('%s is answered as it should be', async (_what, path, request, status) => {
      expect((await running.request(path, request)).status).toBe(status);
    });

    test('an unknown name gets no certificate, and in plain no answer', async () => {
      await expect(running.request('/', { host: 'unknown.test' })).rejects.toThrow(
        /unrecognized name|handshake failure/i,
      );
      await expect(running.request('/', { host: 'unknown.test', plain: true })).rejects.toThrow(
        /hang up|reset/i,
      );
    });

    test('a scanner of TLS sees the policy', async () => {
      const { protocols, suites } = await scanTls('localhost', running.stack.ports.https);
      expect(protocols).toEqual(tlsPolicies.intermediate.protocols);
      // The development authority issues ECDSA certificates.
      const ecdsa = tlsPolicies.intermediate.ciphers.filter((name) => name.includes('ECDSA'));
      expect(suites).toEqual([...ecdsa].sort());
    });
  });
}
