import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearCommand, parseArguments } from '../../src/cli/args.ts';

describe('the command', () => {
  test.each<[string[], string, string | undefined]>([
    [['check', 'shop'], 'check', 'shop'],
    [['--json', 'check', 'shop'], 'check', 'shop'],
    [['--no-color', 'check', '--json', 'shop'], 'check', 'shop'],
    [['--out', 'check', 'render', 'shop'], 'render', 'shop'],
    [['--out=x', 'render', 'check'], 'render', 'check'],
    [['-y', '--name', 'check', 'shop'], 'create', 'shop'],
    [['--yes'], 'create', undefined],
    [['./check'], 'create', './check'],
    [['--yes', '--', 'check'], 'create', 'check'],
    [['--', '--json'], 'create', '--json'],
  ])('in %j', (argv, command, target) => {
    expect(parseArguments(argv)).toMatchObject({ command, ...(target === undefined ? {} : { target }) });
  });

  test.each<[string[], string, string]>([
    [['help'], 'create', 'help'],
    [['help', 'rotate'], 'rotate', 'help'],
    [['help', 'cert', '--no-color'], 'cert', 'help'],
    [['version'], 'create', 'version'],
  ])('%j is the flag', (argv, command, flag) => {
    const parsed = parseArguments(argv);
    expect(parsed).toMatchObject({ command });
    expect(parsed.switches).toContain(flag);
    expect(parsed.target).toBeUndefined();
  });

  test('a folder of that name can be written otherwise', () => {
    expect(parseArguments(['./help'])).toMatchObject({ command: 'create', target: './help' });
    expect(parseArguments(['--', 'help'])).toMatchObject({ command: 'create', target: 'help' });
  });

  test('is the same wherever switches stand', () => {
    const switches = fc.shuffledSubarray(['--json', '--no-color', '--help', '--version']);
    const commands = fc.constantFrom('check', 'render', 'explain', 'pin', 'rotate', 'status');
    fc.assert(
      fc.property(switches, switches, commands, (before, after, command) => {
        const parsed = parseArguments([...before, command, ...after, 'shop']);
        expect(parsed).toMatchObject({ command, target: 'shop' });
        expect([...parsed.switches].sort()).toEqual(
          [...new Set([...before, ...after])].map((flag) => flag.slice(2)).sort(),
        );
      }),
    );
  });
});

test.each([
  ['chek', 'check'],
  ['chekc', 'check'],
  ['rotat', 'rotate'],
  ['staus', 'status'],
  ['shop', undefined],
  ['api', undefined],
  ['win', undefined],
])('"%s" is near to %s', (word, command) => {
  expect(nearCommand(word)).toBe(command);
});
