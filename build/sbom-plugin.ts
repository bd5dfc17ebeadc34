import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Component {
  name: string;
  version: string;
  license: string;
}

/**
 * Bundler plugin: writes `sbom.cdx.json` (CycloneDX 1.6), the packages whose code is really inside the bundle, and their
 * licence texts into `LICENSES.txt`.
 */
export function billOfMaterials() {
  return {
    name: 'bill-of-materials',
    async generateBundle(
      this: { emitFile(file: { type: 'asset'; fileName: string; source: string }): void },
      _options: unknown,
      bundle: Record<string, { type: string; moduleIds?: string[] }>,
    ) {
      const ids = Object.values(bundle).flatMap((chunk) => chunk.moduleIds ?? []);
      const folders = [...new Set(ids.map(packageFolder).filter((folder) => folder !== undefined))].sort();
      if (folders.length === 0) return;
      const components = await Promise.all(folders.map(readComponent));
      this.emitFile({ type: 'asset', fileName: 'sbom.cdx.json', source: await cycloneDx(components) });
      this.emitFile({
        type: 'asset',
        fileName: 'LICENSES.txt',
        source: licences(await Promise.all(folders.map(readLicence))),
      });
    },
  };
}

function packageFolder(id: string): string | undefined {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll('\0', ''))?.[1];
}

async function readComponent(folder: string): Promise<Component> {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  ) as Component;
  return { name, version, license };
}

async function cycloneDx(components: readonly Component[]): Promise<string> {
  const own = JSON.parse(
    await readFile(createRequire(import.meta.url).resolve('../package.json'), 'utf8'),
  ) as Component;
  const purl = ({ name, version }: Component) => `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name: own.name, version: own.version, purl: purl(own) } },
    components: components.map((component) => ({
      type: 'library',
      name: component.name,
      version: component.version,
      purl: purl(component),
      licenses: [{ license: { id: component.license } }],
    })),
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

interface Licence extends Component {
  holders: string;
  terms: string;
}

async function readLicence(folder: string): Promise<Licence> {
  const component = await readComponent(folder);
  for (const file of [
    'LICENSE',
    'LICENSE.md',
    'LICENSE.txt',
    'LICENCE',
    'license',
    'license.md',
    'LICENSE-MIT',
  ]) {
    const text = await readFile(join(folder, file), 'utf8').catch(() => undefined);
    if (text !== undefined) return { ...component, ...parts(text) };
  }
  return { ...component, holders: '', terms: '' };
}

/** Names and years of the holders, and the terms that begin where something is granted. */
function parts(text: string): Pick<Licence, 'holders' | 'terms'> {
  const start = Math.max(0, text.search(/^(?:Permission|Redistribution)\b/m));
  return { holders: text.slice(0, start).trim(), terms: text.slice(start).trim() };
}

/** The same terms, which many packages have in lines of other lengths, once below all that come with them. */
function licences(all: readonly Licence[]): string {
  const groups = new Map<string, Licence[]>();
  for (const one of all) {
    const words = one.terms.replaceAll(/\s+/g, ' ');
    groups.set(words, [...(groups.get(words) ?? []), one]);
  }
  return [...groups.values()]
    .map((group) => {
      const packages = group.map(({ name, version, license, holders }) =>
        [`${name} ${version} (${license})`, holders].filter(Boolean).join('\n\n'),
      );
      return `${[...packages, group[0]!.terms].filter(Boolean).join('\n\n')}\n`;
    })
    .join(`\n${'-'.repeat(72)}\n\n`);
}
