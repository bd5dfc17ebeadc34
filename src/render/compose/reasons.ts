/**
 * Why each hardening line of the generated Compose file is there: the comment beside the line, the security report
 * and `explain` all read this table.
 */
export interface Control {
  /** Key of the Compose file. */
  key: string;
  title: string;
  /** Stands beside the line; one short clause. */
  comment: string;
  /** What goes wrong without it, in a sentence or two. */
  why: string;
  source: string;
  /** How to relax it with the least harm. */
  relax: string;
}

export const CONTROLS: readonly Control[] = [
  {
    key: 'user',
    title: 'Non-root user',
    comment: 'not root, whatever the image says',
    why: 'A process that breaks out of its container as root is root on the host. Some images start as root without this line, Redis even silently.',
    source: 'CIS Docker Benchmark 1.6, 4.1; the image’s Dockerfile for the number',
    relax: 'Set apps.<name>.user to the uid:gid the image was built for; root is refused.',
  },
  {
    key: 'read_only',
    title: 'Read-only file system',
    comment: 'a break-in cannot change the program',
    why: 'An attacker who can run code cannot replace binaries, drop tools or edit configuration.',
    source: 'CIS Docker Benchmark 1.6, 5.13',
    relax: 'List the paths the app writes under apps.<name>.writable (memory) or volumes (kept).',
  },
  {
    key: 'cap_drop',
    title: 'No capabilities',
    comment: 'none of root’s powers; the process needs none',
    why: 'Docker gives 14 of root’s capabilities by default, raw sockets and changing file owners among them.',
    source: 'CIS Docker Benchmark 1.6, 5.4',
    relax: 'Override it in docker-compose.override.yml with the one capability needed; check reports it.',
  },
  {
    key: 'security_opt',
    title: 'No new privileges',
    comment: 'setuid programs gain nothing',
    why: 'A setuid binary in the image would otherwise lead from the service’s user to root.',
    source: 'CIS Docker Benchmark 1.6, 5.26',
    relax: 'Only for images that need sudo inside; better to fix the image.',
  },
  {
    key: 'tmpfs',
    title: 'Writable paths in memory',
    comment: 'writable, in memory and bounded; nothing in it can be run',
    why: 'What the program writes for its own running is bounded in size, cannot be executed and is gone with the container.',
    source: 'CIS Docker Benchmark 1.6, 5.13; Docker mounts tmpfs noexec, nosuid, nodev',
    relax: 'Add paths under apps.<name>.writable.',
  },
  {
    key: 'mem_limit',
    title: 'Memory limit',
    comment: 'a leak kills this container, not the host',
    why: 'Without a limit one container can make the kernel kill others, the database first.',
    source: 'CIS Docker Benchmark 1.6, 5.11',
    relax: 'Raise limits.memory of the service or app.',
  },
  {
    key: 'memswap_limit',
    title: 'No swap',
    comment: 'same as mem_limit: no swap on top',
    why: 'By default a container may use as much swap again as memory, which slows the whole host.',
    source: 'Docker documentation, resource constraints',
    relax: 'Raise limits.memory.',
  },
  {
    key: 'cpus',
    title: 'CPU limit',
    comment: 'a busy loop leaves the others their share',
    why: 'A runaway or abused process would starve the rest of the host.',
    source: 'CIS Docker Benchmark 1.6, 5.12',
    relax: 'Raise limits.cpus.',
  },
  {
    key: 'pids_limit',
    title: 'Process limit',
    comment: 'stops fork bombs',
    why: 'Process numbers are shared with the host; exhausting them makes logging in impossible.',
    source: 'CIS Docker Benchmark 1.6, 5.29',
    relax: 'Raise limits.pids.',
  },
  {
    key: 'init',
    title: 'Init process',
    comment: 'reaps zombies, passes signals on',
    why: 'Programs not written to be process 1 leave zombies and ignore the stop signal.',
    source: 'Docker documentation, --init',
    relax: 'No need.',
  },
  {
    key: 'logging',
    title: 'Bounded logs',
    comment: 'rotated; unbounded logs fill the disk',
    why: 'Docker’s default log driver never deletes anything.',
    source: 'Docker documentation, json-file driver; moby/moby issue 27957',
    relax: 'Override logging in docker-compose.override.yml.',
  },
  {
    key: 'healthcheck',
    title: 'Health check',
    comment: 'what the others wait for',
    why: 'A process can be running and useless; start order and up --wait rely on this answer.',
    source: 'CIS Docker Benchmark 1.6, 5.27',
    relax: 'apps.<name>.health: probe or command.',
  },
  {
    key: 'restart',
    title: 'Restart policy',
    comment: 'back after a crash or reboot, not after a stop',
    why: 'The stack returns by itself after a power cut; a container stopped on purpose stays stopped.',
    source: 'CIS Docker Benchmark 1.6, 5.15',
    relax: 'Override restart in docker-compose.override.yml.',
  },
  {
    key: 'networks',
    title: 'Networks from the flows',
    comment: 'only with those it talks to',
    why: 'A broken-into app reaches what it needs and nothing else, or nothing at all; internal networks have no way out of the host.',
    source: 'CIS Docker Benchmark 1.6, 5.30; derived from needs and routes',
    relax: 'Add to apps.<name>.needs, or egress: true.',
  },
  {
    key: 'image',
    title: 'Fixed image',
    comment: '`pin` adds the digest, which nobody can move',
    why: 'The tag “latest” changes without notice; a digest cannot change at all.',
    source: 'CIS Docker Benchmark 1.6, 5.28',
    relax: 'Choose another tag in stack.yaml.',
  },
];

export function controlComment(key: string): string {
  const control = CONTROLS.find((one) => one.key === key);
  if (!control) throw new Error(`no control is documented for "${key}"`);
  return control.comment;
}
