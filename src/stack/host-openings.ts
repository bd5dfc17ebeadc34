import type { FirewallPolicy, Stack } from './model.ts';

/** Openings for programs of the host itself: those of no workload. */
export function hostOpenings({
  firewall,
  workloads,
}: Pick<Stack, 'firewall' | 'workloads'>): FirewallPolicy['openings'] {
  const published = workloads.flatMap((workload) => workload.published);
  return firewall.openings.filter(
    ({ port, protocol }) => !published.some((one) => one.host === port && one.protocol === protocol),
  );
}
