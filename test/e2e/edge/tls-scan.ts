import { docker } from '../docker.ts';
import { ensureImage } from '../images.ts';
import { tlsTools } from './lab.ts';

/** What sslscan finds open on a port of this machine, for clients that name `host`. */
export async function scanTls(
  host: string,
  port: number,
): Promise<{ protocols: string[]; suites: string[] }> {
  await ensureImage({ tag: tlsTools, context: 'tls-tools' });
  const scan = ['sslscan', '--no-colour', `--sni-name=${host}`, '--xml=-', `127.0.0.1:${port}`];
  const { stdout } = await docker(['run', '--rm', '--network=host', tlsTools, ...scan]);
  const enabled = [...stdout.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)];
  const suites = [...stdout.matchAll(/<cipher [^>]*sslversion="TLSv1\.2"[^>]*cipher="([\w-]+)"/g)];
  return {
    protocols: enabled.map(([, type, version]) => `${type} ${version}`.replace('tls ', 'TLSv')),
    suites: suites.map(([, name]) => name!).sort(),
  };
}
