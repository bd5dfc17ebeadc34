import type { LoginResult } from '../catalog/rotation.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Journal } from './journal.ts';

/** Which values: those from before the rotation, or the new ones. */
export type Side = 'before' | 'after';

/**
 * What `.env` and the secret files hold. With `overlap` the services' own files carry the other side's passwords too, so
 * that a service that restarts in the middle still accepts both.
 */
export interface FileState {
  side: Side;
  overlap: boolean;
}

/** One step of a rotation. Each may be carried out again: after a crash nobody knows how far the last one came. */
export type Step =
  | { do: 'reread'; service: string }
  /** `ends`: with it the other side's password ends. */
  | { do: 'accept'; secret: string; side: Side; ends: boolean }
  | { do: 'prove'; secret: string; side: Side }
  | { do: 'files'; state: FileState }
  | { do: 'restart'; workload: string }
  | { do: 'reload-edge' }
  | { do: 'reencrypt'; workload: string }
  /** `ended`: the password has ended already, and what ends is any other login. */
  | { do: 'revoke'; secret: string; side: Side; ended: boolean }
  | { do: 'end-sessions'; secret: string; side: Side }
  | { do: 'refuse'; secret: string; side: Side };

/** What the steps act on: the real stack, or a simulated one. */
export interface Effects {
  /** Durable when it returns. */
  save(journal: Journal): void | Promise<void>;
  clear(): void | Promise<void>;
  /** Restarts a service, which makes it read the passwords on disk. */
  reread(service: string): Promise<void>;
  accept(secret: string, side: Side): Promise<void>;
  login(secret: string, side: Side): Promise<LoginResult>;
  revoke(secret: string, side: Side): Promise<void>;
  endSessions(secret: string, side: Side): Promise<void>;
  /** All files or none. */
  files(state: FileState): Promise<void>;
  /**
   * Returns when the container is healthy and sees the values on disk; does nothing when that is so.
   * @param anyhow it may be unhealthy
   * @returns false: it sees them, but is unhealthy, as it may be
   */
  restart(workload: string, anyhow: boolean): Promise<boolean>;
  /** @returns false: no edge runs */
  reloadEdge(): Promise<boolean>;
  reencrypt(workload: string): Promise<void>;
}

/**
 * The steps of a rotation, the same for the same journal.
 *
 * New passwords become valid before anything uses them; where the engine holds two, the old one dies last. Where it
 * holds one, the change comes as late as possible, just before the apps get the new one.
 */
export function stepsOf(journal: Journal): Step[] {
  if (journal.direction === 'back') return stepsBack(journal);
  const { mode, credentials, dependents, reencrypt } = journal;
  const emergency = mode === 'emergency';
  const ordered = [
    ...credentials.filter(({ overlap }) => overlap),
    ...credentials.filter(({ overlap }) => !overlap),
  ];
  const overlapping = credentials.filter(({ overlap }) => overlap);
  const restarts = dependents.map((workload): Step => ({ do: 'restart', workload }));
  const ending: Step[] = [
    { do: 'files', state: { side: 'after', overlap: false } },
    ...revocations(journal, 'before'),
    ...(emergency
      ? credentials.map(({ secret }): Step => ({ do: 'end-sessions', secret, side: 'before' }))
      : []),
    ...credentials.map(({ secret }): Step => ({ do: 'refuse', secret, side: 'before' })),
  ];
  return [
    ...rereads(journal),
    ...(overlapping.length > 0 ? [{ do: 'files', state: { side: 'before', overlap: true } } as Step] : []),
    ...ordered.flatMap(({ secret, overlap }): Step[] => [
      { do: 'accept', secret, side: 'after', ends: !overlap },
      { do: 'prove', secret, side: 'after' },
    ]),
    ...(emergency ? ending : [{ do: 'files', state: { side: 'after', overlap: true } } as Step]),
    ...restarts,
    ...(reloadsEdge(journal) ? [{ do: 'reload-edge' } as Step] : []),
    ...reencrypt.map((workload): Step => ({ do: 'reencrypt', workload })),
    ...(emergency ? [] : ending),
  ];
}

function rereads({ reread = [] }: Journal): Step[] {
  return reread.map((service) => ({ do: 'reread', service }));
}

/** Also where the service holds one password: another login may be left from when it held two. */
function revocations({ credentials }: Journal, side: Side): Step[] {
  return credentials
    .filter(({ alone }) => !alone)
    .map(({ secret, overlap }) => ({ do: 'revoke', secret, side, ended: !overlap }));
}

/** Whether a running edge has to take another certificate. */
export function reloadsEdge({ certificate, offline }: Journal): boolean {
  return certificate !== undefined && !offline;
}

function stepsBack(journal: Journal): Step[] {
  const { credentials, dependents } = journal;
  return [
    ...rereads(journal),
    ...credentials.flatMap(({ secret, overlap }): Step[] => [
      { do: 'accept', secret, side: 'before', ends: !overlap },
      { do: 'prove', secret, side: 'before' },
    ]),
    { do: 'files', state: { side: 'before', overlap: true } },
    ...dependents.map((workload): Step => ({ do: 'restart', workload })),
    ...(reloadsEdge(journal) ? [{ do: 'reload-edge' } as Step] : []),
    { do: 'files', state: { side: 'before', overlap: false } },
    ...revocations(journal, 'after'),
    ...credentials.map(({ secret }): Step => ({ do: 'refuse', secret, side: 'after' })),
  ];
}

/** Whether the old values still exist everywhere: until the files without them are about to be written. */
export function canRollBack(journal: Journal): boolean {
  if (journal.direction === 'back') return true;
  const last = stepsOf(journal).findIndex((step) => step.do === 'files' && isFinal(step.state));
  return reached(journal) < last;
}

