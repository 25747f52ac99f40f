/** A map that holds at most `capacity` entries: setting one more drops the one that was set longest ago. */
export class BoundedMap<Key, Value> {
  readonly #capacity: number;
  /** BOUNDED: by the capacity. Insertion order is age. Made when it is needed: many of these maps stay empty. */
  #entries: Map<Key, Value> | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  has(key: Key): boolean {
    return this.#entries?.has(key) === true;
  }

  get(key: Key): Value | undefined {
    return this.#entries?.get(key);
  }

  /** Makes the entry the youngest. */
  set(key: Key, value: Value): void {
    const entries = (this.#entries ??= new Map<Key, Value>());
    entries.delete(key);
    entries.set(key, value);
    if (entries.size <= this.#capacity) return;
    for (const oldest of entries.keys()) {
      entries.delete(oldest);
      break;
    }
  }

  /** Oldest first. Entries may be deleted meanwhile. */
  entries(): Iterable<[Key, Value]> {
    return this.#entries?.entries() ?? NOTHING;
  }

  delete(key: Key): boolean {
    return this.#entries?.delete(key) === true;
  }
}

const NOTHING: readonly never[] = [];
