import type { StackInput } from './schema.ts';

export interface Preset {
  name: string;
  title: string;
  answers: Pick<StackInput, 'services' | 'apps'>;
}

/** What the wizard can start from; everything in it can be changed afterwards. */
export const presets: readonly Preset[] = [
  {
    name: 'web-api',
    title: 'web + API + PostgreSQL + Redis',
    answers: {
      services: { postgres: {}, redis: {} },
      apps: {
        web: { image: 'sample', routes: [{ path: '/' }], needs: ['api'] },
        api: {
          image: 'sample',
          routes: [{ path: '/api' }],
          needs: ['postgres', 'redis'],
          secrets: { SESSION_KEY: { kind: 'hmac' } },
        },
      },
    },
  },
  {
    name: 'single-app',
    title: 'a single app',
    answers: { apps: { web: { image: 'sample', routes: [{ path: '/' }] } } },
  },
  { name: 'empty', title: 'empty: the edge alone', answers: {} },
];
