import blocks from '../../../templates/firewall/blocks.sh.hbs';
import checks from '../../../templates/firewall/checks.sh.hbs';
import commands from '../../../templates/firewall/commands.sh.hbs';
import script from '../../../templates/firewall/firewall.sh.hbs';
import host from '../../../templates/firewall/host.sh.hbs';
import iptables from '../../../templates/firewall/iptables.sh.hbs';
import nftables from '../../../templates/firewall/nftables.sh.hbs';
import readme from '../../../templates/firewall/README.md.hbs';
import selftest from '../../../templates/firewall/selftest.sh.hbs';
import service from '../../../templates/firewall/service.sh.hbs';
import state from '../../../templates/firewall/state.sh.hbs';
import ufw from '../../../templates/firewall/ufw.sh.hbs';
import ufwRules from '../../../templates/firewall/ufw-rules.sh.hbs';
import verify from '../../../templates/firewall/verify.sh.hbs';
import { UserError } from '../../errors.ts';
import type { GeneratedFile } from '../../fileset.ts';
import type { FirewallBackend, FirewallPolicy } from '../../stack/model.ts';
import { render } from '../template.ts';
import { BACKEND_LIMITS } from './limits.ts';
import { type CheckedPolicy, checkPolicy } from './policy.ts';

/** Takes the rules and what is blocked out of force without the script. */
const EMERGENCY = {
  nftables: 'sudo nft delete table inet css_fw; sudo nft delete table inet css_fw_block',
  iptables: ['iptables', 'ip6tables']
    .flatMap((family) =>
      [
        'mangle -D PREROUTING -j CSS_PRE',
        'raw -D PREROUTING -j CSS_BLOCK_IN',
        'raw -D OUTPUT -j CSS_BLOCK_OUT',
      ].map((rule) => `sudo ${family} -t ${rule}`),
    )
    .join('; '),
} as const;

/**
 * The host firewall: a bash script that holds the policy's values and composes, loads, confirms and rolls back one
 * nftables table (or, as a second choice, iptables chains at the same place), and a page that explains it.
 *
 * The table hooks at prerouting, priority mangle: before every DNAT, so that a published container port is judged by
 * the port the stranger dialled, whatever chains the Docker version at hand uses.
 * @throws {UserError} when a value of the policy, or the stack's name, is ill-formed
 */
export function renderFirewall(policy: FirewallPolicy, meta: { stackName: string }): GeneratedFile[] {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(meta.stackName))
    throw new UserError({
      path: 'name',
      message: `${JSON.stringify(meta.stackName)} is not a stack's name`,
      hint: 'lower-case letters, digits, - and _, at most 63',
    });
  const checked = checkPolicy(policy);
  return [
    {
      path: 'firewall/firewall.sh',
      content: renderScript(checked, meta.stackName),
      mode: 0o755,
      class: 'generated',
    },
    {
      path: 'firewall/README.md',
      content: render(readme, {
        stackName: meta.stackName,
        rows: openPorts(checked),
        packages: packagesOf(checked.backend),
        emergency: checked.backend === 'nftables' ? EMERGENCY.nftables : EMERGENCY.iptables,
        ufw: checked.backend === 'ufw',
        limits: BACKEND_LIMITS[checked.backend],
      }),
      mode: 0o644,
      class: 'generated',
    },
  ];
}

function renderScript(policy: CheckedPolicy, stackName: string): string {
  const part = (spec: typeof script) => render(spec, {}).trimEnd();
  return render(script, {
    ...policy,
    stackName,
    // Inside a comment no quoting applies; the name was checked above.
    stackComment: stackName,
    openings: policy.openings.map(({ protocol, port, from }) => `${protocol} ${port} ${from}`),
    metadataDns: policy.metadataDns ? 'yes' : 'no',
    blockPrivateEgress: policy.blockPrivateEgress ? 'yes' : 'no',
    packages: packagesOf(policy.backend),
    parts: [
      checks,
      host,
      policy.backend === 'nftables' ? nftables : iptables,
      ufw,
      ...(policy.backend === 'ufw' ? [ufwRules] : []),
      state,
      commands,
      service,
      blocks,
      verify,
      selftest,
    ].map(part),
  });
}

function packagesOf(backend: FirewallBackend): string {
  return backend === 'ufw' ? 'iptables' : backend;
}

function openPorts(policy: CheckedPolicy): { what: string; who: string }[] {
  const ssh =
    policy.sshFrom.length > 0 ? policy.sshFrom.join(', ') : 'everybody, at most 10 new logins a minute each';
  return [
    ...policy.publicTcp.map((port) => ({ what: `${port}/tcp`, who: 'everybody' })),
    ...policy.publicUdp.map((port) => ({ what: `${port}/udp`, who: 'everybody' })),
    ...policy.sshPorts.map((port) => ({ what: `${port}/tcp`, who: `SSH: ${ssh}` })),
    ...policy.openings.map(({ protocol, port, from }) => ({ what: `${port}/${protocol}`, who: from })),
    ...policy.trustedInterfaces.map((name) => ({ what: name, who: 'everybody behind this interface' })),
  ];
}
