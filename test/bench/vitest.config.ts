import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { handlebarsTemplates } from '../../build/handlebars-plugin.ts';

/** `npm run bench:edge`: a measurement, which no figure makes fail. */
export default defineConfig({
  root: fileURLToPath(new URL('../../', import.meta.url)),
  plugins: [handlebarsTemplates()],
  test: {
    name: 'bench',
    include: ['test/bench/**/*.test.ts'],
    testTimeout: 1_800_000,
    disableConsoleIntercept: true,
  },
});
