import { expect, test } from 'vitest';
import { pictureOf, screenOf } from '../../build/terminal-picture.ts';

const texts = (output: string): string[] =>
  screenOf(output).map((line) => line.map(({ text }) => text).join(''));

test('what is drawn over is gone', () => {
  expect(texts('? name\x1b[G\x1b[2K✔ name shop\r\nnext')).toEqual(['✔ name shop', 'next']);
  expect(texts('one\r\ntwo\r\nthree\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[Gagain')).toEqual([
    'again',
    '',
    '',
  ]);
  expect(texts('one\r\ntwo\x1b[1A\x1b[2G\x1b[J')).toEqual(['o']);
});

test('a control sequence that it cannot draw is no picture', () => {
  expect(() => screenOf('\x1b[5S')).toThrow('not drawn');
});

test('styles end where they end, and markup is text', () => {
  expect(pictureOf(screenOf('\x1b[1ma\x1b[32mb\x1b[22mc\x1b[39m <d>'), 10, 'x')).toContain(
    '<tspan font-weight="bold">a</tspan><tspan font-weight="bold" fill="#98c379">b</tspan><tspan fill="#98c379">c</tspan><tspan> &lt;d&gt;</tspan>',
  );
});
