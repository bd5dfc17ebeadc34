const SECRET_NAME =
  /(PASS(WORD|WD|PHRASE)?|SECRET|TOKEN|_PWD|(API|PRIVATE|ACCESS|ENCRYPTION|SECRET|SESSION|SIGNING|MASTER|JWT|COOKIE)_?KEY(_BASE)?|CREDENTIALS?)$/i;
const LOGIN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:(?![<{%])[^/\s@$]+@/i;
/** How keys of well-known issuers begin, whatever they are called. */
const ISSUED =
  /^(?:sk-ant-|[sr]k_live_|gh[pousr]_|github_pat_|glpat-|xox[bp]-|AKIA[0-9A-Z]{12}|AIza\w{20}|SG\.\w{10})/;
/** Something that another program puts the value in for: `{{ name }}`, `<name>`, `%name%`, `vault:path`. */
const REFERENCE = /^(?:\{\{.*\}\}|<.*>|%.*%|(?:arn|env|file|op|ref\+[a-z]+|secretref|vault):.*)$/;

/**
 * Whether a variable of a container's environment seems to hold a secret in plain text: by its name, or because the
 * value is an address with a password in it.
 */
export function isPlainSecret(key: string, value: string): boolean {
  if (LOGIN_URL.test(value) || ISSUED.test(value)) return true;
  // A switch, a path, or a value that Compose fills in from elsewhere.
  const isHarmless =
    value.trim() === '' ||
    /^(?:true|false|yes|no|on|off|0|1)$/i.test(value) ||
    /^(\/|\.\/)/.test(value) ||
    /^\$\{?[A-Za-z_]/.test(value) ||
    REFERENCE.test(value);
  return SECRET_NAME.test(key) && !isHarmless;
}
