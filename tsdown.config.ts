import { defineConfig } from 'tsdown';
import { handlebarsTemplates } from './build/handlebars-plugin.ts';
import { billOfMaterials } from './build/sbom-plugin.ts';

export default defineConfig({
  entry: { cli: 'src/cli.ts', index: 'src/index.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20.17',
  dts: { entry: 'src/index.ts' },
  // Everything is inside: nothing is installed beside the program, and a dependency's update cannot change it.
  deps: { alwaysBundle: [/.*/], onlyAllowBundle: false },
  minify: { compress: true, mangle: false, codegen: false },
  hash: false,
  clean: true,
  plugins: [handlebarsTemplates(), billOfMaterials()],
});
