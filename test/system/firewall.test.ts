import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESS, Lab, missingForLab, type Place } from './firewall/lab.ts';

const { host, host6, container, container6 } = ADDRESS;

/** `tcp:22` on the host over IPv4 and IPv6. */
const onHost = (...ports: string[]) =>
  ports.flatMap((port) => [host, host6].map((address) => port.replace(':', `,${address},`)));

describe.skipIf(missingForLab().length > 0)('the rules, by traffic', () => {
  const lab = new Lab();
  beforeAll(() => lab.start());
  afterAll(() => lab.stop());
  afterEach(() => lab.reset());

  const wanted = onHost('tcp:22', 'tcp:80', 'tcp:443', 'udp:443');
  const unwanted = [...onHost('tcp:9000', 'udp:9001', 'tcp:5432', 'udp:5353'), `tcp,${host},8443`];
  // 443 is a public port: of the host, not of whatever container listens there.
  const pastTheHost = [container, container6].flatMap((a) => [`tcp,${a},8080`, `tcp,${a},443`]);
  const apply = (policy: Parameters<Lab['script']>[0] = {}) => {
    const script = lab.script(policy);
    expect(lab.firewall(script, ['apply'])).toMatchObject({ code: 0, stderr: '' });
    return script;
  };

  it('without them everything is open (the probes can tell)', () => {
    expect(lab.answers('stranger', [...wanted, ...unwanted])).toEqual([...wanted, ...unwanted]);
    expect(lab.answers('neighbour', pastTheHost)).toEqual(pastTheHost);
  });

  it('only the allowed ports answer a stranger, over IPv4 and IPv6, published by a container or not', () => {
    apply();
    expect(lab.answers('stranger', [...wanted, ...unwanted])).toEqual(wanted);
  });

  it('a neighbour on the wire does not reach containers by their own addresses', () => {
    apply();
    expect(lab.answers('neighbour', pastTheHost)).toEqual([]);
  });

  it('an opening lets in the sources it names and nobody else', () => {
    apply({
      openings: [
        { port: 5432, protocol: 'tcp', from: [ADDRESS.neighbour, `${ADDRESS.neighbour6}/128`] },
        { port: 5353, protocol: 'udp', from: [`${ADDRESS.neighbour}/32`] },
      ],
    });
    const targets = onHost('tcp:5432', 'udp:5353');
    expect(lab.answers('neighbour', targets)).toEqual([...onHost('tcp:5432'), `udp,${host},5353`]);
    expect(lab.answers('stranger', targets)).toEqual([]);
  });

  it('SSH is for the ranges of the list alone', () => {
    apply({ sshFrom: ['198.51.100.3/32', '2001:db8:1::3'] });
    expect(lab.answers('neighbour', onHost('tcp:22'))).toEqual(onHost('tcp:22'));
    expect(lab.answers('stranger', onHost('tcp:22'))).toEqual([]);
  });

  it('SSH without a list is limited by source (IPv6: by /64): who hammers is shut out, others are not', () => {
    apply();
    for (const address of [host, host6]) {
      const answered = lab.probe('stranger', Array<string>(16).fill(`tcp,${address},22`)).filter(Boolean);
      expect(answered.length).toBeGreaterThanOrEqual(8);
      expect(answered.length).toBeLessThanOrEqual(12);
    }
    // The neighbour has an IPv4 address of its own, but shares the stranger's /64. One login more is allowed every six
    // seconds, so that on a slow machine one or two may have come in.
    expect(lab.answers('neighbour', [`tcp,${host},22`])).toHaveLength(1);
    const shared = lab.probe('neighbour', Array<string>(16).fill(`tcp,${host6},22`)).filter(Boolean);
    expect(shared.length).toBeLessThanOrEqual(3);
  });

  it('pings, address leases and errors come through', () => {
    const ping = (from: Place, address: string) => lab.run(from, ['ping', '-c1', '-W1', address]).code === 0;
    apply();
    for (const address of [host, host6]) expect(ping('stranger', address), address).toBe(true);
    for (const address of [ADDRESS.gateway, ADDRESS.gateway6, ADDRESS.stranger, ADDRESS.stranger6])
      expect(ping('container', address), address).toBe(true);
    const leases = [`udp,${host},68,67`, `udp,${ADDRESS.hostLink},546,547`];
    expect(lab.answers('stranger', leases)).toEqual(leases);
    expect(lab.answers('stranger', [`udp,${host},68`, `udp,${ADDRESS.hostLink},546`])).toEqual([]);
  });

  it('IPv6 neighbours find each other again after both have forgotten', () => {
    apply();
    for (const place of ['host', 'stranger', 'container'] as const)
      lab.run(place, ['ip', '-6', 'neigh', 'flush', 'all']);
    expect(lab.answers('stranger', [`tcp,${host6},443`])).toHaveLength(1);
    expect(lab.answers('container', [`tcp,${ADDRESS.stranger6},7000`])).toHaveLength(1);
  });

  it('a packet off the wire for 127.0.0.1 gets nowhere, even where the kernel would let it', () => {
    const shell = (place: Place, script: string) =>
      expect(lab.run(place, ['sh', '-euc', script]).stderr).toBe('');
    const localnet = 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet';
    shell('host', localnet);
    shell(
      'neighbour',
      `${localnet}; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via ${host} src ${ADDRESS.neighbour}`,
    );
    const forged = ['tcp,127.0.0.1,443', 'tcp,127.0.0.1,9000'];
    expect(lab.answers('neighbour', forged)).toEqual(forged);
    const script = apply();
    expect(lab.answers('neighbour', forged)).toEqual([]);
    expect(lab.firewall(script, ['status']).stdout).toMatch(/^spoof_drop +[1-9]/m);
    shell('neighbour', 'ip route del 127.0.0.1; ip addr add 127.0.0.1/8 dev lo');
  });

  it('a container reaches the internet and the public site, but no metadata and no service of the host', () => {
    const outside = [`tcp,${ADDRESS.stranger},7000`, `tcp,${ADDRESS.stranger6},7000`];
    const site = [`tcp,${ADDRESS.gateway},443`, `tcp,${host},443`, `tcp,${host6},443`];
    // Resolvers of some clouds have metadata addresses.
    const resolver = [`udp,${ADDRESS.metadata},53`];
    const forbidden = [
      `tcp,${ADDRESS.metadata},80`,
      `tcp,${ADDRESS.metadata6},80`,
      ...[ADDRESS.gateway, ADDRESS.gateway6, host, host6].flatMap((a) => [`tcp,${a},22`, `tcp,${a},9000`]),
    ];
    const all = [...outside, ...site, ...resolver, ...forbidden];
    expect(lab.answers('container', all)).toEqual(all);
    apply();
    expect(lab.answers('container', all)).toEqual([...outside, ...site, ...resolver]);
  });

  it('processes of the host that are not root get no metadata either', () => {
    const ask = (user: number) =>
      [ADDRESS.metadata, ADDRESS.metadata6].map((address) => {
        const connect = `timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/80'`;
        return (
          lab.run('host', ['setpriv', `--reuid=${user}`, '--clear-groups', 'sh', '-c', connect]).code === 0
        );
      });
    expect(ask(65534)).toEqual([true, true]);
    apply();
    expect(ask(65534)).toEqual([false, false]);
    expect(ask(0)).toEqual([true, true]);
  });

  it('a trusted interface is not filtered', () => {
    lab.run('host', ['sh', '-c', 'ip route del default; ip -6 route del default']);
    apply({ trustedInterfaces: ['eth0'] });
    const answers = lab.answers('stranger', unwanted);
    lab.run('host', [
      'sh',
      '-c',
      `ip route add default via ${ADDRESS.stranger}; ip route add default via ${ADDRESS.stranger6}`,
    ]);
    expect(answers).toEqual(unwanted);
  });

  it('a live SSH session survives loading and going back; one to a port that closes is cut', async () => {
    const ssh = await lab.connect('stranger', host, 22);
    const ssh6 = await lab.connect('stranger', host6, 22);
    const database = await lab.connect('stranger', host, 5432);
    expect([await ssh.alive(), await ssh6.alive(), await database.alive()]).toEqual([true, true, true]);
    const script = apply();
    expect([await ssh.alive(), await ssh6.alive(), await database.alive()]).toEqual([true, true, false]);
    apply();
    expect(lab.firewall(script, ['rollback']).code).toBe(0);
    expect([await ssh.alive(), await ssh6.alive()]).toEqual([true, true]);
  });

  it('rules of other programs stay as they are', () => {
    const others = () => lab.run('host', ['nft', '-s', 'list', 'table', 'inet', 'docker_like']).stdout;
    const before = others();
    expect(before).toContain('dnat');
    const script = apply();
    expect(others()).toBe(before);
    lab.firewall(script, ['remove']);
    expect(others()).toBe(before);
    expect(lab.table()).toBe('');
  });
});
