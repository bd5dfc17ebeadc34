import { afterAll, beforeAll, describe, test } from 'vitest';
import { requireDocker } from './docker.ts';
import { ensureImages } from './images.ts';
import { addingAnApp } from './stack/adding.ts';
import { confidentiality } from './stack/confidentiality.ts';
import { hardening } from './stack/hardening.ts';
import { isolation } from './stack/isolation.ts';
import { restarts } from './stack/restarts.ts';
import { RunningStack } from './stack/running.ts';
import { seenFromOutside } from './stack/seen-from-outside.ts';

/*
 * From answers to a stack that runs: what the program wrote, unmodified, on a real engine. One running stack serves all
 * groups, in this order; the later ones change it.
 */
describe.runIf(requireDocker())('a generated stack', () => {
  const running = new RunningStack();
  beforeAll(async () => {
    await ensureImages(['nginx:1.30', 'postgres:18.6-trixie', 'redis:8.10.1-trixie']);
    await ensureImages(['valkey/valkey:9.1', 'axllent/mailpit:v1.29', 'css-test/app:1']);
    await running.start();
  });
  afterAll(() => running.remove());

  test('comes up healthy by the commands that the program printed, and works', async () => {
    await running.healthy();
    await running.worksAgain();
  });

  seenFromOutside(running);
  hardening(running);
  confidentiality(running);
  isolation(running);
  restarts(running);
  addingAnApp(running);
});
