import nginxTemplate from '../../../templates/file-server/nginx.conf.hbs';
import { fileServerConf } from '../../catalog/static.ts';
import type { GeneratedFile } from '../../fileset.ts';
import type { Workload } from '../../stack/model.ts';
import { render } from '../template.ts';

/** The configurations that the stack's static sites, the sample among them, start nginx with. */
export function renderFileServer(workloads: readonly Pick<Workload, 'command'>[]): GeneratedFile[] {
  return [false, true].flatMap((singlePage) => {
    const { path, target } = fileServerConf(singlePage);
    if (!workloads.some(({ command }) => command?.includes(target))) return [];
    return [{ path, content: render(nginxTemplate, { singlePage }), mode: 0o644, class: 'generated' }];
  });
}
