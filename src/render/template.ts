import type { templateHelperNames } from './helper-names.ts';
import { markdownCode, markdownText } from './quote/markdown.ts';
import { nftToken } from './quote/nft.ts';
import { nginxRegex, nginxString } from './quote/nginx.ts';
import { shellWord } from './quote/shell.ts';

/** A template of `templates/`, made a function by `build/handlebars-compiler.ts`. */
export type Template = (values: object, functions: typeof helpers & typeof blocks) => string;

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

/** What `if`, `unless` and `each` of Handlebars mean. */
const blocks = {
  is: (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value)),
  each: (
    list: unknown[] | undefined,
    fill: (item: unknown, index: number, list: unknown[]) => string,
  ): string => (list ?? []).map(fill).join(''),
};

/** Fills a template. Each value in it passes through the quoting helper of the output's language. */
export function render(template: Template, values: object): string {
  return template(values, { ...helpers, ...blocks });
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TypeError(`template value is ${value === null ? 'null' : typeof value}, not text`);
}
