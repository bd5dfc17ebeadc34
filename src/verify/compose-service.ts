import type { Stack, Workload } from '../stack/model.ts';
import type { ComposeDocument, ComposePath, Fields } from './compose-document.ts';
import type { Finding, Severity } from './finding.ts';

/** One service of a Compose file, as the rules see it. */
export interface ServiceView {
  name: string;
  fields: Fields;
  stack: Stack;
  /** The stack's workload of that name; a service of the user's own has none. */
  workload: Workload | undefined;
  /** Nothing is merged under it, so that a protection which is not stated does not exist. */
  isComplete: boolean;
  tag(key: string): ReturnType<ComposeDocument['tag']>;
  /** A finding at a place below the service. */
  finding(rule: string, severity: Severity, path: ComposePath, message: string, hint?: string): Finding;
}

export type ServiceRule = (service: ServiceView) => Finding[];
