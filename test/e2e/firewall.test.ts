import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESS, until } from '../system/firewall/lab.ts';
import { Ufw } from '../system/firewall/ufw.ts';
import { DockerLab, ready } from './firewall/docker-lab.ts';

const { host, host6, neighbour, neighbour6, stranger, metadata, metadata6 } = ADDRESS;
const both = [host, host6];

describe.runIf(ready())('the firewall with a real Docker Engine', () => {
  const lab = new DockerLab();
  const { net } = lab;
  const at: Record<string, string> = {};

  beforeAll(async () => {
    await lab.start();
    const always = '--restart=always';
    at['web'] = await lab.run({
      name: 'web',
      listen: ['tcp:8080', 'tcp:8443'],
      options: [always, '-p80:8080', '-p443:8443'],
    });
    at['db'] = await lab.run({
      name: 'db',
      listen: ['tcp:5432', 'udp:5353'],
      options: [always, '-p5432:5432', '-p5353:5353/udp'],
    });
    // Inside it listens on a public port's number: rules that look after the rewriting would let it through.
    at['trick'] = await lab.run({ name: 'trick', listen: ['tcp:443'], options: ['-p8444:443'] });
    at['local'] = await lab.run({ name: 'local', listen: ['tcp:6379'], options: ['-p127.0.0.1:6379:6379'] });
    at['inner'] = await lab.run({ name: 'inner', listen: ['tcp:8080', 'tcp:443'] });
    await lab.run({ name: 'hostnet', listen: ['tcp:9100'], options: ['--network=host'] });
  });
  afterAll(() => lab.stop());
  afterEach(() => net.reset());

  const switchOn = (policy: Parameters<typeof net.script>[0] = {}) => {
    const script = net.script({ publicUdp: [], ...policy });
    expect(net.firewall(script, ['apply'])).toMatchObject({ code: 0, stderr: '' });
    expect(net.firewall(script, ['confirm'])).toMatchObject({ code: 0, stderr: '' });
    return script;
  };
  const everywhere = (...ports: number[]) => ports.flatMap((port) => both.map((a) => `tcp,${a},${port}`));
  const udp = both.map((address) => `udp,${address},5353`);
  const siteAnswers = () => expect(net.answers('stranger', everywhere(80, 443))).toEqual(everywhere(80, 443));
  const closed = () => {
    const targets = [...everywhere(5432, 8444, 9000, 9100, 6379), ...udp];
    expect(net.answers('stranger', targets)).toEqual([]);
  };

  it('negative control: without it a scan finds the database, by IPv4 and IPv6', async () => {
    const found = [22, 80, 443, 5432, 8444, 9000, 9100];
    for (const address of both) expect(await lab.scan(address, found.join(','))).toEqual(found);
    expect(net.answers('stranger', [udp[0]!])).toEqual([udp[0]!]);
    const direct = [`tcp,${at['db']},5432`, `tcp,${at['trick']},443`];
    expect(net.answers('neighbour', direct)).toEqual(direct);
  });

  it('a full scan finds the three open ports and no more, by IPv4 and IPv6', async () => {
    switchOn();
    const found = await Promise.all(both.map((address) => lab.scan(address)));
    expect(found).toEqual([
      [22, 80, 443],
      [22, 80, 443],
    ]);
    expect(net.answers('stranger', udp)).toEqual([]);
  });

  it('what is published later, and on a network made later, is closed as well; its way out and its names work', async () => {
    switchOn();
    await lab.engine.docker(['network', 'create', 'later']);
    try {
      await lab.run({ name: 'one', listen: ['tcp:3306'], options: ['--network=later', '-p3306:3306'] });
      await lab.run({ name: 'two', listen: ['tcp:27017'], options: ['-p27017:27017', '--network=later'] });
      expect(net.answers('stranger', everywhere(3306, 27017))).toEqual([]);
      expect(net.answers('host', ['tcp,127.0.0.1,3306'])).toHaveLength(1);
      const wanted = [`tcp,${stranger},7000`, 'tcp,two,27017'];
      expect(await lab.fromContainer('one', wanted)).toEqual([true, true]);
    } finally {
      await lab.engine.docker(['rm', '--force', 'one', 'two']);
      await lab.engine.docker(['network', 'rm', 'later']);
    }
  });

  it('a neighbour reaches no container by its address, nor what is published on loopback', () => {
    net.run('neighbour', ['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet']);
    const direct = [
      ...['db:5432', 'trick:443', 'inner:8080', 'inner:443', 'local:6379'].map((target) => {
        const [name, port] = target.split(':') as [string, string];
        return `tcp,${at[name]},${port}`;
      }),
      'tcp,172.17.0.1,443',
    ];
    switchOn();
    expect(net.answers('neighbour', direct)).toEqual([]);
    net.run('neighbour', [
      'sh',
      '-c',
      `ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via ${host} src ${neighbour}`,
    ]);
    const forged = net.answers('neighbour', ['tcp,127.0.0.1,6379', 'tcp,127.0.0.1,5432']);
    net.run('neighbour', ['sh', '-c', 'ip route del 127.0.0.1; ip addr add 127.0.0.1/8 dev lo']);
    expect(forged).toEqual([]);
  });

  it('an opening lets the named neighbour at the published database, by IPv4 and IPv6, and nobody else', () => {
    switchOn({ openings: [{ port: 5432, protocol: 'tcp', from: [neighbour, neighbour6] }] });
    expect(net.answers('neighbour', everywhere(5432))).toEqual(everywhere(5432));
    expect(net.answers('stranger', everywhere(5432))).toEqual([]);
  });

  it('beside a ufw that denies by default the ufw backend opens what ufw closes, and closes what it does not see', async () => {
    const ufw = new Ufw(net);
    const targets = [...everywhere(443), ...everywhere(5432)];
    try {
      ufw.on(['allow 22/tcp']);
      // IPv6 comes to Docker's proxy, a program of the host; IPv4 goes past ufw.
      expect(net.answers('neighbour', targets)).toEqual([`tcp,${host},443`, `tcp,${host},5432`]);
      const openings = [{ port: 5432, protocol: 'tcp' as const, from: [neighbour, neighbour6] }];
      const script = net.script({ publicUdp: [], openings, backend: 'ufw' });
      for (const command of ['apply', 'confirm'])
        expect(ufw.firewall(script, [command])).toMatchObject({ code: 0, stderr: '' });
      siteAnswers();
      closed();
      expect(net.answers('neighbour', targets)).toEqual(targets);
      const inside = [`tcp,${stranger},7000`, `tcp,${at['db']},5432`, 'tcp,172.17.0.1,9000'];
      expect(await lab.fromContainer('inner', inside)).toEqual([true, true, false]);
      expect(ufw.firewall(script, ['remove'])).toMatchObject({ code: 0, stderr: '' });
      expect(ufw.added()).toEqual(['ufw allow 22/tcp']);
    } finally {
      ufw.off();
      const clean = 'for t in iptables ip6tables; do $t -t mangle -F; $t -t mangle -X; done';
      net.run('host', ['sh', '-c', clean]);
    }
    expect(net.answers('neighbour', targets)).toEqual(targets);
  });

  it('a container goes out to the internet, but not to metadata nor to the host; the public site it reaches', async () => {
    const inside = [
      'tcp,172.17.0.1,22',
      'tcp,172.17.0.1,9000',
      'tcp,172.17.0.1,9100',
      `tcp,${host},22`,
      `tcp,${host},5432`,
    ];
    const targets = [
      `tcp,${stranger},7000`,
      `tcp,${host},443`,
      `tcp,${at['db']},5432`,
      `tcp,${metadata},80`,
      ...inside,
    ];
    expect(await lab.fromContainer('inner', targets)).toEqual(targets.map(() => true));
    switchOn();
    expect(await lab.fromContainer('inner', targets)).toEqual(targets.map((_, index) => index < 3));
    // With the host's network it is a process of the host.
    const outside = [`tcp,${metadata},80`, `tcp,${metadata6},80`];
    const asNobody = ['exec', '--user=65534', 'hostnet', process.execPath, '/t/probe.mjs', ...outside];
    expect((await lab.engine.docker(asNobody)).stdout).toBe('[false,false]');
  });

  it('nothing opens while the engine stops, starts and crashes; a login lives through all of it', async () => {
    const script = switchOn();
    const ssh = await net.connect('stranger', host, 22);
    const rules = net.table();
    const stops = await Promise.all([5432, 8444].map((port) => lab.hammer(`tcp,${host},${port}`)));
    await lab.engine.down();
    await lab.engine.up();
    await lab.engine.crash();
    await lab.engine.up();
    expect(await until(() => net.answers('stranger', everywhere(80, 443)).length === 4, 60)).toBe(true);
    for (const stop of stops) {
      const { answered, failed } = await stop();
      expect(answered).toBe(0);
      expect(failed).toBeGreaterThan(100);
    }
    expect(net.table()).toBe(rules);
    expect(await ssh.alive()).toBe(true);
    expect(net.firewall(script, ['plan'])).toMatchObject({ code: 0 });
    closed();
    await lab.engine.docker(['start', 'trick', 'local', 'inner', 'hostnet']);
  });

  it('150 reloads under fire: none leaks, no connection of a visitor is lost', async () => {
    const script = switchOn();
    const rules = net.firewall(script, ['print']).stdout;
    const ssh = await net.connect('stranger', host, 22);
    const [leak, site] = await Promise.all([
      lab.hammer(`tcp,${host},5432`, { pause: 3 }),
      lab.hammer(`tcp,${host},443`, { pause: 10 }),
    ]);
    const loop = 'for i in $(seq 150); do nft -f "$1" || exit; done';
    const file = `${net.folder}/rules.nft`;
    net.run('host', ['sh', '-c', `cat >'${file}'`], {}, rules);
    expect(net.run('host', ['sh', '-c', loop, '-', file], {}, '', 120_000)).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect((await leak()).answered).toBe(0);
    const visitors = await site();
    expect(visitors.failed).toBe(0);
    expect(visitors.answered).toBeGreaterThan(50);
    expect(await ssh.alive()).toBe(true);
  });

  it('at boot the rules come first: not one connection gets through while containers start', async () => {
    const script = switchOn();
    await lab.engine.down();
    net.run('host', ['nft', 'flush', 'ruleset']);
    const stop = await lab.hammer(`tcp,${host},5432`);
    // What the service unit starts, which Docker waits for.
    expect(net.firewall(script, ['boot'])).toMatchObject({ code: 0, stderr: '' });
    await lab.engine.up();
    expect(await until(() => net.answers('stranger', everywhere(80, 443)).length === 4, 60)).toBe(true);
    expect((await stop()).answered).toBe(0);
    expect(net.answers('host', ['tcp,127.0.0.1,5432'])).toHaveLength(1);
    await lab.engine.docker(['start', 'trick', 'local', 'inner', 'hostnet']);
  });

  it('unconfirmed rules vanish and leave Docker’s as they were', async () => {
    const dockers = () => net.run('host', ['iptables-save']).stdout.replace(/^#.*$|\[\d+:\d+\]/gm, '');
    const before = dockers();
    expect(before).toContain('DOCKER');
    const script = net.script({ publicUdp: [] });
    net.firewall(script, ['apply', '--timeout=8']);
    closed();
    expect(await until(() => net.table() === '', 30)).toBe(true);
    expect(dockers()).toBe(before);
    expect(net.answers('stranger', everywhere(5432))).toEqual(everywhere(5432));
  });

  it('what somebody flushed is noticed, and rollback brings it back', () => {
    const script = switchOn();
    net.run('host', ['nft', 'delete', 'table', 'inet', 'css_fw']);
    expect(net.firewall(script, ['status'])).toMatchObject({ code: 4 });
    expect(net.answers('stranger', everywhere(5432))).not.toEqual([]);
    expect(net.firewall(script, ['rollback'])).toMatchObject({ code: 0 });
    closed();
    siteAnswers();
  });

  it('selftest holds with published containers, and notices a hole', async () => {
    const script = switchOn();
    const env = lab.engine.env;
    expect(net.firewall(script, ['selftest'], env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The rules hold'),
    });
    net.run('host', ['nft', 'insert rule inet css_fw from_world tcp dport 5432 accept']);
    expect(net.firewall(script, ['selftest'], env)).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/stranger gets through to 198\.18\.\d+\.1, port 5432/),
    });
    expect(net.firewall(script, ['verify'], env).stdout).toMatch(
      /^ok .*Docker Engine \d+\..*these rules come before it/m,
    );
  });

  it('a Docker network with IPv6 of its own: published port closed, container’s address closed, metadata closed', async () => {
    await lab.engine.docker(['network', 'create', '--ipv6', '--subnet=fd00:d0c::/64', 'six']);
    net.wire(
      'ip -n @neighbour route add fd00:d0c::/64 via 2001:db8:1::1; ip -n @stranger route add fd00:d0c::/64 via 2001:db8:1::1',
    );
    try {
      await lab.run({
        name: 'six',
        listen: ['tcp:8080', 'tcp:443'],
        options: ['--network=six', '-p8085:8080'],
      });
      const { stdout } = await lab.engine.docker([
        'inspect',
        '--format',
        '{{(index .NetworkSettings.Networks "six").GlobalIPv6Address}}',
        'six',
      ]);
      const address = stdout.trim();
      const direct = [`tcp,${address},8080`, `tcp,${address},443`];
      const outside = [`tcp,${metadata6},80`, `tcp,${ADDRESS.stranger6},7000`];
      // A new IPv6 address takes a moment.
      expect(await until(() => net.answers('neighbour', direct).length === 2, 30)).toBe(true);
      expect(await lab.fromContainer('six', outside)).toEqual([true, true]);
      switchOn();
      expect(net.answers('neighbour', direct)).toEqual([]);
      expect(net.answers('stranger', everywhere(8085))).toEqual([]);
      expect(await lab.fromContainer('six', outside)).toEqual([false, true]);
    } finally {
      await lab.engine.docker(['rm', '--force', 'six'], { allowFailure: true });
      await lab.engine.docker(['network', 'rm', 'six']);
    }
  });
});
