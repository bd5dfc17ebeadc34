import clientTemplate from '../../../templates/acme/client.sh.hbs';
import type { GeneratedFile } from '../../fileset.ts';
import { render } from '../template.ts';

/** The script of the ACME client; its container mounts the folder. */
export function renderAcmeClient(): GeneratedFile[] {
  return [{ path: 'acme/client.sh', content: render(clientTemplate, {}), mode: 0o755, class: 'generated' }];
}
