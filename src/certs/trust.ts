import { shellWord } from '../render/quote/shell.ts';

/** How to make one system or program trust the development authority, and how to take that back. */
export interface TrustInstruction {
  platform: string;
  /** Lines for the platform's shell: POSIX, on Windows PowerShell. */
  commands: string[];
  undo: string[];
  note?: string;
}

/**
 * Instructions to run, by the user or, when told to, by `cert trust`.
 * @param caFile path of the authority's certificate as it should stand in the commands
 * @param stackName names the entry in the trust stores
 * @param id tells two authorities of one stack apart there, e.g. the first digits of a fingerprint
 */
export function trustInstructions({
  caFile,
  stackName,
  id,
}: {
  caFile: string;
  stackName: string;
  id?: string;
}): TrustInstruction[] {
  // A path that begins with a dash would be taken for an option.
  const path = caFile.startsWith('-') ? `./${caFile}` : caFile;
  const ca = shellWord(path);
  const slug = [...stackName.split(/[^A-Za-z0-9]+/), 'development-ca', id].filter(Boolean).join('-');
  const debian = `/usr/local/share/ca-certificates/${slug}.crt`;
  const fedora = `/etc/pki/ca-trust/source/anchors/${slug}.pem`;
  const windows = powershellString(path);
  const nssDatabase = 'sql:"$HOME"/.pki/nssdb';
  const inFirefoxProfiles = (command: string) =>
    `for db in "$HOME"/.mozilla/firefox/*/cert9.db "$HOME"/snap/firefox/common/.mozilla/firefox/*/cert9.db; do [ ! -f "$db" ] || ${command}; done`;
  return [
    {
      platform: 'Debian, Ubuntu',
      commands: [`sudo install -m 0644 ${ca} ${debian}`, 'sudo update-ca-certificates'],
      undo: [`sudo rm ${debian}`, 'sudo update-ca-certificates --fresh'],
    },
    {
      platform: 'Fedora, RHEL',
      commands: [`sudo install -m 0644 ${ca} ${fedora}`, 'sudo update-ca-trust'],
      undo: [`sudo rm ${fedora}`, 'sudo update-ca-trust'],
    },
    {
      platform: 'Arch Linux',
      commands: [`sudo trust anchor --store ${ca}`],
      undo: [`sudo trust anchor --remove ${ca}`],
    },
    {
      platform: 'macOS',
      // The user's own keychain and TLS only: neither other users nor code signing are affected.
      commands: [
        `security add-trusted-cert -r trustRoot -p ssl -k "$HOME"/Library/Keychains/login.keychain-db ${ca}`,
      ],
      undo: [
        `security remove-trusted-cert ${ca}`,
        `security delete-certificate -Z "$(openssl x509 -in ${ca} -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')" "$HOME"/Library/Keychains/login.keychain-db`,
      ],
    },
    {
      platform: 'Windows (PowerShell)',
      commands: [`certutil -user -addstore Root ${windows}`],
      undo: [
        `$ca = [Security.Cryptography.X509Certificates.X509Certificate2]::new((Resolve-Path -LiteralPath ${windows}).ProviderPath)`,
        'Remove-Item -LiteralPath "Cert:\\CurrentUser\\Root\\$($ca.Thumbprint)"',
      ],
    },
    {
      platform: 'Chrome, Chromium on Linux',
      commands: [`certutil -d ${nssDatabase} -A -t C,, -n ${slug} -i ${ca}`],
      undo: [`certutil -d ${nssDatabase} -D -n ${slug}`],
      note: 'certutil is in the package libnss3-tools (Debian), nss-tools (Fedora) or nss (Arch)',
    },
    {
      platform: 'Firefox on Linux',
      commands: [inFirefoxProfiles(`certutil -d sql:"\${db%/*}" -A -t C,, -n ${slug} -i ${ca}`)],
      undo: [inFirefoxProfiles(`certutil -d sql:"\${db%/*}" -D -n ${slug}`)],
      note: 'on macOS and Windows, Firefox 120 and later trusts what the system trusts',
    },
    {
      platform: 'Node.js',
      commands: [`export NODE_EXTRA_CA_CERTS=${ca}`],
      undo: ['unset NODE_EXTRA_CA_CERTS'],
      note: 'read when the process starts',
    },
    {
      platform: 'curl',
      commands: [`export CURL_CA_BUNDLE=${ca}`],
      undo: ['unset CURL_CA_BUNDLE'],
      note: 'replaces the public authorities for this shell; for one call: curl --cacert',
    },
  ];
}

/**
 * Which of the instructions is for the system's own store.
 * @param platform as Node names it
 * @param osRelease /etc/os-release, empty where there is none
 * @returns its `platform`; for a Linux that is unknown the most common one
 */
export function systemOf(platform: string, osRelease: string): string {
  if (platform === 'darwin') return 'macOS';
  if (platform === 'win32') return 'Windows (PowerShell)';
  const ids = [...osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap(([, words]) =>
    words!.split(' '),
  );
  if (ids.some((id) => ['fedora', 'rhel', 'centos'].includes(id))) return 'Fedora, RHEL';
  return ids.includes('arch') ? 'Arch Linux' : 'Debian, Ubuntu';
}

/**
 * A PowerShell string in single quotes. PowerShell takes the typographic quotes U+2018 to U+201B for the same
 * character, so they are doubled too.
 */
function powershellString(value: string): string {
  return `'${value.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}
