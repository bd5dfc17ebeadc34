import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { handlebarsTemplates } from '../../build/handlebars-plugin.ts';

/** What takes minutes, or fetches a judge that is too large to be a dependency: `npm run test:long`. */
export default defineConfig({
  root: fileURLToPath(new URL('../../', import.meta.url)),
  plugins: [handlebarsTemplates()],
  test: {
    name: 'long',
    include: ['test/long/**/*.test.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 1_200_000,
    fileParallelism: false,
  },
});
