import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { advices } from '../e2e/firewall/advice.ts';
import { DockerLab, ready } from '../e2e/firewall/docker-lab.ts';
import { ADDRESS } from '../system/firewall/lab.ts';

const { host, host6, neighbour, stranger, metadata } = ADDRESS;
const page = new URL('../../docs/firewall.md', import.meta.url);
const begin = '<!-- measured: comparison -->\n';
const end = '<!-- /measured -->';

/**
 * The table in docs/firewall.md is what is measured here. `npm run firewall-table` writes it; without that a difference
 * fails. Another engine than the table's may close more by itself, so with one only our own column must agree.
 */
describe.runIf(ready())('what each advice keeps out', () => {
  const lab = new DockerLab();
  const { net } = lab;
  beforeAll(async () => {
    await lab.start();
    await lab.run({ name: 'web', listen: ['tcp:8080', 'tcp:8443'], options: ['-p80:8080', '-p443:8443'] });
    await lab.run({ name: 'local', listen: ['tcp:6379'], options: ['-p127.0.0.1:6379:6379'] });
    await lab.run({ name: 'hostnet', listen: ['tcp:9100'], options: ['--network=host'] });
  });
  afterAll(() => lab.stop());

  type Look = () => Promise<boolean[]> | boolean[];
  interface Row {
    what: string;
    wanted: 'open' | 'closed';
    look: Look;
  }

  const measure = async (): Promise<Row[]> => {
    const db = await lab.run({
      name: 'db',
      listen: ['tcp:5432', 'udp:5353'],
      options: ['-p5432:5432', '-p5353:5353/udp'],
    });
    const inner = await lab.run({ name: 'inner', listen: ['tcp:8088'] });
    const local = await address('local');
    const by =
      (from: 'stranger' | 'neighbour' | 'host', ...targets: string[]): Look =>
      () =>
        net.probe(from, targets);
    const inside =
      (...targets: string[]): Look =>
      () =>
        lab.fromContainer('inner', targets);
    return [
      {
        what: 'public site and SSH (80, 443, 22), IPv4 and IPv6',
        wanted: 'open',
        look: by('stranger', ...[80, 443, 22].flatMap((p) => [`tcp,${host},${p}`, `tcp,${host6},${p}`])),
      },
      { what: 'published database, IPv4', wanted: 'closed', look: by('stranger', `tcp,${host},5432`) },
      { what: 'published database, IPv6', wanted: 'closed', look: by('stranger', `tcp,${host6},5432`) },
      { what: 'published UDP port, IPv4', wanted: 'closed', look: by('stranger', `udp,${host},5353`) },
      {
        what: 'service of the host itself, IPv4',
        wanted: 'closed',
        look: by('stranger', `tcp,${host},9000`),
      },
      {
        what: 'service of the host itself, IPv6',
        wanted: 'closed',
        look: by('stranger', `tcp,${host6},9000`),
      },
      {
        what: 'container with the host’s network',
        wanted: 'closed',
        look: by('stranger', `tcp,${host},9100`),
      },
      {
        what: 'neighbour → port published on 127.0.0.1, by the container’s address',
        wanted: 'closed',
        look: by('neighbour', `tcp,${local},6379`),
      },
      { what: 'neighbour → port published on 127.0.0.1, forged destination', wanted: 'closed', look: forged },
      {
        what: 'neighbour → published database by the container’s address',
        wanted: 'closed',
        look: by('neighbour', `tcp,${db},5432`),
      },
      {
        what: 'neighbour → container that publishes nothing',
        wanted: 'closed',
        look: by('neighbour', `tcp,${inner},8088`),
      },
      { what: 'container → cloud metadata', wanted: 'closed', look: inside(`tcp,${metadata},80`) },
      { what: 'container → service of the host', wanted: 'closed', look: inside('tcp,172.17.0.1,9000') },
      { what: 'container → internet', wanted: 'open', look: inside(`tcp,${stranger},7000`) },
      { what: 'container → container', wanted: 'open', look: inside(`tcp,${db},5432`) },
      { what: 'host → port published on 127.0.0.1', wanted: 'open', look: by('host', 'tcp,127.0.0.1,6379') },
    ];
  };

  const address = async (name: string) =>
    (await lab.engine.docker(['inspect', '--format', '{{.NetworkSettings.IPAddress}}', name])).stdout.trim();

  const forged = () => {
    const shell = (script: string) => net.run('neighbour', ['sh', '-c', script]);
    shell(
      `echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via ${host} src ${neighbour}`,
    );
    const answers = net.probe('neighbour', ['tcp,127.0.0.1,6379']);
    shell('ip route del 127.0.0.1; ip addr add 127.0.0.1/8 dev lo');
    return answers;
  };

  it('is what the published table says', async () => {
    const rows = await measure();
    const cells = new Map<string, string[]>(rows.map(({ what }) => [what, []]));
    for (const advice of advices) {
      advice.on(net);
      for (const { what, look } of rows) cells.get(what)!.push(verdict(await look()));
      advice.off(net);
    }
    // Each advice was taken back: whatever was open at first is open again.
    for (const { what, look } of rows) expect(verdict(await look()), what).toBe(cells.get(what)![0]);

    for (const { what, wanted } of rows) {
      expect(cells.get(what)!.at(-1), what).toBe(wanted);
      // The probes can see an open port.
      if (wanted === 'open') expect(cells.get(what)![0], what).toBe('open');
    }
    const version = (await lab.engine.docker(['version', '--format', '{{.Server.Version}}'])).stdout.trim();
    const measured = table(version, rows, cells);
    process.stdout.write(measured);

    const text = await readFile(page, 'utf8');
    const published = text.slice(text.indexOf(begin) + begin.length, text.indexOf(end));
    const major = (from: string) => /Docker Engine (\d+\.\d+)/.exec(from)?.[1];
    if (process.env['FIREWALL_TABLE'] !== 'write' && major(published) !== major(measured)) {
      expect(column(measured, -1)).toEqual(column(published, -1));
      return;
    }
    // With -u the page is written; otherwise it must be what it is.
    await expect(text.replace(begin + published + end, () => begin + measured + end)).toMatchFileSnapshot(
      page.pathname,
    );
  });
});

const verdict = (answers: readonly boolean[]) =>
  answers.every(Boolean) ? 'open' : answers.some(Boolean) ? 'open in part' : 'closed';

function table(
  version: string,
  rows: readonly { what: string; wanted: string }[],
  cells: Map<string, string[]>,
): string {
  const cell = (is: string, wanted: string) => (is === wanted ? is : `**${is}**`);
  const lines = rows.map(({ what, wanted }) => [
    what,
    wanted,
    ...cells.get(what)!.map((is) => cell(is, wanted)),
  ]);
  const head = ['way in', 'wanted', ...advices.map(({ name }) => name)];
  const widths = head.map((_, at) => Math.max(...[head, ...lines].map((line) => [...line[at]!].length)));
  const row = (line: string[]) =>
    `| ${line.map((text, at) => text + ' '.repeat(widths[at]! - [...text].length)).join(' | ')} |\n`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`;
  return `\nMeasured with Docker Engine ${version}; bold is not as wanted.\n\n${row(head)}${rule}${lines.map(row).join('')}\n`;
}

const column = (text: string, at: number) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').slice(1, -1).at(at)!.trim())
    .map((cell) => cell.replace(/^-+$/, '-'));
