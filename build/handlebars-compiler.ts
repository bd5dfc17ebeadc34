import Handlebars from 'handlebars';
import { templateHelperNames } from '../src/render/helper-names.ts';

/** Where a part of a template stands. */
interface Scope {
  /** For messages. */
  file: string;
  /** How many `each` are around. Of the innermost, `c<depth>` is the item, `i<depth>` its index, `a<depth>` the list. */
  depth: number;
}

/**
 * The JavaScript of a template: a function of its values and the helpers, as `(c0,h)=>"# "+h.md(c0.name)+"\n"`.
 *
 * Handlebars reads the templates, but they are so thin that what its own compiler writes is twice as long, needs a
 * runtime in the package and takes longer to start. They print values through a helper, and use `if`, `unless` and
 * `each`; what goes beyond that is refused, as is a misspelt helper. A missing value is refused by its helper.
 */
export function compileTemplate(source: string, file: string): string {
  return `(c0,h)=>${program(Handlebars.parse(source), { file, depth: 0 })}`;
}

function program(part: hbs.AST.Program | undefined, scope: Scope): string {
  const texts = part?.body.map((node) => statement(node, scope)).filter((text) => text !== '""') ?? [];
  return texts.join('+') || '""';
}

function statement(node: hbs.AST.Statement, scope: Scope): string {
  switch (node.type) {
    case 'CommentStatement':
      return '""';
    case 'ContentStatement':
      return JSON.stringify((node as hbs.AST.ContentStatement).value);
    case 'MustacheStatement':
      return printed(node as hbs.AST.MustacheStatement, scope);
    case 'BlockStatement':
      return block(node as hbs.AST.BlockStatement, scope);
    default:
      return refuse(node, scope);
  }
}

function printed(node: hbs.AST.MustacheStatement, scope: Scope): string {
  const helper = templateHelperNames.find((name) => name === nameOf(node));
  return helper === undefined ? refuse(node, scope) : `h.${helper}(${parameter(node, scope)})`;
}

function block(node: hbs.AST.BlockStatement, scope: Scope): string {
  const given = parameter(node, scope);
  const inside = (part: hbs.AST.Program | undefined): string => program(part, scope);
  switch (nameOf(node)) {
    case 'if':
      return `(h.is(${given})?${inside(node.program)}:${inside(node.inverse)})`;
    case 'unless':
      return `(h.is(${given})?${inside(node.inverse)}:${inside(node.program)})`;
    case 'each': {
      if (node.inverse) return refuse(node.inverse, scope);
      if (node.program.blockParams?.length) return refuse(node, scope);
      const depth = scope.depth + 1;
      return `h.each(${given},(c${depth},i${depth},a${depth})=>${program(node.program, { ...scope, depth })})`;
    }
    default:
      return refuse(node, scope);
  }
}

type Call = hbs.AST.MustacheStatement | hbs.AST.BlockStatement;

function nameOf({ path }: Call): string {
  return (path as hbs.AST.PathExpression).original;
}

/** The one value a helper or block is given. */
function parameter(node: Call, scope: Scope): string {
  const [path, ...more] = node.params as hbs.AST.PathExpression[];
  if (path?.type !== 'PathExpression' || more.length > 0 || node.hash !== undefined)
    return refuse(node, scope);
  const { data, depth, parts } = path;
  if (!parts.every((part) => /^[A-Za-z_]\w*$/.test(part))) return refuse(node, scope);
  const around = scope.depth - depth;
  if (!data) return around < 0 ? refuse(node, scope) : [`c${around}`, ...parts].join('?.');
  const known = new Map([
    ['first', `i${around}===0`],
    ['last', `i${around}===a${around}.length-1`],
  ]);
  return (around > 0 && known.get(parts.join('.'))) || refuse(node, scope);
}

function refuse({ loc }: hbs.AST.Node, { file }: Scope): never {
  throw new Error(`${file}:${loc.start.line}: the templates' compiler does not know this`);
}
