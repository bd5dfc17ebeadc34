import { accessAndLogs } from './access-logs.ts';
import { containerAndTls } from './container-tls.ts';
import type { EdgeControl } from './control.ts';
import { proxyAndLimits } from './proxy-limits.ts';
import { serversAndHeaders } from './servers-headers.ts';

export type { EdgeControl };

/** Every point of the edge's checklist, in order. */
export const EDGE_CONTROLS: readonly EdgeControl[] = [
  ...containerAndTls,
  ...serversAndHeaders,
  ...proxyAndLimits,
  ...accessAndLogs,
];

/** The points that a directive of nginx, a header or another word for it belongs to. */
export function controlsOf(topic: string): EdgeControl[] {
  const word = topic.toLowerCase();
  return EDGE_CONTROLS.filter(
    ({ directives, topics = [] }) =>
      directives.includes(topic) || topics.some((one) => one.toLowerCase() === word),
  );
}
