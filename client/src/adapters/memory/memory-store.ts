import type { KeyValueStore } from '../../ports/key-value.ts';

/** A store that lives as long as the page: for tests, and where the browser keeps nothing. UNBOUNDED: by its owner's keys. */
export class MemoryStore implements KeyValueStore {
  readonly #values = new Map<string, unknown>();

  async get(key: string): Promise<unknown> {
    return structuredClone(this.#values.get(key));
  }

  async set(key: string, value: unknown): Promise<void> {
    this.#values.set(key, structuredClone(value));
  }

  async remove(key: string): Promise<void> {
    this.#values.delete(key);
  }

  async keys(): Promise<string[]> {
    return [...this.#values.keys()];
  }
}
