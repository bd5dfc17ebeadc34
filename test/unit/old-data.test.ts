import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { volumesAtStake } from '../../src/stack/old-data.ts';
import { inOwnFolder, type Line, runWizard, textOf, write } from './wizard-fixture.ts';

inOwnFolder();

const WEB_API = ['--preset', 'web-api'];
const VOLUME = 'my-stack_postgres-data';
const QUESTION = 'New passwords would not fit it';

describe('data of an earlier stack, and none of its passwords', () => {
  test('is asked about before the review: Enter stops, with the way to remove it', async () => {
    await expect(runWizard(WEB_API, [], [VOLUME])).rejects.toMatchObject({ name: 'CancelPromptError' });
    expect(existsSync('my-stack')).toBe(false);
  });

  test('go on: once, and the order says so', async () => {
    const { order, prompter } = await runWizard(
      WEB_API,
      [
        [QUESTION, 'go on'],
        ['Write this?', 'change'],
        ['Which answer?', 'domains'],
        ['Domain names', 'a.localhost'],
      ],
      [VOLUME],
    );
    expect(prompter.said.join('\n')).toContain('.env is not here');
    expect(order).toMatchObject({ force: true });
    expect(prompter.asked.filter((message) => message.includes(QUESTION))).toHaveLength(1);
    expect(prompter.screen).toContain(VOLUME);
    // With the mark before it, a choice stays on one line of 80 columns.
    expect(prompter.offered.filter((name) => name.length > 77)).toEqual([]);
  });

  test('Docker is asked once, however often the review is looked at', async () => {
    const { prompter } = await runWizard(
      WEB_API,
      [
        ['Write this?', 'diff'],
        ['Write this?', 'diff'],
      ],
      [],
    );
    expect(prompter.lookedUp).toEqual([VOLUME]);
  });

  test('another name leaves it alone, and is asked about in its turn', async () => {
    const lines: Line[] = [
      [QUESTION, 'another name'],
      ['Name of the stack', 'shop'],
      [QUESTION, 'another name'],
      ['Name of the stack', 'shop-2'],
    ];
    const run = await runWizard(WEB_API, lines, [VOLUME, 'shop_postgres-data']);
    expect(parse(textOf(run)).name).toBe('shop-2');
    expect(run.order).toMatchObject({ folder: './shop-2', force: false });
  });

  test('no question with the passwords there, without a service that keeps them, or for other stacks’ data', async () => {
    const asked = async (...args: Parameters<typeof runWizard>) =>
      (await runWizard(...args)).prompter.asked.some((message) => message.includes(QUESTION));
    expect(await asked(['--service', 'redis'], [], [VOLUME, 'my-stack_redis-data'])).toBe(false);
    expect(await asked(WEB_API, [], ['stack_postgres-data'])).toBe(false);
    await write(await runWizard(['shop', ...WEB_API], []));
    const change: Line = ['What do you want', 'change'];
    expect(await asked(['shop'], [change], ['shop_postgres-data'])).toBe(false);
    // As in a fresh clone, which offers no other name: the data is this stack's.
    for (const path of ['shop/.env', 'shop/secrets']) rmSync(path, { recursive: true });
    expect(await asked(['shop'], [change, [QUESTION, 'go on']], ['shop_postgres-data'])).toBe(true);
    // With one that knows other passwords only, there is nothing to bring back.
    writeFileSync('shop/.env', 'OTHER=1\n', { mode: 0o600 });
    const { prompter } = await runWizard(['shop'], [change, [QUESTION, 'go on']], ['shop_postgres-data']);
    expect(prompter.screen).toContain('.env does not have them');
    rmSync('shop/.env');
    await expect(
      runWizard(['shop'], [change, [QUESTION, 'another name']], ['shop_postgres-data']),
    ).rejects.toThrow('offers no "another name"');
  });
});

test('a password that is new beside known ones is one more, and no sign of loss', () => {
  const keptIn = { volume: 'data' };
  const credentials = ['A', 'B'].map((secret) => ({ secret, keptIn })) as never;
  const stack = { name: 'shop', credentials };
  const atStake = (generated: string[], entered: string[] = []) =>
    volumesAtStake(stack, { generated, entered });
  expect(atStake(['A', 'B', 'C'])).toEqual(['shop_data']);
  expect(atStake(['B', 'C'])).toEqual([]);
  // One that is given in this run says nothing about the other, which the data has as well.
  expect(atStake(['B'], ['A'])).toEqual(['shop_data']);
  expect(atStake([], ['A', 'B'])).toEqual([]);
});
