import { describe, expect, test } from 'vitest';
import { trustInstructions } from '../../src/certs/trust.ts';

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
