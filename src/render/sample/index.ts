import pageTemplate from '../../../templates/sample/index.html.hbs';
import nginxTemplate from '../../../templates/sample/nginx.conf.hbs';
import styleTemplate from '../../../templates/sample/style.css.hbs';
import type { GeneratedFile } from '../../fileset.ts';
import { render, type TemplateSpec } from '../template.ts';

/**
 * The workload of a stack that has no app yet: the edge's own image serving one page on 8080, with `/health`.
 * The container mounts the folder read-only as /etc/secure-stack/sample and starts nginx with its nginx.conf.
 */
export function renderSampleApp(): GeneratedFile[] {
  const file = (name: string, template: TemplateSpec): GeneratedFile => ({
    path: `sample/${name}`,
    content: render(template, {}),
    mode: 0o644,
    class: 'generated',
  });
  return [
    file('nginx.conf', nginxTemplate),
    file('index.html', pageTemplate),
    file('style.css', styleTemplate),
  ];
}
