import { isFields, listOf, textOf } from './compose-document.ts';
import type { ServiceRule, ServiceView } from './compose-service.ts';

interface Port {
  address: string;
  host: string;
  container: string;
  protocol: string;
}

/** Ports that engines of data listen on; nobody means to offer one of them to the world. */
const DATABASE_PORTS = new Set(
  '1433 1521 3306 5432 5984 6379 7687 8086 9042 9200 11211 27017 33060 50000'.split(' '),
);
const DATABASE_IMAGES =
  /(^|\/)(postgres|postgis|pgvector|timescaledb|mysql|mariadb|mongo|redis|valkey|memcached|cassandra|elasticsearch|opensearch)(:|@|$)/;

/** Only the edge and what the answers expose may publish a port: anything else passes by TLS, limits and the log. */
export const portRule: ServiceRule = (service) => {
  if (service.workload?.kind === 'edge' || service.tag('ports') === 'reset') return [];
  const answered = new Set(
    service.workload?.published.map(({ address, host, container, protocol }) =>
      keyOf({ address, host: `${host}`, container: `${container}`, protocol }),
    ),
  );
  return listOf(service.fields['ports']).flatMap((entry, index) => {
    const port = readPort(entry);
    if (answered.has(keyOf(port))) return [];
    const isDatabase = isDatabaseService(service) || DATABASE_PORTS.has(port.container);
    const isLocal = /^(127\.|::1$|localhost$)/.test(port.address);
    const where = port.host === '' ? 'a port' : `port ${port.host}`;
    return [
      service.finding(
        isDatabase ? 'compose.database-port' : 'compose.published-port',
        isLocal ? 'warning' : 'error',
        ['ports', index],
        `publishes ${where} of the host${isLocal ? ' (loopback only)' : ''}${isDatabase ? ', which leads to a database' : ''}; it passes by the edge`,
        isDatabase
          ? 'reach it with "docker compose exec" instead'
          : 'give the app a route, or state it as apps.<name>.expose in stack.yaml, which opens the firewall for its allow-list',
      ),
    ];
  });
};

function isDatabaseService({ name, workload, fields }: ServiceView): boolean {
  return (
    (workload?.kind === 'service' && /^(postgres|redis|valkey)$/.test(name)) ||
    DATABASE_IMAGES.test(textOf(fields['image']))
  );
}

function keyOf({ address, host, container, protocol }: Port): string {
  return [address, host, container, protocol].join(' ');
}

/** Short form `[address:][host:]container[/protocol]`, or the long one. */
function readPort(entry: unknown): Port {
  if (isFields(entry)) {
    return {
      address: textOf(entry['host_ip']),
      host: textOf(entry['published']),
      container: textOf(entry['target']),
      protocol: textOf(entry['protocol']) || 'tcp',
    };
  }
  const [numbers = '', protocol = 'tcp'] = textOf(entry).split('/');
  const [outside, container] = splitLast(numbers);
  const [address, host] = outside.endsWith(']') ? [outside, ''] : splitLast(outside);
  return { address: address.replace(/^\[|\]$/g, ''), host, container, protocol };
}

function splitLast(text: string): [string, string] {
  const colon = text.lastIndexOf(':');
  return [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
}
