import { describe, expect, test } from 'vitest';
import { systemOf, trustInstructions } from '../../src/certs/trust.ts';

const instructions = (caFile: string, stackName = 'shop') =>
  new Map(trustInstructions({ caFile, stackName }).map((item) => [item.platform, item]));

describe('trust instructions', () => {
  test('come with a way back for every platform', () => {
    const platforms = instructions('certs/ca.pem');
    expect([...platforms.keys()]).toEqual([
      'Debian, Ubuntu',
      'Fedora, RHEL',
      'Arch Linux',
      'macOS',
      'Windows (PowerShell)',
      'Chrome, Chromium on Linux',
      'Firefox on Linux',
      'Node.js',
      'curl',
    ]);
    for (const { commands, undo } of platforms.values()) {
      expect(commands.length).toBeGreaterThan(0);
      expect(undo.length).toBeGreaterThan(0);
    }
  });

  test('double every quote that PowerShell knows', () => {
    const { commands } = instructions("C:\\it's ‘$x’\\ca.pem").get('Windows (PowerShell)')!;
    expect(commands).toEqual(["certutil -user -addstore Root 'C:\\it''s ‘‘$x’’\\ca.pem'"]);
  });

  test('name the entry after the stack, in harmless characters', () => {
    expect(instructions('ca.pem', '../x; rm -rf').get('Debian, Ubuntu')!.undo[0]).toBe(
      'sudo rm /usr/local/share/ca-certificates/x-rm-rf-development-ca.crt',
    );
  });
});

test('two authorities of one stack get entries of their own', () => {
  const ofDebian = (id: string) =>
    trustInstructions({ caFile: 'ca.crt', stackName: 'shop', id })[0]!.commands[0]!.split('/').at(-1);
  expect([ofDebian('0a1b'), ofDebian('2c3d')]).toEqual([
    'shop-development-ca-0a1b.crt',
    'shop-development-ca-2c3d.crt',
  ]);
});

test.each([
  ['darwin', '', 'macOS'],
  ['win32', '', 'Windows (PowerShell)'],
  ['linux', 'PRETTY_NAME="Ubuntu 26.04"\nID=ubuntu\nID_LIKE=debian\n', 'Debian, Ubuntu'],
  ['linux', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'Fedora, RHEL'],
  ['linux', 'ID=manjaro\nID_LIKE=arch\n', 'Arch Linux'],
  ['linux', 'VERSION_ID=arch\n', 'Debian, Ubuntu'],
  ['linux', '', 'Debian, Ubuntu'],
])('the store of %s, %j: %s', (platform, osRelease, system) => {
  expect(systemOf(platform, osRelease)).toBe(system);
  expect(trustInstructions({ caFile: 'x', stackName: 'y' }).map((one) => one.platform)).toContain(system);
});
