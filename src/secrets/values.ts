import { inspect } from 'node:util';

/**
 * Named texts that must not be printed by accident. `console.log`, `JSON.stringify`, an assertion's diff and a crash
 * report show the names and whether there is a value, never the value.
 */
export class SecretValues {
  readonly #values: ReadonlyMap<string, string>;

  constructor(entries: Iterable<readonly [string, string]> = []) {
    this.#values = new Map(entries);
  }

  /** The value, blank when there is none. */
  get(name: string): string {
    return this.#values.get(name) ?? '';
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries([...this.#values].map(([name, value]) => [name, value && '[secret]']));
  }

  toString(): string {
    return `SecretValues(${this.#values.size})`;
  }

  [inspect.custom](): string {
    return `SecretValues ${inspect(this.toJSON())}`;
  }
}
