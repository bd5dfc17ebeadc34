/** A template as `build/handlebars-plugin.ts` compiles it. */
declare module '*.hbs' {
  const template: import('./render/template.ts').Template;
  export default template;
}
