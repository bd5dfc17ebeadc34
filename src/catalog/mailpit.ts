import * as v from 'valibot';
import { limitsSchema } from './limits.ts';
import { defineService } from './service.ts';

/**
 * Mailpit catches mail during development: apps send, nothing leaves the machine.
 *
 * Source: axllent/mailpit Dockerfile.
 */
const options = v.strictObject({
  port: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(65535),
      v.description('Port on 127.0.0.1 where the inbox is shown; absent: not published.'),
    ),
  ),
  limits: limitsSchema({ memory: '128m', cpus: 0.25, pids: 50 }),
});

type Options = v.InferOutput<typeof options>;

export const mailpit = defineService<Options>({
  name: 'mailpit',
  title: 'Mailpit',
  summary: 'mail catcher for development',
  // Anyone who reaches the inbox reads every mail, password resets included.
  environments: ['development', 'staging'],
  options,
  build({ options: { port, limits } }) {
    return {
      port: 1025,
      workload: {
        image: 'axllent/mailpit:v1.29',
        // The image runs as root by default; any user will do.
        user: '1000:1000',
        environment: { MP_MAX_MESSAGES: '500' },
        secretMounts: [],
        secretVariables: [],
        tmpfs: [{ target: '/tmp', size: '256m', mode: '1777' }],
        volumes: [],
        mounts: [],
        health: {
          test: ['CMD', '/mailpit', 'readyz'],
          intervalSeconds: 15,
          timeoutSeconds: 5,
          retries: 3,
          startPeriodSeconds: 10,
        },
        limits,
        stopGraceSeconds: 10,
        capAdd: [],
        published:
          port === undefined
            ? []
            : [{ address: '127.0.0.1', host: port, container: 8025, protocol: 'tcp', allow: [] }],
      },
      secrets: [],
      secretFiles: [],
      files: [],
      credentials: [],
    };
  },
  connect: () => ({ environment: { SMTP_HOST: 'mailpit', SMTP_PORT: '1025' }, secrets: [] }),
});
