import * as v from 'valibot';
import type { Limits } from '../stack/model.ts';

/** Memory, CPU and process limits as an option of a service or app; the defaults are the catalogue's. */
export function limitsSchema(defaults: Limits) {
  return v.optional(
    v.strictObject({
      memory: v.optional(
        v.pipe(
          v.string(),
          v.regex(/^[1-9]\d*[mg]$/, 'must be a size such as 256m or 2g'),
          v.description('Memory limit; the container is killed beyond it. `256m`, `2g`.'),
        ),
        defaults.memory,
      ),
      cpus: v.optional(
        v.pipe(v.number(), v.minValue(0.05), v.maxValue(256), v.description('CPU limit in cores.')),
        defaults.cpus,
      ),
      pids: v.optional(
        v.pipe(
          v.number(),
          v.integer(),
          v.minValue(10),
          v.maxValue(100_000),
          v.description('Processes and threads allowed; stops fork bombs.'),
        ),
        defaults.pids,
      ),
    }),
    {},
  );
}
