import type { Lab } from '../../system/firewall/lab.ts';
import { Ufw } from '../../system/firewall/ufw.ts';

/** A way to protect the host that people are advised to use. */
export interface Advice {
  name: string;
  on(lab: Lab): void;
  off(lab: Lab): void;
}

const ufwRules = [
  'default deny incoming',
  ...[80, 443, 22].map((port) => `allow ${port}/tcp`),
  ...[5432, 6379, 9000].map((port) => `deny ${port}/tcp`),
];

let ufw: Ufw;

function ufwOn(lab: Lab, rules: readonly string[], after?: string): void {
  ufw = new Ufw(lab);
  ufw.on(rules, after);
}

function ufwOff(lab: Lab): void {
  ufw.off();
  const flush =
    'for t in iptables ip6tables; do $t -F DOCKER-USER && $t -A DOCKER-USER -j RETURN || true; done';
  lab.run('host', ['sh', '-c', flush], {}, '', 60_000);
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
    on: (lab) => ufwOn(lab, ufwRules),
    off: ufwOff,
  },
  {
    name: 'ufw-docker style',
    on: (lab) => {
      const routes = [8080, 8443].map((port) => `route allow proto tcp from any to any port ${port}`);
      ufwOn(lab, [...ufwRules, ...routes], afterRules);
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
