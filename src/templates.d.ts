/** A template precompiled by `build/handlebars-plugin.ts`. */
declare module '*.hbs' {
  const spec: import('./render/template.ts').TemplateSpec;
  export default spec;
}
