import { ACME_FOLDERS } from '../catalog/acme.ts';
import type { FileTree, GeneratedFile } from '../fileset.ts';
import type { Stack } from '../stack/model.ts';
import { renderAcmeClient } from './acme/index.ts';
import { renderCompose } from './compose/compose.ts';
import { renderDocs } from './docs/docs.ts';
import { renderFileServer } from './file-server/index.ts';
import { renderFirewall } from './firewall/index.ts';
import { renderExtensionPoints, renderIgnoreFiles } from './ignore.ts';
import { renderNginx } from './nginx/index.ts';
import { renderSampleApp } from './sample/index.ts';
import { stackJsonSchema } from './schema-file.ts';

export interface RenderInput {
  /** Resolved image digests, `name:tag` → `sha256:…`. */
  digests: Readonly<Record<string, string>>;
}

/** Where the JSON Schema lies that stack.yaml refers to. */
export const SCHEMA_PATH = 'stack.schema.json';

/**
 * Every file of the stack that holds no secret and no certificate: the same stack gives the same bytes.
 */
export function renderFiles(stack: Stack, { digests }: RenderInput): FileTree {
  const usesSample = stack.workloads.some(({ mounts }) => mounts.some(({ source }) => source === 'sample'));
  const mounted: GeneratedFile[] = [
    ...renderNginx(stack),
    ...(stack.edge.tls.mode === 'acme' ? renderAcmeClient() : []),
    ...renderFileServer(stack.workloads),
    ...(usesSample ? renderSampleApp() : []),
    ...stack.files.map(({ path, content, mode }) => ({ path, content, mode, class: 'generated' as const })),
  ];
  return {
    files: [
      renderCompose(stack, { mounted, digests }),
      ...mounted,
      ...renderFirewall(stack.firewall, { stackName: stack.name }),
      ...renderDocs(stack),
      ...renderIgnoreFiles(),
      ...renderExtensionPoints(),
      { path: SCHEMA_PATH, mode: 0o644, class: 'generated', content: stackJsonSchema() },
    ],
    directories: [
      { path: 'certs', mode: 0o700 },
      // The client's user is not the owner, and replaces files of the owner's; `certs` keeps everybody else out.
      { path: ACME_FOLDERS.live, mode: stack.edge.tls.mode === 'acme' ? 0o777 : 0o755 },
      ...(stack.edge.tls.mode === 'acme'
        ? [ACME_FOLDERS.state, ACME_FOLDERS.challenge].map((path) => ({ path, mode: 0o777 }))
        : []),
      ...(stack.edge.tls.mode === 'dev-ca' ? [{ path: 'certs/ca', mode: 0o700 }] : []),
    ],
  };
}
