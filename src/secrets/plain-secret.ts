const SECRET_NAME =
  /(PASS(WORD|WD|PHRASE)?|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|ENCRYPTION_?KEY|CREDENTIALS?)$/i;
const LOGIN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:([^/\s@$]+)@/i;

/**
 * Whether a variable of a container's environment seems to hold a secret in plain text: by its name, or because the
 * value is an address with a password in it.
 */
export function isPlainSecret(key: string, value: string): boolean {
  if (LOGIN_URL.test(value)) return true;
  // A switch, a path, or a value that Compose fills in from elsewhere.
  const isHarmless =
    value.trim() === '' ||
    /^(?:true|false|yes|no|on|off|0|1)$/i.test(value) ||
    /^(\/|\.\/)/.test(value) ||
    /^\$\{?[A-Za-z_]/.test(value);
  return SECRET_NAME.test(key) && !isHarmless;
}
