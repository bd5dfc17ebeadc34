import type { AnswerPath } from './answer-problem.ts';

/** One thing that is asked about an app; what is valid comes from the schema, as with the other questions. */
export interface AppQuestion {
  /** Keys of the flag `--app` that give the same answer. */
  keys: readonly string[];
  /** Place below `apps.<name>`. */
  path: AnswerPath;
  message: string;
}

/** What the wizard asks about each app, in this order; from `more` on only when it is chosen from a menu. */
export const appQuestions = {
  name: { keys: ['name'], path: [], message: 'Name of the app' },
  source: { keys: ['image', 'build', 'static'], path: [], message: 'What runs in it?' },
  image: { keys: ['image'], path: ['image'], message: 'Image, with a fixed tag' },
  build: { keys: ['build'], path: ['build', 'context'], message: 'Folder with its Dockerfile' },
  static: { keys: ['static'], path: ['static', 'folder'], message: 'Folder with the finished files' },
  port: { keys: ['port'], path: ['port'], message: 'Port it listens on' },
  health: { keys: ['health'], path: ['health', 'path'], message: 'Path that answers when it is ready' },
  path: { keys: ['path'], path: ['routes'], message: 'Public path ("none": not reachable from outside)' },
  host: { keys: ['host'], path: ['routes'], message: 'On which domain?' },
  needs: { keys: ['needs'], path: ['needs'], message: 'What does it connect to?' },
  secrets: {
    keys: ['secret'],
    path: ['secrets'],
    message: 'API keys it needs, by variable (empty or "none": no key)',
  },
  egress: { keys: ['egress'], path: ['egress'], message: 'May it open connections to the internet?' },
  more: { keys: [], path: [], message: 'Anything else' },
  protocol: { keys: ['protocol'], path: ['protocol'], message: 'What does it speak?' },
  paths: {
    keys: ['path'],
    path: ['routes'],
    message: 'All its public paths, e.g. /a, example.com/b, or "none"',
  },
  made: {
    keys: ['secret'],
    path: ['secrets'],
    message: 'Keys and passwords to make for it, by variable, or "none"',
  },
  purpose: { keys: ['secret'], path: ['secrets'], message: 'what is it for?' },
  form: { keys: ['secret'], path: ['secrets'], message: 'in which form?' },
  delivery: { keys: ['delivery'], path: ['delivery'], message: 'How do its secrets reach it?' },
} as const satisfies Record<string, AppQuestion>;
