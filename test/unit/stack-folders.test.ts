import { expect, test } from 'vitest';
import { renderStack } from '../../src/library.ts';
import { buildStack } from '../../src/stack/build.ts';
import { OWN_NAMES } from '../../src/stack/folders.ts';
import { checkAnswers } from '../../src/stack/load.ts';
import { allCases } from '../snapshots/matrix.ts';

const cases = allCases.filter(({ name }) => /-web-api-file$|^everything$/.test(name));

test.each(cases)(
  '$name: every file it writes and every folder it mounts is among the names kept for it',
  ({ answers }) => {
    const { spec } = checkAnswers(answers);
    const mounted = buildStack(spec!).workloads.flatMap(({ mounts }) => mounts.map(({ source }) => source));
    const files = renderStack(answers, { redactSecrets: true }).map(({ path }) => path);
    const names = [...files, ...mounted]
      .filter((path) => !path.startsWith('/'))
      .map((path) => path.split('/')[0]);
    expect([...new Set(names)].filter((name) => !OWN_NAMES.includes(name!))).toEqual([]);
  },
);