/** Whether it has to come to its end with containers that are unhealthy, too: stopping there, no way would lead out. */
function hasToEnd(journal: Journal): boolean {
  return journal.direction === 'back' || !canRollBack(journal);
}

/** What can be done with an open rotation, in words. */
export function waysOut(journal: Journal): string {
  if (journal.direction === 'back') return 'rotate --resume finishes the way back to the old values';
  return `rotate --resume finishes it, ${canRollBack(journal) ? 'rotate --rollback brings the old values back' : 'and there is no way back, because the old values have begun to end'}`;
}

/** The furthest step of this direction that was complete, even when some before it have to be done again. */
function reached(journal: Journal): number {
  return Math.max(journal.done, journal.reached ?? 0);
}

function isFinal({ side, overlap }: FileState): boolean {
  return side === 'after' && !overlap;
}

/** Reports a step: before it, and once it is complete; `unhealthy`: but the workload is not healthy, or no edge runs. */
export type Observer = (
  step: Step,
  event: 'start' | 'done' | 'unhealthy',
  index: number,
  total: number,
) => void;

/** What an earlier run has seen is no longer known to be so. */
const SEEN_AGAIN: readonly Step['do'][] = ['prove', 'restart', 'reload-edge', 'refuse'];

/**
 * Carries a rotation out from where the journal stands to its end, looks once more whether its containers are well, and
 * removes the journal. May be stopped at any instant and called again with the journal from disk.
 * @throws {Error} of the step that failed; the journal then stays
 */
export async function advance(
  journal: Journal,
  effects: Effects,
  observe: Observer = () => {},
): Promise<void> {
  const steps = stepsOf(journal);
  const unhealthy = new Set<Step>();
  const perform = async (index: number, isNew: boolean): Promise<void> => {
    const step = steps[index]!;
    observe(step, 'start', index, steps.length);
    const anyhow = hasToEnd({ ...journal, done: isNew ? index : steps.length });
    if ((await carryOut(step, effects, anyhow)) === false) unhealthy.add(step);
    if (isNew) await effects.save({ ...journal, done: index + 1 });
    observe(step, unhealthy.has(step) ? 'unhealthy' : 'done', index, steps.length);
  };
  for (let index = journal.done; index < steps.length; index++) await perform(index, true);
  for (const [index, step] of steps.entries()) {
    const wasSeen = index >= journal.done;
    if (wasSeen ? step.do === 'restart' && !unhealthy.has(step) : SEEN_AGAIN.includes(step.do))
      await perform(index, false);
  }
  await effects.clear();
}

/**
 * The journal as it has to go on after an interruption. What it says about the services is not believed but tried: a
 * service that was restored or restarted meanwhile may have forgotten a password, which is then set again, or know the
 * old one again, which then ends again.
 */
export async function resumed(journal: Journal, effects: Pick<Effects, 'login'>): Promise<Journal> {
  let { done } = journal;
  for (const [index, step] of stepsOf(journal).slice(0, done).entries()) {
    if (step.do !== 'accept' && step.do !== 'revoke') continue;
    const undone = step.do === 'accept' ? 'refused' : 'accepted';
    if ((await effects.login(step.secret, step.side)) === undone) done = Math.min(done, index);
  }
  return { ...journal, done, reached: reached(journal) };
}

/** Carries an interrupted rotation on to its end, from where it really stands. */
export async function goOn(journal: Journal, effects: Effects, observe?: Observer): Promise<void> {
  const next = await resumed(journal, effects);
  // Another interruption could come when the password is known again and what follows from it is not done yet.
  if (next.done < journal.done) await effects.save(next);
  await advance(next, effects, observe);
}

/**
 * The journal of the way back. A key that an app may have used meanwhile, to sign or to encrypt, stays among the
 * accepted ones.
 * @throws {Error} when there is no way back any more; ask `canRollBack` first
 */
export function turnedBack(journal: Journal): Journal {
  if (!canRollBack(journal)) throw new Error('the old values are gone already');
  if (journal.direction === 'back') return journal;
  const handedOut = stepsOf(journal).findIndex((step) => step.do === 'files' && step.state.side === 'after');
  const changes = journal.changes.map(({ id, before, after, back = before }) => ({
    id,
    before: reached(journal) < handedOut ? before : back,
    after,
  }));
  const { reread = [] } = journal;
  return {
    ...journal,
    changes,
    direction: 'back',
    reread: reread.slice(reached(journal)),
    done: 0,
    reached: 0,
  };
}

async function carryOut(step: Step, effects: Effects, anyhow: boolean): Promise<unknown> {
  switch (step.do) {
    case 'reread':
      return effects.reread(step.service);
    case 'accept':
      return effects.accept(step.secret, step.side);
    case 'prove':
      return demand(step, effects, 'accepted');
    case 'refuse':
      return demand(step, effects, 'refused');
    case 'files':
      return effects.files(step.state);
    case 'restart':
      return effects.restart(step.workload, anyhow);
    case 'reload-edge':
      return effects.reloadEdge();
    case 'reencrypt':
      return effects.reencrypt(step.workload);
    case 'revoke':
      return effects.revoke(step.secret, step.side);
    case 'end-sessions':
      return effects.endSessions(step.secret, step.side);
  }
}

async function demand(
  { secret, side }: { secret: string; side: Side },
  effects: Effects,
  wanted: LoginResult,
): Promise<void> {
  if ((await effects.login(secret, side)) === wanted) return;
  const which = side === 'after' ? 'new' : 'old';
  throw new UserError(
    {
      message: `${secret}: the ${which} password is ${wanted === 'accepted' ? 'refused' : 'still accepted'}`,
    },
    EXIT.failed,
  );
}
