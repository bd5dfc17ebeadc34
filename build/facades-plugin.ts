interface Chunk {
  type: 'chunk' | 'asset';
  isEntry?: boolean;
  code?: string;
}

/** `import{a as e}from"./file.mjs";export{e as name};` and nothing else. */
const FACADE = /^import\{([^}]*)\}from"\.\/([^"]+)";export\{([^}]*)\};\s*$/;

/**
 * Bundler plugin: takes what is loaded on demand straight out of the file that holds it. The bundler makes a file more
 * for each such module, which only passes on what another one has; to find and load one costs a millisecond.
 */
export function withoutFacades() {
  return {
    name: 'without-facades',
    generateBundle(_options: unknown, bundle: Record<string, Chunk>) {
      for (const [name, { isEntry, code }] of Object.entries(bundle)) {
        const facade = isEntry ? null : FACADE.exec(code ?? '');
        if (!facade) continue;
        const [, imports, file, exports] = facade as unknown as [string, string, string, string];
        const inFile = new Map(pairs(imports).map(([there, here]) => [here, there]));
        const members = pairs(exports).map(([here, outside]) => `${outside}:e.${inFile.get(here)}`);
        const loaded = `import(\`./${file}\`).then(e=>({${members}}))`;
        for (const chunk of Object.values(bundle))
          if (chunk.code?.includes(name)) chunk.code = chunk.code.replaceAll(`import(\`./${name}\`)`, loaded);
        delete bundle[name];
        const user = Object.entries(bundle).find(([, chunk]) => chunk.code?.includes(`./${name}`));
        if (user)
          throw new Error(`${user[0]} loads ${name} in a way that build/facades-plugin.ts does not know`);
      }
    },
  };
}

/** `a as b,c` as [a, b], [c, c]. */
function pairs(list: string): [string, string][] {
  return list.split(',').map((item) => {
    const [from, to = from] = item.split(' as ') as [string, string?];
    return [from, to];
  });
}
