import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/** What needs space; and what is not possible either on a disk that turned read-only. */
const NEEDS_SPACE = [
  'openSync',
  'writeFileSync',
  'fsyncSync',
  'mkdirSync',
  'linkSync',
  'renameSync',
] as const;
const CHANGES = [...NEEDS_SPACE, 'rmSync', 'unlinkSync', 'rmdirSync', 'chmodSync', 'fchmodSync'] as const;

type Name = (typeof CHANGES)[number];
type Call = (...args: unknown[]) => unknown;

/** Lets the calls that change something below a folder fail from some call on, as the system does. */
export class Disk {
  readonly #folder: string;
  /** Nobody pulls the plug here, and waiting for the disk is what would take the time. */
  readonly #real = new Map(
    CHANGES.map((name) => [name, name === 'fsyncSync' ? () => undefined : (fs[name] as Call)]),
  );
  readonly #files = new Set<number>();
  #calls = 0;
  #from = 0;
  #code = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All such calls fail but the first ones. */
  fail(code: 'ENOSPC' | 'EROFS', from: number): void {
    this.#code = code;
    this.#from = from;
    this.#calls = 0;
    for (const name of code === 'ENOSPC' ? NEEDS_SPACE : CHANGES)
      Object.assign(fs, { [name]: (...args: unknown[]) => this.#call(name, args) });
    syncBuiltinESMExports();
  }

  /** The same for another process: as many calls succeed again, and the lock of the one before is nobody's. */
  again(): void {
    this.#calls = 0;
    this.#freeLock();
  }

  restore(): void {
    Object.assign(fs, Object.fromEntries(this.#real));
    syncBuiltinESMExports();
    this.#freeLock();
  }

  /** The process that held it goes on here, and the program would wait for it. */
  #freeLock(): void {
    this.#real.get('rmSync')!(join(this.#folder, '.secure-stack/lock'), { force: true });
  }

  #call(name: Name, args: unknown[]): unknown {
    const run = this.#real.get(name)!;
    if (this.#concerns(name, args)) {
      this.#calls += 1;
      if (this.#calls >= this.#from) {
        // What fitted in is there.
        if (name === 'writeFileSync') run(args[0], (args[1] as Buffer).subarray(0, 10));
        throw Object.assign(new Error(`${this.#code}: ${name}`), { code: this.#code });
      }
    }
    const result = run(...args);
    if (name === 'openSync' && this.#isOurs(args[0])) this.#files.add(result as number);
    return result;
  }

  #concerns(name: Name, [what, how]: unknown[]): boolean {
    if (typeof what === 'number') return this.#files.has(what);
    if (name === 'openSync' && (Number(how) & fs.constants.O_CREAT) === 0) return false;
    return this.#isOurs(what);
  }

  #isOurs(path: unknown): boolean {
    return String(path).startsWith(this.#folder);
  }
}
