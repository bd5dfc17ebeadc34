import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '../errors.ts';

const run = promisify(execFile);

/** Runs `docker` with the given arguments; never with a secret among them. */
async function docker(args: readonly string[], timeoutSeconds: number): Promise<string> {
  const { stdout } = await run('docker', [...args], {
    timeout: timeoutSeconds * 1000,
    maxBuffer: 16 * 1024 * 1024,
    encoding: 'utf8',
  });
  return stdout;
}

/**
 * The digest a registry has for an image's tag: `sha256:…` of the manifest, or of the list when there are several
 * platforms, so that the pin holds on all of them.
 * @param image `name:tag`
 * @throws {UserError} when docker is missing or no registry answers for the image
 */
export async function imageDigest(image: string): Promise<string> {
  const fromRegistry = await attempt(() =>
    docker(['buildx', 'imagetools', 'inspect', '--format', '{{json .Manifest}}', image], 60),
  );
  const digest = fromRegistry.text === undefined ? undefined : digestIn(fromRegistry.text);
  if (digest !== undefined) return digest;
  // Without buildx: pull it, then ask the engine what the registry called it.
  const pulled = await attempt(() => docker(['pull', '--quiet', image], 600));
  if (pulled.text === undefined) {
    throw new UserError(
      {
        message: `${image}: ${pulled.reason}`,
        hint: 'pin needs Docker and a way to the registry; without it the tags stay as they are',
      },
      1,
    );
  }
  const repoDigests = await docker(['image', 'inspect', '--format', '{{json .RepoDigests}}', image], 30);
  const found = /@(sha256:[0-9a-f]{64})/.exec(repoDigests)?.[1];
  if (found === undefined) throw new UserError({ message: `${image}: the registry gave no digest` }, 1);
  return found;
}

function digestIn(json: string): string | undefined {
  try {
    const { digest } = JSON.parse(json) as { digest?: string };
    return digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined;
  } catch {
    return undefined;
  }
}

async function attempt(action: () => Promise<string>): Promise<{ text?: string; reason: string }> {
  try {
    return { text: await action(), reason: '' };
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT')
      throw new UserError(
        { message: 'the program "docker" is not installed', hint: 'pin asks Docker for the digests' },
        1,
      );
    return {
      reason:
        (stderr ?? '')
          .trim()
          .split('\n')
          .at(-1)
          ?.replace(/^Error[^:]*: /, '') || 'docker failed',
    };
  }
}
