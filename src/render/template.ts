import runtime from 'handlebars/runtime.js';
import type { templateHelperNames } from './helper-names.ts';
import { markdownCode, markdownText } from './quote/markdown.ts';
import { nftToken } from './quote/nft.ts';
import { nginxRegex, nginxString } from './quote/nginx.ts';
import { shellWord } from './quote/shell.ts';

export type TemplateSpec = Parameters<typeof import('handlebars')['template']>[0];

// The runtime's own typings describe only half of it; it is the same object as the full package's, less the compiler.
const environment = (runtime as unknown as typeof import('handlebars')).create();

const helpers: Record<(typeof templateHelperNames)[number], (value: unknown) => string> = {
  nginx: (value) => nginxString(text(value)),
  nginxRegex: (value) => nginxRegex(text(value)),
  sh: (value) => shellWord(text(value)),
  md: (value) => markdownText(text(value)),
  mdCode: (value) => markdownCode(text(value)),
  nft: (value) => nftToken(text(value)),
  // Text that the renderer itself built out of quoted parts; never a value of the user's.
  trusted: (value) => text(value),
};
for (const [name, helper] of Object.entries(helpers)) environment.registerHelper(name, helper);

/** Fills a template. Each value in it passes through the quoting helper of the output's language. */
export function render(spec: TemplateSpec, context: object): string {
  return environment.template(spec)(context, { allowProtoPropertiesByDefault: false });
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TypeError(`template value is ${value === null ? 'null' : typeof value}, not text`);
}
