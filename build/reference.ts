import { catalog } from '../src/catalog/index.ts';
import { type CommandName, flags } from '../src/cli/flags.ts';
import { commandHelp, exitCodes } from '../src/cli/help.ts';
import { EDGE_CONTROLS } from '../src/policy/edge/index.ts';
import { markdownCode, markdownText } from '../src/render/quote/markdown.ts';
import { listSettings } from '../src/stack/settings.ts';
import { provenPoints } from './points.ts';

/** Sections of README.md that are made from the tables the program runs on. */
export function referenceSections(schema: unknown): Record<string, string> {
  return { commands: commands(), settings: settings(schema), services: services(), 'exit-codes': codes() };
}

/** Sections of docs/edge.md. */
export function edgePage(): Record<string, string> {
  const proven = provenPoints();
  const rows = EDGE_CONTROLS.map(({ point, title, file, why, source }) => {
    const tests = (proven.get(point) ?? []).map((path) => markdownCode(path.replace('.test.ts', '')));
    return `| ${point} | **${markdownText(title)}.** ${markdownText(why)} | ${markdownText(file)} | ${markdownText(source)} | ${tests.join(' ')} |`;
  });
  return {
    points: [
      '',
      '| # | what and why | where | source | tests |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
      '',
    ].join('\n'),
  };
}

/** The text with each `<!-- generated: NAME -->…<!-- end -->` block filled. */
export function withSections(text: string, sections: Record<string, string>): string {
  return text.replace(
    /(<!-- generated: ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_all, start: string, name: string, end: string) => {
      const section = sections[name];
      if (section === undefined) throw new Error(`the page asks for a section "${name}" that does not exist`);
      return `${start}${section}\n${end}`;
    },
  );
}

function commands(): string {
  const names = Object.keys(commandHelp) as CommandName[];
  return names
    .map((name) => {
      const { usage, summary } = commandHelp[name];
      const own = flags.filter(
        (flag) => flag.commands.includes(name) && (name === 'create' || flag.commands.length < 5),
      );
      const rows = own.map(
        ({ name: flag, short, value, multiple, help }) =>
          `| ${markdownCode(`${short ? `-${short}, ` : ''}--${flag}${value ? ` ${value}` : ''}`)}${multiple ? ' …' : ''} | ${markdownText(help)} |`,
      );
      return [
        `### ${markdownCode(usage)}`,
        '',
        markdownText(summary),
        ...(rows.length > 0 ? ['', '| flag | |', '|---|---|', ...rows] : []),
      ].join('\n');
    })
    .join('\n\n');
}

function settings(schema: unknown): string {
  const rows = listSettings(schema).map(({ path, type, fallback, required, description }) => {
    const standard =
      fallback === undefined ? (required ? 'required' : '') : markdownCode(JSON.stringify(fallback));
    return `| ${markdownCode(path)} | ${markdownText(type)} | ${standard} | ${description.replaceAll('|', '\\|')} |`;
  });
  return ['| setting | value | default | |', '|---|---|---|---|', ...rows].join('\n');
}

function services(): string {
  return [
    '| service | what |',
    '|---|---|',
    ...catalog.map(({ name, title, summary }) => `| ${markdownCode(name)} | ${title}: ${summary} |`),
  ].join('\n');
}

function codes(): string {
  return [
    '| code | meaning |',
    '|---|---|',
    ...exitCodes.map(([code, meaning]) => `| ${code} | ${markdownText(meaning)} |`),
  ].join('\n');
}
