/** What a terminal shows after a program's output, as an SVG. Knows the control sequences that prompts draw with. */

/** SGR parameters in force: `1`, `32`. */
type Style = readonly number[];
interface Cell {
  text: string;
  style: Style;
}

const COLOURS: Readonly<Record<number, string>> = {
  31: '#e06c75',
  32: '#98c379',
  33: '#e5c07b',
  34: '#61afef',
  35: '#c678dd',
  36: '#56b6c2',
  90: '#7f848e',
};
/** Parameters that end others. */
const ENDS: Readonly<Record<number, (parameter: number) => boolean>> = {
  22: (one) => one === 1 || one === 2,
  39: (one) => one in COLOURS,
};

/** The lines on the screen in the end; the screen is as high as it has to be. */
export function screenOf(output: string): Cell[][] {
  const lines: Cell[][] = [[]];
  let row = 0;
  let column = 0;
  let style: Style = [];
  // A control sequence, or one character.
  for (const [token, parameters, final] of output.matchAll(/\x1b\[([0-9;?]*)[ -/]*([@-~])|./gsu)) {
    const count = Number(parameters || 1);
    if (final === 'm') style = (parameters || '0').split(';').map(Number).reduce(withParameter, style);
    else if (final === 'A') row = Math.max(0, row - count);
    else if (final === 'B') row += count;
    else if (final === 'C') column += count;
    else if (final === 'D') column = Math.max(0, column - count);
    else if (final === 'G') column = count - 1;
    else if (final === 'K')
      lines[row]!.length = parameters === '2' ? 0 : Math.min(lines[row]!.length, column);
    else if (final === 'J') {
      lines[row]!.length = Math.min(lines[row]!.length, column);
      lines.length = row + 1;
    } else if (final !== undefined) {
      // Whether the cursor is shown, and the like.
      if (final !== 'h' && final !== 'l' && final !== 'n')
        throw new Error(`a control sequence that is not drawn: ${JSON.stringify(token)}`);
    } else if (token === '\n') row += 1;
    else if (token === '\r') column = 0;
    else {
      const line = lines[row]!;
      while (line.length < column) line.push({ text: ' ', style: [] });
      line[column] = { text: token, style };
      column += 1;
    }
    while (lines.length <= row) lines.push([]);
  }
  return lines;
}

function withParameter(style: Style, parameter: number): Style {
  if (parameter === 0) return [];
  const ends = ENDS[parameter];
  return ends ? style.filter((one) => !ends(one)) : [...style, parameter];
}

/** The lines as a window with that many columns. */
export function pictureOf(lines: readonly (readonly Cell[])[], columns: number, label: string): string {
  const rows = lines.map((line, index) => `<text x="20" y="${46 + index * 19}">${runs(line)}</text>`);
  const [width, height] = [Math.round(40 + columns * 8.43), 65 + lines.length * 19];
  const dots = ['#e06c75', '#e5c07b', '#98c379'].map(
    (fill, index) => `<circle cx="${18 + index * 18}" cy="16" r="5" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" aria-label="${label}">`,
    `<rect width="100%" height="100%" rx="8" fill="#1e2127"/>${dots.join('')}`,
    '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="14" fill="#d7dae0" xml:space="preserve">',
    ...rows,
    '</g></svg>',
    '',
  ].join('\n');
}

function runs(line: readonly Cell[]): string {
  const parts: Cell[] = [];
  for (const { text, style } of line) {
    const last = parts.at(-1);
    if (last && last.style.join() === style.join()) last.text += text;
    else parts.push({ text, style });
  }
  return parts.map(({ text, style }) => `<tspan${attributes(style)}>${escaped(text)}</tspan>`).join('');
}

function attributes(style: Style): string {
  return style
    .map((parameter) =>
      parameter === 1
        ? ' font-weight="bold"'
        : parameter === 2
          ? ' opacity="0.6"'
          : COLOURS[parameter] === undefined
            ? ''
            : ` fill="${COLOURS[parameter]}"`,
    )
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
