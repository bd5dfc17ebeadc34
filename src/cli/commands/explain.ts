import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { controlsOf, EDGE_CONTROLS, type EdgeControl } from '../../policy/edge/index.ts';
import { CONTROLS } from '../../render/compose/reasons.ts';
import { suggestion } from '../../stack/answer-problem.ts';
import { listSettings, type Setting } from '../../stack/settings.ts';
import schema from '../../stack/stack.schema.json' with { type: 'json' };
import { wrap } from '../help.ts';
import type { Invocation } from '../main.ts';

/** Why a generated line is there, or what a setting of stack.yaml means. */
export function explain({ args, output }: Invocation): ExitCode {
  const settings = listSettings(schema);
  const words = [
    ...new Set(EDGE_CONTROLS.flatMap((one) => [...one.directives, ...(one.topics ?? [])])),
  ].sort();
  const topics = [...CONTROLS.map(({ key }) => key), ...words, ...settings.map(({ path }) => path)];
  const topic = args.target;
  if (topic === undefined) {
    const text = [
      'Lines of docker-compose.yml:',
      ...CONTROLS.map(({ key, title }) => `  ${key.padEnd(16)} ${title}`),
      '',
      'Points of the edge (by number, as in docs/edge.md, a directive of nginx such as ssl_ecdh_curve, or a header):',
      ...EDGE_CONTROLS.map(({ point, title }) => `  #${String(point).padEnd(3)} ${title}`),
      '',
      'Settings of stack.yaml:',
      ...settings.map(({ path }) => `  ${path}`),
    ];
    output.result(
      args.switches.has('json')
        ? JSON.stringify({ controls: CONTROLS, edge: EDGE_CONTROLS, settings }, null, 2)
        : text.join('\n'),
    );
    return EXIT.ok;
  }
  const control = CONTROLS.find(({ key }) => key === topic);
  const setting =
    settings.find(({ path }) => path === topic) ?? settings.find(({ path }) => isMeant(path, topic));
  const edge = control || setting ? [] : edgeTopic(topic);
  if (!control && !setting && edge.length === 0)
    throw new UserError({
      message: `there is no explanation for "${topic}"`,
      hint: suggestion(topic, topics) ?? 'run explain alone for the list',
    });
  if (args.switches.has('json')) output.result(JSON.stringify(control ?? setting ?? edge, null, 2));
  else
    output.result(
      textOf(control, setting, edge)
        .flatMap((line) => wrap(line, output.width, ''))
        .join('\n'),
    );
  return EXIT.ok;
}

/** Points by number (`#12` or `12`), by one of their directives, or by a header. */
function edgeTopic(topic: string): EdgeControl[] {
  const number = /^#?(\d{1,2})$/.exec(topic)?.[1];
  return number === undefined
    ? controlsOf(topic)
    : EDGE_CONTROLS.filter(({ point }) => point === Number(number));
}

function textOf(
  control: (typeof CONTROLS)[number] | undefined,
  setting: Setting | undefined,
  edge: readonly EdgeControl[],
): string[] {
  if (control) return controlText(control);
  if (setting) return settingText(setting);
  return edge.flatMap((one, i) => [...(i > 0 ? [''] : []), ...edgeText(one)]);
}

function edgeText({ point, title, directives, file, why, source, relax }: EdgeControl): string[] {
  return [
    `#${point}: ${title}`,
    '',
    why,
    '',
    `Where: ${file}`,
    ...(directives.length > 0 ? [`Lines: ${directives.join(', ')}`] : []),
    `Source: ${source}`,
    `To relax it: ${relax}`,
  ];
}

/** `apps.web.routes[0].path`, `apps.routes.path` and `apps.<name>.routes[].path` mean the same setting. */
function isMeant(path: string, topic: string): boolean {
  const wanted = topic.replace(/\[[^\]]*\]/g, '').split('.');
  const parts = path.replaceAll('[]', '').split('.');
  const short = parts.filter((part) => part !== '<name>');
  const matches = (pattern: readonly string[]): boolean =>
    pattern.length === wanted.length &&
    pattern.every((part, index) => part === '<name>' || part === wanted[index]);
  return matches(parts) || matches(short);
}

function controlText({ key, title, why, source, relax }: (typeof CONTROLS)[number]): string[] {
  return [`${key}: ${title}`, '', why, '', `Source: ${source}`, `To relax it: ${relax}`];
}

function settingText({ path, description, type, fallback }: Setting): string[] {
  return [
    path,
    '',
    description,
    '',
    `Value: ${type}`,
    ...(fallback === undefined ? [] : [`Default: ${JSON.stringify(fallback)}`]),
  ];
}
