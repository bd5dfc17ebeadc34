import type { LoginResult } from '../../src/catalog/rotation.ts';
import type { Journal } from '../../src/rotation/journal.ts';
import {
  advance,
  canRollBack,
  type Effects,
  goOn,
  type Side,
  turnedBack,
} from '../../src/rotation/machine.ts';

/** The program dies at this instant. */
export class Killed extends Error {}

export interface Credentials {
  /** Two passwords at once. */
  overlap: boolean;
  /** The service reads its passwords from the secret files whenever it starts. */
  fromFiles: boolean;
  /** Another login is left from earlier. */
  leftover?: boolean;
  /** It has forgotten its password, and knows it again from the files when it is restarted. */
  forgot?: boolean;
}

/**
 * A stack as small as one can be that still has everything a rotation touches: services with passwords, one app that
 * uses them all, a key of stored data, the files and the journal.
 */
export class World {
  journal: Journal | undefined;
  files: { side: Side; overlap: boolean; values: ReadonlyMap<string, string> };
  readonly accepted = new Map<string, Set<string>>();
  /** What the app's container was made with. */
  app: ReadonlyMap<string, string>;
  appRuns = true;
  /** Keys the app has encrypted something under. */
  readonly usedKeys = new Set<string>();
  /** What must never be, and was. */
  readonly broken: string[] = [];
  readonly #credentials: Readonly<Record<string, Credentials>>;
  /** The effect before which the program dies. */
  #killAt: number | undefined;
  #count = 0;
  #isPastReturn = false;
  /** Services whose clients are locked out from outside. */
  readonly #restored = new Set<string>();
  readonly #forgetful = new Set<string>();

  constructor(credentials: Readonly<Record<string, Credentials>>, journal: Journal) {
    this.#credentials = credentials;
    const values = valuesOf(journal, 'before');
    this.files = { side: 'before', overlap: false, values };
    this.app = values;
    this.#appRuns();
    for (const [id, { leftover, forgot }] of Object.entries(credentials)) {
      if (forgot) this.#forgetful.add(id);
      this.accepted.set(
        id,
        new Set([values.get(id)!, ...(leftover ? [`${id}-leftover`] : [])].filter(() => !forgot)),
      );
    }
  }

  /** Effects so far in this run. */
  get count(): number {
    return this.#count;
  }

