import type { GeneratedFile } from '../fileset.ts';

/** Ignore files that keep secrets out of git and out of every image, and the user's own extension points. */
export function renderIgnoreFiles(): GeneratedFile[] {
  const gitignore = [
    '# Secrets and keys: never in git.',
    // Also while they lie elsewhere: what was left behind by a move must not be committed.
    '/.env',
    '/secrets/',
    '.env',
    '.env.*',
    '!.env.example',
    '/certs/',
    '',
    '# State of one machine: locks, journals, files half written.',
    '/.secure-stack/lock*',
    '/.secure-stack/journal.json',
    '.*.css-*.tmp',
    '',
  ];
  const dockerignore = [
    '# Kept out of every image that is built from this folder.',
    '.git',
    '.env',
    '.env.*',
    'secrets',
    'certs',
    '.secure-stack',
    '**/node_modules',
    '**/*.md',
    '!**/README.md',
    '**/test',
    '**/tests',
    '**/docs',
    '',
  ];
  return [
    { path: '.gitignore', mode: 0o644, class: 'generated', content: gitignore.join('\n') },
    { path: '.dockerignore', mode: 0o644, class: 'generated', content: dockerignore.join('\n') },
  ];
}

/** Files for the user to fill, written once and never touched again. */
export function renderExtensionPoints(): GeneratedFile[] {
  return [
    {
      path: 'docker-compose.override.yml',
      mode: 0o644,
      class: 'seed',
      content: [
        '# Yours: Compose reads this file after docker-compose.yml, and create-secure-stack never changes it.',
        '# `create-secure-stack check` tells when something in it undoes a protection.',
        '#',
        '# services:',
        '#   web:',
        '#     environment:',
        '#       LOG_LEVEL: debug',
        'services: {}',
        '',
      ].join('\n'),
    },
    {
      path: 'nginx/custom/README.md',
      mode: 0o644,
      class: 'seed',
      content:
        '# Your own nginx settings\n\nFiles `*.conf` here are read inside `http { }`, after the generated ones. create-secure-stack never changes them.\n',
    },
  ];
}
