import { resolve } from 'node:path';
import { ComposeProject } from '../engine/project.ts';
import { EXIT, UserError } from '../errors.ts';
import { CERTIFICATES, readOptional } from '../project/inputs.ts';
import type { EnvFile } from '../secrets/env-parse.ts';
import { buildStack } from '../stack/build.ts';
import { readSpec, type StackDocument } from '../stack/load.ts';
import type { Stack } from '../stack/model.ts';
import { planSecretFiles } from '../workspace/index.ts';
import { type Ages, agesPath, parseAges } from './ages.ts';
import { rotationFiles } from './files.ts';
import type { CertificateFiles } from './journal.ts';
import { readEnv } from './stack-effects.ts';

/** A stack's folder, as a rotation finds it. */
export interface StackFolder {
  /** Absolute. */
  root: string;
  stack: Stack;
  env: EnvFile;
  ages: Ages | undefined;
  project: ComposeProject;
}

/** @throws {UserError} for answers or files that cannot be read */
export function openFolder(folder: string, source: StackDocument): StackFolder {
  const root = resolve(folder);
  const stack = buildStack(readSpec(source));
  const path = agesPath(stack.secretStore);
  const ages = readOptional(resolve(root, path));
  return {
    root,
    stack,
    env: readEnv(root, stack),
    ages: ages === undefined ? undefined : parseAges(ages, path),
    project: new ComposeProject({ root, name: stack.name, envFile: stack.secretStore.envFile }),
  };
}

/**
 * A rotation starts from files that say the same as stack.yaml: it would otherwise carry changes along that nobody asked
 * for, or hand out values that a container does not have.
 * @throws {UserError} exit 3
 */
export function refuseDrift({ root, stack, env }: StackFolder): void {
  const names = env.values.names();
  const unknown = stack.secrets.filter(({ id }) => !names.includes(id));
  const state = { side: 'before', overlap: false } as const;
  const isCurrent =
    unknown.length === 0 && !planSecretFiles(root, rotationFiles(stack, env, { changes: [] }, state)).changes;
  if (isCurrent) return;
  throw new UserError(
    {
      message: `${stack.secretStore.envFile} and the secret files are not what stack.yaml and each other say`,
      hint: 'run create-secure-stack on the folder and docker compose up -d --wait first',
    },
    EXIT.refused,
  );
}

/** The development certificate as it is; undefined where there is none. */
export function certificateFiles({ root, stack }: StackFolder): CertificateFiles | undefined {
  if (stack.edge.tls.mode !== 'dev-ca') return undefined;
  const entries = [CERTIFICATES.leaf, CERTIFICATES.leafKey].map(
    (path) => [path, readOptional(resolve(root, path))] as const,
  );
  return entries.every(([, text]) => text !== undefined)
    ? (Object.fromEntries(entries) as CertificateFiles)
    : undefined;
}

/** A new development certificate of the present CA. @throws {UserError} when the CA's key is gone */
export async function newCertificate({ root, stack }: StackFolder, now: Date): Promise<CertificateFiles> {
  const certificatePem = readOptional(resolve(root, CERTIFICATES.authority));
  const keyPem = readOptional(resolve(root, CERTIFICATES.authorityKey));
  if (certificatePem === undefined || keyPem === undefined)
    throw new UserError(
      {
        file: CERTIFICATES.authorityKey,
        message: 'is missing',
        hint: 'run create-secure-stack on the folder',
      },
      EXIT.refused,
    );
  const { issueLeaf } = await import('../certs/leaf.ts');
  const leaf = await issueLeaf({ authority: { certificatePem, keyPem }, names: stack.domains, now });
  return { [CERTIFICATES.leaf]: leaf.certificatePem, [CERTIFICATES.leafKey]: leaf.keyPem };
}
