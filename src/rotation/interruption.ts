import type { Workload } from '../stack/model.ts';
import { KNOWN_SECONDS } from './served.ts';

/** A container that is replaced, and what is interrupted meanwhile. The seconds are estimates, not promises. */
export interface PlannedRestart {
  workload: string;
  /** The new container starts beside the old one. */
  rolling: boolean;
  /** For how long it does not answer; absent where no health check tells when it does again. */
  awaySeconds?: number;
  /** For how long its new logins are refused: from the end of the password it has until it has the new one. */
  loginsRefusedSeconds?: number;
}

/** To stop a container that heeds its signal, and to make and start another one. */
const REPLACE_SECONDS = 2;

/**
 * What the replacement of workloads, one after another in this order, interrupts. A container is taken to be ready at its
 * first health check, which comes one interval after its start: sooner where the engine asks more often in the beginning,
 * later where the program needs longer.
 * @param lockedOut workloads whose password ends before they have the new one
 */
export function interruptions(
  restarts: readonly { workload: Pick<Workload, 'name' | 'health'>; rolling: boolean }[],
  lockedOut: ReadonlySet<string>,
): PlannedRestart[] {
  let passed = 0;
  return restarts.map(({ workload: { name, health }, rolling }) => {
    const ready = REPLACE_SECONDS + (health === 'none' ? 0 : health.intervalSeconds);
    const refused = passed + ready;
    // The old container stays until the edge knows the new one.
    passed += rolling ? Math.max(ready, KNOWN_SECONDS) + REPLACE_SECONDS : ready;
    return {
      workload: name,
      rolling,
      ...(rolling ? { awaySeconds: 0 } : health === 'none' ? {} : { awaySeconds: ready }),
      ...(lockedOut.has(name) ? { loginsRefusedSeconds: refused } : {}),
    };
  });
}
