import { EXIT, type ExitCode, UserError } from '../../errors.ts';
import { CONTROLS } from '../../render/compose/reasons.ts';
import { suggestion } from '../../stack/answer-problem.ts';
import { listSettings, type Setting } from '../../stack/settings.ts';
import schema from '../../stack/stack.schema.json' with { type: 'json' };
import { wrap } from '../help.ts';
import type { Invocation } from '../main.ts';

/** Why a generated line is there, or what a setting of stack.yaml means. */
export function explain({ args, output }: Invocation): ExitCode {
  const settings = listSettings(schema);
  const topics = [...CONTROLS.map(({ key }) => key), ...settings.map(({ path }) => path)];
  const topic = args.target;
  if (topic === undefined) {
    const text = [
      'Lines of docker-compose.yml:',
      ...CONTROLS.map(({ key, title }) => `  ${key.padEnd(16)} ${title}`),
      '',
      'Settings of stack.yaml:',
      ...settings.map(({ path }) => `  ${path}`),
    ];
    output.result(
      args.switches.has('json') ? JSON.stringify({ controls: CONTROLS, settings }, null, 2) : text.join('\n'),
    );
    return EXIT.ok;
  }
  const control = CONTROLS.find(({ key }) => key === topic);
  const setting = settings.find(({ path }) => path === topic || path.replace(/<name>\.|\[\]/g, '') === topic);
  if (!control && !setting)
    throw new UserError({
      message: `there is no explanation for "${topic}"`,
      hint: suggestion(topic, topics) ?? 'run explain alone for the list',
    });
  if (args.switches.has('json')) output.result(JSON.stringify(control ?? setting, null, 2));
  else
    output.result(
      (control ? controlText(control) : settingText(setting!))
        .flatMap((line) => wrap(line, output.width, ''))
        .join('\n'),
    );
  return EXIT.ok;
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
