/** Files below `certs/acme` by which the ACME client tells how it fares and is asked to hurry. */
export const ACME_FILES = {
  status: 'certs/acme/status',
  request: 'certs/acme/request',
  /** The last request that the client has taken up. */
  handled: 'certs/acme/handled',
  /** Since when it is at an attempt; absent between attempts. */
  busy: 'certs/acme/busy',
} as const;

/** What the ACME client did last, as its script (templates/acme/client.sh.hbs) writes it down. */
export interface AcmeState {
  result: 'issued' | 'failed';
  time: Date;
  /** When it looks again by itself. */
  next: Date;
  /** Since when every attempt has failed. */
  failingSince: Date | undefined;
  /** Why the last attempt failed, in words for the user. */
  reason: string;
  /** The last request that it has dealt with. */
  request: string;
}

/** @returns undefined for a text that is not the client's, such as one that a full disk cut off */
export function parseAcmeState(text: string): AcmeState | undefined {
  const lines = new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, Math.max(at, 0)), line.slice(at + 1)] as const;
    }),
  );
  const result = lines.get('result');
  const time = seconds(lines.get('time'));
  const next = seconds(lines.get('next'));
  if ((result !== 'issued' && result !== 'failed') || time === undefined || next === undefined)
    return undefined;
  const since = lines.get('failing_since');
  return {
    result,
    time,
    next,
    failingSince: since === '0' ? undefined : seconds(since),
    // From a program that repeats what an authority says: nothing of it may steer a terminal.
    reason: (lines.get('reason') ?? '').replace(/\p{Cc}/gu, '?'),
    request: lines.get('request') ?? '',
  };
}

function seconds(text: string | undefined): Date | undefined {
  return text !== undefined && /^\d{1,11}$/.test(text) ? new Date(Number(text) * 1000) : undefined;
}
