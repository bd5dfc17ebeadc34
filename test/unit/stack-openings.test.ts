import { expect, test } from 'vitest';
import { renderDocs } from '../../src/render/docs/docs.ts';
import { renderFirewall } from '../../src/render/firewall/index.ts';
import { buildStack } from '../../src/stack/build.ts';
import { parseStackDocument, readSpec } from '../../src/stack/load.ts';

const stackOf = (firewall: string) =>
  buildStack(
    readSpec(
      parseStackDocument(
        `{version: 1, name: shop, environment: production, domains: [shop.example.com], tls: {mode: dev-ca},
        apps: {a: {image: sample, expose: [{port: 1, hostPort: 9000, allow: [192.0.2.1]}]}}, firewall: ${firewall}}`,
        'stack.yaml',
      ),
    ),
  );
const OPENINGS =
  'openings: [{port: 51820, protocol: udp, from: [anywhere], why: the VPN}, {port: 9100, from: [203.0.113.9, "2001:db8::/48"]}]';

test('ports of the host open to whom they name, on every backend', () => {
  for (const backend of ['nftables', 'iptables', 'ufw']) {
    const { firewall, name } = stackOf(`{backend: ${backend}, ${OPENINGS}}`);
    const script = renderFirewall(firewall, { stackName: name })[0]!.content;
    expect(/^readonly -a OPENINGS=\([^)]*/m.exec(script)![0].split('\n').slice(1, -1)).toEqual([
      "  'tcp 9000 192.0.2.1'",
      "  'tcp 9100 2001:db8::/48'",
      "  'tcp 9100 203.0.113.9'",
      "  'udp 51820 0.0.0.0/0'",
      "  'udp 51820 ::/0'",
    ]);
  }
});

test('the report and the README tell of them, and of no port of an app as one of the host', () => {
  const [readme, report] = renderDocs(stackOf(`{${OPENINGS}}`)).map(({ content }) => content);
  expect(report).toContain('udp port 51820 is open to anywhere by answer: the VPN');
  expect(report).toContain('tcp port 9100 is open to 203.0.113.9, 2001:db8::/48 by answer |');
  expect(readme!.match(/^.*the host itself.*$/gm)).toEqual([
    '| 51820/udp | 0.0.0.0/0, ::/0 | the host itself, by firewall.openings |',
    '| 9100/tcp | 203.0.113.9, 2001:db8::/48 | the host itself, by firewall.openings |',
  ]);
});

test('a trusted tunnel whose outer port stays closed is worth a word', () => {
  const told = (firewall: string) => stackOf(firewall).warnings.filter((text) => text.includes('tunnel'));
  expect(told('{trustedInterfaces: [wg0, eth1]}')).toEqual([
    'wg0 is trusted, but no UDP port is open: if others dial in to this tunnel, put its port into firewall.openings (WireGuard: 51820, udp)',
  ]);
  expect(told(`{trustedInterfaces: [wg0], ${OPENINGS}}`)).toEqual([]);
  expect(told('{trustedInterfaces: [eth1]}')).toEqual([]);
});
