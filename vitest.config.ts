import { defineConfig } from 'vitest/config';
import { handlebarsTemplates } from './build/handlebars-plugin.ts';

export default defineConfig({
  plugins: [handlebarsTemplates()],
  test: {
    // Most of what takes long waits for something else than the CPU.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        // Thousands of random cases take their time on a busy machine.
        test: { name: 'unit', include: ['test/{unit,snapshots}/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        // Real processes, terminals, kill -9 and the judges' programs.
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        // A real Docker Engine; one file after another, because they share the host's ports and networks.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
