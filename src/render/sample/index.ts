import pageTemplate from '../../../templates/sample/index.html.hbs';
import styleTemplate from '../../../templates/sample/style.css.hbs';
import type { GeneratedFile } from '../../fileset.ts';
import { render, type Template } from '../template.ts';

/** The page of an app that is not there yet; the file server shows it. */
export function renderSampleApp(): GeneratedFile[] {
  const file = (name: string, template: Template): GeneratedFile => ({
    path: `sample/${name}`,
    content: render(template, {}),
    mode: 0o644,
    class: 'generated',
  });
  return [file('index.html', pageTemplate), file('style.css', styleTemplate)];
}
