/** Which points of the edge's checklist are proven where: tests carry `#12` in their names. */
import { readdirSync, readFileSync } from 'node:fs';

const folders = ['unit', 'system', 'e2e', 'long'] as const;
const test = new URL('../test/', import.meta.url);

export interface TestFile {
  /** `e2e/edge-tls.test.ts`. */
  path: string;
  points: ReadonlySet<number>;
}

/** Every test file with the numbers in the names of its tests and groups; comments do not count. */
export function testFiles(): TestFile[] {
  return folders.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, test))
      .filter((name) => /^(?:edge|nginx)-.*\.test\.ts$/.test(name))
      .sort()
      .map((name) => {
        const source = readFileSync(new URL(`${folder}/${name}`, test), 'utf8');
        return { path: `${folder}/${name}`, points: new Set(namesOf(source).flatMap(numbersOf)) };
      }),
  );
}

/** Files by the point they prove. */
export function provenPoints(): Map<number, string[]> {
  const proven = new Map<number, string[]>();
  for (const { path, points } of testFiles())
    for (const point of points) proven.set(point, [...(proven.get(point) ?? []), path]);
  return proven;
}

/** The strings that name a test or a group: the first argument of the call that declares it. */
function namesOf(source: string): string[] {
  const declaration =
    /(?:^|[\s.)])(?:test|describe)\b[^'"`;{]*?\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1\s*,|\]\s*(?:as const\s*)?\)\(\s*(['"`])((?:(?!\3)[^\\]|\\.)*)\3\s*,/gm;
  return [...source.matchAll(declaration)].map(([, , plain, , table]) => plain ?? table ?? '');
}

function numbersOf(name: string): number[] {
  return [...name.matchAll(/#(\d{1,2})\b/g)].map(([, number]) => Number(number));
}
