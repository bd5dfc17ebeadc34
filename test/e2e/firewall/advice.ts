import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../system/firewall/lab.ts';

/** A way to protect the host that people are advised to use. */
export interface Advice {
  name: string;
  on(lab: Lab): void;
  off(lab: Lab): void;
}

/** Runs a shell script on the lab's host with a copy of ufw's settings in place of the machine's. */
function withUfw(lab: Lab, script: string): void {
  const copy = join(lab.folder, 'ufw');
  const run = `mount --bind '${copy}/etc' /etc/ufw; mount --bind '${copy}/default' /etc/default/ufw; ${script}`;
  const { code, stderr } = lab.run('host', ['unshare', '--mount', 'sh', '-euc', run], {}, '', 60_000);
  if (code !== 0) throw new Error(`ufw: ${stderr}`);
}

function freshUfw(lab: Lab): void {
  const copy = join(lab.folder, 'ufw');
  mkdirSync(copy, { recursive: true });
  cpSync('/etc/ufw', join(copy, 'etc'), { recursive: true });
  cpSync('/etc/default/ufw', join(copy, 'default'));
}

const ufwRules =
  'for p in 80 443 22; do ufw allow $p/tcp; done; for p in 5432 6379 9000; do ufw deny $p/tcp; done';

/** What ufw leaves behind when it is switched off: its chains, in either family. */
function ufwOff(lab: Lab): void {
  withUfw(lab, 'ufw --force disable');
  const clean = `
for t in iptables ip6tables; do
  $t -P INPUT ACCEPT; $t -P OUTPUT ACCEPT
  $t -F DOCKER-USER 2>/dev/null && $t -A DOCKER-USER -j RETURN || true
  $t-save -t filter | grep -v -e ufw | $t-restore
done`;
  lab.run('host', ['sh', '-c', clean], {}, '', 60_000);
}

// The rules that ufw-docker's page has people put at the end of /etc/ufw/after.rules, in short: everything from outside
// that is new and goes to a private address is dropped in DOCKER-USER, save what "ufw route" allows.
const afterRules = `
*filter
:ufw-user-forward - [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A DOCKER-USER -j ufw-user-forward
-A DOCKER-USER -i docker0 -j RETURN
-A DOCKER-USER -s 10.0.0.0/8 -j RETURN
-A DOCKER-USER -s 172.16.0.0/12 -j RETURN
-A DOCKER-USER -s 192.168.0.0/16 -j RETURN
-A DOCKER-USER -p udp -m udp --sport 53 --dport 1024:65535 -j RETURN
-A DOCKER-USER -p tcp -m conntrack --ctstate NEW -d 172.16.0.0/12 -j DROP
-A DOCKER-USER -p tcp -m conntrack --ctstate NEW -d 10.0.0.0/8 -j DROP
-A DOCKER-USER -p tcp -m conntrack --ctstate NEW -d 192.168.0.0/16 -j DROP
-A DOCKER-USER -p udp -m conntrack --ctstate NEW -d 172.16.0.0/12 -j DROP
-A DOCKER-USER -p udp -m conntrack --ctstate NEW -d 10.0.0.0/8 -j DROP
-A DOCKER-USER -p udp -m conntrack --ctstate NEW -d 192.168.0.0/16 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`;

const dockerUser = `
iptables -F DOCKER-USER
iptables -A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
iptables -A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 80 -j RETURN
iptables -A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 443 -j RETURN
iptables -A DOCKER-USER -i eth0 -j DROP
iptables -A DOCKER-USER -j RETURN`;

const shell = (lab: Lab, script: string) => {
  const { code, stderr } = lab.run('host', ['sh', '-euc', script], {}, '', 60_000);
  if (code !== 0) throw new Error(stderr);
};

let ours = '';

/** The columns of the comparison, in its order. */
export const advices: readonly Advice[] = [
  { name: 'none', on: () => undefined, off: () => undefined },
  {
    name: 'ufw',
    on: (lab) => {
      freshUfw(lab);
      withUfw(lab, `ufw default deny incoming; ${ufwRules}; ufw --force enable`);
    },
    off: ufwOff,
  },
  {
    name: 'ufw-docker style',
    on: (lab) => {
      freshUfw(lab);
      const route =
        'ufw route allow proto tcp from any to any port 8080; ufw route allow proto tcp from any to any port 8443';
      withUfw(
        lab,
        `cat >>/etc/ufw/after.rules <<'R'\n${afterRules}R\nufw default deny incoming; ${ufwRules}; ${route}; ufw --force enable`,
      );
    },
    off: ufwOff,
  },
  {
    name: 'DOCKER-USER',
    on: (lab) => shell(lab, dockerUser),
    off: (lab) => shell(lab, 'iptables -F DOCKER-USER; iptables -A DOCKER-USER -j RETURN'),
  },
  {
    name: 'firewall.sh',
    on: (lab) => {
      ours = lab.script({ publicUdp: [] });
      const { code, stderr } = lab.firewall(ours, ['apply']);
      if (code !== 0) throw new Error(stderr);
    },
    off: (lab) => {
      lab.firewall(ours, ['remove']);
    },
  },
];
