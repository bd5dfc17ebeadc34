import type { CertificatePair } from '../certs/pem.ts';
import { CERTIFICATES, certificateFile, liveFiles, NEXT_AUTHORITY } from '../certs/places.ts';
import { checkCertificateFiles } from '../certs/user-files.ts';
import { UserError } from '../errors.ts';
import type { FileTree, GeneratedFile } from '../fileset.ts';
import { renderFiles } from '../render/stack.ts';
import { agesFile, updateAges } from '../rotation/ages.ts';
import type { RandomSource } from '../secrets/kinds.ts';
import { recoverEnv } from '../secrets/recover.ts';
import { renderSecretFiles } from '../secrets/secret-files.ts';
import { resolveSecrets, type SecretState } from '../secrets/store.ts';
import type { Stack } from '../stack/model.ts';
import { type CertificateInputs, type Inputs, LOCK_FILE } from './inputs.ts';

export interface AssembleOptions {
  inputs: Inputs;
  /** Values of external secrets the user has just given, by variable of `.env`. */
  supplied: Readonly<Record<string, string>>;
  now: Date;
  random: RandomSource;
}

export interface Assembled {
  tree: FileTree;
  secrets: SecretState;
  /** What happened to certificates, and what to know, one line each. */
  notes: readonly string[];
}

/**
 * The whole tree of a stack, secrets and certificates included. No I/O: what is on disk comes in as `inputs`, time and
 * randomness as arguments (keys of certificates excepted, which the platform's crypto makes).
 * @throws {UserError} for secrets or certificate files that cannot be used
 */
export async function assemble(
  stack: Stack,
  { inputs, supplied, now, random }: AssembleOptions,
): Promise<Assembled> {
  const { envFile, directory } = inputs.movedFrom ?? stack.secretStore;
  const { env, recovered } = recoverEnv({
    secrets: stack.secrets,
    secretFiles: stack.secretFiles,
    env: inputs.env,
    envFile,
    directory,
    files: inputs.secretFiles,
    known: inputs.known,
    hadSecrets: inputs.hadSecrets === 'here',
    supplied,
  });
  const secrets = resolveSecrets({
    secrets: stack.secrets,
    secretFiles: stack.secretFiles,
    existing: env,
    existingFiles: inputs.secretFiles,
    supplied,
    random,
  });
  const plain = renderFiles(stack, { digests: inputs.digests });
  const secretTree = renderSecretFiles(secrets, stack);
  const ages = updateAges(inputs.ages, { secrets: stack.secrets, values: secrets.values, now, random });
  const certificates = await certificateFiles(stack, inputs, now);
  return {
    tree: {
      files: [
        ...plain.files,
        ...lockFile(inputs.digests),
        ...secretTree.files,
        // A stack without secrets has nothing to tell the age of.
        ...(stack.secrets.length > 0 ? [agesFile(ages, stack.secretStore)] : []),
        ...certificates.files,
      ],
      directories: [...plain.directories, ...secretTree.directories],
    },
    secrets,
    notes: [...placeNotes(inputs, recovered, stack), ...certificates.notes],
  };
}

/** What happened to the secrets as a whole. */
function placeNotes(
  { env, movedFrom, hadSecrets }: Inputs,
  recovered: readonly string[],
  { secretStore: { envFile } }: Stack,
): string[] {
  return [
    ...(recovered.length > 0
      ? [
          `${movedFrom?.envFile ?? envFile} ${env === undefined ? 'was missing' : 'had lost variables'}; from the secret files: ${recovered.join(', ')}`,
        ]
      : []),
    ...(movedFrom === undefined
      ? []
      : [
          `the secrets moved along, to ${envFile}; ${movedFrom.envFile} and ${movedFrom.directory}/ stay until you remove them`,
        ]),
    ...(hadSecrets === 'elsewhere'
      ? [
          `${envFile} is not on this machine, so new secrets were made; data that was made with the old ones needs those`,
        ]
      : []),
  ];
}

/** The resolved digests, kept so that every machine renders the same and no network is needed for it. */
function lockFile(digests: Readonly<Record<string, string>>): GeneratedFile[] {
  if (Object.keys(digests).length === 0) return [];
  const sorted = Object.fromEntries(Object.entries(digests).sort(([a], [b]) => (a < b ? -1 : 1)));
  return [
    { path: LOCK_FILE, content: `${JSON.stringify(sorted, null, 2)}\n`, mode: 0o644, class: 'generated' },
  ];
}

async function certificateFiles(
  stack: Stack,
  { certificates }: Inputs,
  now: Date,
): Promise<{ files: GeneratedFile[]; notes: string[] }> {
  switch (certificates.mode) {
    case 'acme': {
      const { leaf, leafKey } = certificates;
      // Whatever lies there is the client's, or will be replaced by it.
      if (leaf !== undefined && leafKey !== undefined)
        return { files: liveFiles({ certificatePem: leaf, keyPem: leafKey }), notes: [] };
      const { createPlaceholder } = await import('../certs/placeholder.ts');
      return {
        files: liveFiles(await createPlaceholder({ stackName: stack.name, names: stack.domains, now })),
        notes: ['a placeholder certificate until the ACME client has got one'],
      };
    }
    case 'files': {
      const { problems, warnings } = checkCertificateFiles({
        certificatePem: certificates.certificate,
        keyPem: certificates.key,
        certificateFile: certificates.certificateFile,
        keyFile: certificates.keyFile,
        names: stack.domains,
        now,
      });
      if (problems.length > 0) throw new UserError(problems);
      return {
        files: liveFiles({ certificatePem: certificates.certificate, keyPem: certificates.key }),
        notes: warnings.map(({ message }) => `${certificates.certificateFile}: ${message}`),
      };
    }
    case 'dev-ca': {
      const { planDevelopmentCertificates } = await import('../certs/development.ts');
      const { authority, leaf, changes } = await planDevelopmentCertificates({
        stackName: stack.name,
        names: stack.domains,
        existing: {
          authorityCertificatePem: certificates.authority,
          authorityKeyPem: certificates.authorityKey,
          nextAuthority: pairOf(certificates.next, certificates.nextKey),
          certificatePem: certificates.leaf,
          keyPem: certificates.leafKey,
        },
        now,
      });
      return {
        files: [
          certificateFile(CERTIFICATES.authority, authority.certificatePem),
          certificateFile(CERTIFICATES.authorityKey, authority.keyPem),
          ...liveFiles(leaf),
          ...nextAuthority(certificates),
        ],
        notes: changes,
      };
    }
  }
}

/** A CA that is about to follow the present one stays through every re-run. */
function nextAuthority({ next, nextKey }: Extract<CertificateInputs, { mode: 'dev-ca' }>): GeneratedFile[] {
  const pair = pairOf(next, nextKey);
  if (!pair) return [];
  return [
    certificateFile(NEXT_AUTHORITY.certificate, pair.certificatePem),
    certificateFile(NEXT_AUTHORITY.key, pair.keyPem),
  ];
}

function pairOf(certificatePem: string | undefined, keyPem: string | undefined): CertificatePair | undefined {
  return certificatePem !== undefined && keyPem !== undefined ? { certificatePem, keyPem } : undefined;
}