  async begin(journal: Journal, killAt?: number): Promise<void> {
    await this.#run(killAt, async () => {
      await this.#effect(() => this.#save(journal));
      await advance(journal, this.#effects(journal));
    });
  }

  async resume(killAt?: number): Promise<void> {
    const journal = this.journal!;
    await this.#run(killAt, () => goOn(journal, this.#effects(journal)));
  }

  async rollBack(killAt?: number): Promise<void> {
    const back = turnedBack(this.journal!);
    await this.#run(killAt, async () => {
      await this.#effect(() => this.#save(back));
      await goOn(back, this.#effects(back));
    });
  }

  get canRollBack(): boolean {
    return this.journal !== undefined && canRollBack(this.journal);
  }

  /** A service goes down and comes back; those that keep their passwords in files learn what is there now. */
  restartServices(): void {
    for (const [id, { fromFiles }] of Object.entries(this.#credentials)) if (fromFiles) this.#reread(id);
  }

  #reread(id: string): void {
    this.accepted.set(id, this.#passwordsInFiles(id));
    this.#forgetful.delete(id);
  }

  /** The others are given back a copy of their data from before the rotation. */
  restoreVolumes(): void {
    const old = valuesOf(this.journal!, 'before');
    for (const [id, { fromFiles }] of Object.entries(this.#credentials)) {
      if (fromFiles) continue;
      this.accepted.set(id, new Set([old.get(id)!]));
      this.#restored.add(id);
    }
  }

  /** What has to hold once a rotation is over, whichever way it went. */
  finalProblems(): string[] {
    const problems = [...this.broken];
    if (this.journal !== undefined) problems.push('the journal is still there');
    if (!this.appRuns) problems.push('the app does not run');
    if (this.files.overlap) problems.push('the files still hold both passwords');
    for (const [id, accepted] of this.accepted) {
      if (accepted.size !== 1 || !accepted.has(this.files.values.get(id)!))
        problems.push(`${id}: not exactly the password in the files is accepted`);
    }
    for (const id of this.accepted.keys())
      if (this.app.get(id) !== this.files.values.get(id)) problems.push(`the app has another ${id}`);
    for (const key of this.usedKeys)
      if (!readable(this.files.values).includes(key)) problems.push('data can no longer be read');
    return problems;
  }

  async #run(killAt: number | undefined, action: () => Promise<void>): Promise<void> {
    this.#killAt = killAt;
    this.#count = 0;
    await action();
  }

  async #effect<T>(act: () => T): Promise<T> {
    if (this.#killAt === this.#count) throw new Killed();
    this.#count += 1;
    const result = act();
    this.#watch();
    return result;
  }

  /** What has to hold at every instant. */
  #watch(): void {
    for (const [id, accepted] of this.accepted) {
      if (this.#forgetful.has(id)) continue;
      const stored = new Set([this.files.values.get(id)!]);
      for (const change of this.journal?.changes ?? [])
        if (change.id === id) stored.add(change.before).add(change.after);
      if (![...accepted].some((password) => stored.has(password)))
        this.broken.push(`${id}: no stored password is accepted`);
      if (
        this.#credentials[id]!.overlap &&
        this.journal?.mode !== 'emergency' &&
        !this.#restored.has(id) &&
        !accepted.has(this.app.get(id)!)
      )
        this.broken.push(`${id}: the running app is locked out`);
    }
    for (const key of this.usedKeys)
      if (!readable(this.app).includes(key)) this.broken.push('the running app cannot read its data');
    if (this.#isPastReturn && this.canRollBack) this.broken.push('there is a way back again');
    this.#isPastReturn ||= this.journal !== undefined && !this.canRollBack;
  }

  #effects(journal: Journal): Effects {
    const value = (id: string, side: Side): string => valuesOf(journal, side).get(id)!;
    const on = (id: string): Set<string> => this.accepted.get(id)!;
    return {
      save: (state) => this.#effect(() => this.#save(state)),
      clear: () =>
        this.#effect(() => {
          this.journal = undefined;
        }),
      reread: (id) => this.#effect(() => this.#reread(id)),
      accept: (id, side) =>
        this.#effect(() => {
          if (this.#forgetful.has(id)) throw new Error(`${id}: accepts nobody`);
          if (this.#credentials[id]!.overlap) on(id).add(value(id, side));
          else {
            for (const either of ['before', 'after'] as const) on(id).delete(value(id, either));
            on(id).add(value(id, side));
          }
        }),
      login: (id, side) =>
        this.#effect((): LoginResult => (on(id).has(value(id, side)) ? 'accepted' : 'refused')),
      revoke: (id, side) =>
        this.#effect(() => {
          const remaining = value(id, side === 'before' ? 'after' : 'before');
          for (const password of on(id)) if (password !== remaining) on(id).delete(password);
        }),
      endSessions: () => this.#effect(() => {}),
      files: ({ side, overlap }) =>
        this.#effect(() => {
          this.files = { side, overlap, values: valuesOf(journal, side) };
        }),
      restart: () =>
        this.#effect(() => {
          this.app = this.files.values;
          this.appRuns = true;
          this.#appRuns();
          return true;
        }),
      reloadEdge: () => this.#effect(() => true),
      reencrypt: () =>
        this.#effect(() => {
          // Everything is now under the new key.
          this.usedKeys.clear();
          this.#appRuns();
        }),
    };
  }

  #appRuns(): void {
    const key = this.app.get('FIELD_KEY');
    if (key !== undefined) this.usedKeys.add(key);
  }

  #save(journal: Journal): void {
    this.journal = journal;
  }

  #passwordsInFiles(id: string): Set<string> {
    const own = this.files.values.get(id)!;
    if (!this.files.overlap || this.journal === undefined) return new Set([own]);
    const change = this.journal.changes.find((one) => one.id === id);
    return new Set([own, ...(change ? [change.before, change.after] : [])]);
  }
}

function valuesOf(journal: Journal, side: Side): Map<string, string> {
  return new Map(journal.changes.map((change) => [change.id, change[side]]));
}

function readable(values: ReadonlyMap<string, string>): string[] {
  return [values.get('FIELD_KEY') ?? '', ...(values.get('FIELD_KEY_PREVIOUS') ?? '').split(',')];
}

/** The journal of a rotation of these credentials and, if wanted, of a key of stored data. */
export function journalOf(
  credentials: Readonly<Record<string, Credentials>>,
  { mode = 'normal', key = false }: { mode?: Journal['mode']; key?: boolean } = {},
): Journal {
  return {
    started: '2026-01-02T03:04:05.000Z',
    mode,
    direction: 'forward',
    changes: [
      ...Object.keys(credentials).map((id) => ({ id, before: `${id}-old`, after: `${id}-new` })),
      ...(key
        ? [
            { id: 'FIELD_KEY', before: 'k1', after: 'k2' },
            { id: 'FIELD_KEY_PREVIOUS', before: 'k0', after: 'k1,k0', back: 'k2,k0' },
          ]
        : []),
    ],
    reread: Object.keys(credentials).filter((id) => credentials[id]!.forgot),
    credentials: Object.entries(credentials).map(([secret, { overlap }]) => ({ secret, overlap })),
    dependents: ['app'],
    reencrypt: key ? ['app'] : [],
    done: 0,
  };
}
