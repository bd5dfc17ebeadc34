import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** PostgreSQL's own default, `scram_iterations`. */
const ITERATIONS = 4096;

/**
 * The verifier PostgreSQL stores for a password (RFC 5802, RFC 7677). Computed here, so that the server gets to see no
 * password: `ALTER ROLE … PASSWORD 'plain text'` would end up in its log and in pg_stat_statements.
 * @param salt 16 random bytes
 */
export function scramVerifier(password: string, salt: Uint8Array, iterations = ITERATIONS): string {
  const salted = pbkdf2Sync(saslPrepared(password), salt, iterations, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const server = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString('base64')}$${stored}:${server}`;
}

/** SASLprep (RFC 4013) as far as a value of `.env` needs it: what is mapped to a space or to nothing, then NFKC. */
function saslPrepared(password: string): string {
  return password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, ' ')
    .replace(/\p{Variation_Selector}|\u00ad|\u034f|\u1806|\u200c|\u200d|\u2060|\ufeff/gu, '')
    .normalize('NFKC');
}
