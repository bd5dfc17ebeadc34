import { fileURLToPath } from 'node:url';
import { defineConfig } from 'tsdown';
import { asciiOnly } from './build/ascii-plugin.ts';
import { withoutDescriptions } from './build/descriptions-plugin.ts';
import { withoutFacades } from './build/facades-plugin.ts';
import { usedFigures } from './build/figures-plugin.ts';
import { handlebarsTemplates } from './build/handlebars-plugin.ts';
import { billOfMaterials } from './build/sbom-plugin.ts';

export default defineConfig({
  entry: { cli: 'src/cli.ts', index: 'src/index.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20.17',
  dts: { entry: 'src/index.ts' },
  // Everything is inside: nothing is installed beside the program, and a dependency's update cannot change it.
  deps: { alwaysBundle: [/.*/], onlyBundle: false },
  // ES modules where a package has them: smaller when bundled, and quicker to load than CommonJS.
  inputOptions: {
    resolve: { mainFields: ['module', 'main'] },
    optimization: { inlineConst: { mode: 'all', pass: 3 } },
  },
  alias: { yaml: fileURLToPath(new URL('node_modules/yaml/browser/index.js', import.meta.url)) },
  // Without the functions' names, 7 kB of the package; the trace of a bug has its places in these files.
  minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } },
  hash: false,
  // What these two export and nobody uses can go: `diff` says so itself, in a place the bundler does not look at, and
  // loading a module of `yaml` does nothing either.
  treeshake: { moduleSideEffects: [{ test: /node_modules\/(?:diff|yaml)\//, sideEffects: false }] },
  // Each file costs a millisecond to find and load: what is always needed together is one.
  outputOptions: {
    codeSplitting: {
      groups: [
        { name: 'base', priority: 4, test: /src\/cli\/(?:main|args|flags|output|help|version)\.ts$/ },
        // Up to the first question.
        { name: 'start', priority: 3, test: /src\/(?:cli\/take-order|wizard\/wizard)\.ts$/ },
        { name: 'generate', priority: 2, test: /src\/cli\/(?:commands\/create|complete)\.ts$/ },
        // Without the commands for them, which also talk to servers and run programs.
        {
          name: 'certificates',
          priority: 1,
          test: /src\/certs\/(?:development|authority|leaf|placeholder)\.ts$/,
        },
        { name: 'cert', priority: 0, test: /src\/cli\/commands\/cert/ },
        { name: 'wizard', priority: 0, test: /src\/wizard\/(?!prompts)/ },
        {
          name: 'rotation',
          priority: 0,
          test: /src\/(?:rotation\/|cli\/commands\/(?:rotate|status)|cli\/rotation-report)/,
        },
      ],
    },
  },
  clean: true,
  plugins: [
    handlebarsTemplates(),
    withoutDescriptions(),
    usedFigures(),
    withoutFacades(),
    asciiOnly(),
    billOfMaterials(),
  ],
});
