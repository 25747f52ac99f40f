import type { Deadline, Millis } from './machine.ts';

interface Entry<Key> {
  readonly key: Key;
  readonly at: Millis;
  readonly why: string;
  /** Ties at the same instant fire in the order they were set, so that a run is repeatable. */
  readonly order: number;
  /** False once the timer was replaced or cleared. */
  isLive: boolean;
}

/**
 * The timers of one machine: at most one per key, kept in a binary heap. Setting a key again moves its timer.
 * Replaced and cleared entries stay in the heap until they surface, so every operation is O(log n) amortised.
 */
export class TimerTable<Key> {
  readonly #live = new Map<Key, Entry<Key>>();
  #heap: Entry<Key>[] = [];
  #order = 0;

  get size(): number {
    return this.#live.size;
  }

  /** `at` is rounded up to a whole millisecond, so that a machine that counts in whole ones never meets a timer early. */
  set(key: Key, at: Millis, why: string): void {
    const held = this.#live.get(key);
    if (held) held.isLive = false;
    const entry: Entry<Key> = { key, at: Math.ceil(at), why, order: this.#order++, isLive: true };
    this.#live.set(key, entry);
    this.#push(entry);
    if (this.#heap.length > 2 * this.#live.size + STALE_SLACK) this.#rebuild();
  }

  clear(key: Key): void {
    const held = this.#live.get(key);
    if (!held) return;
    held.isLive = false;
    this.#live.delete(key);
  }

  has(key: Key): boolean {
    return this.#live.has(key);
  }

  /** The earliest timer, or undefined when none is set. Good until the next call. */
  next(): Deadline | undefined {
    this.#dropStale();
    return this.#heap[0];
  }

  /** Removes and returns the earliest key that is due at `now`; undefined when none is. Call until it is. */
  takeExpired(now: Millis): Key | undefined {
    this.#dropStale();
    const top = this.#heap[0];
    if (!top || top.at > now) return undefined;
    this.#pop();
    this.#live.delete(top.key);
    return top.key;
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top && !top.isLive; top = this.#heap[0]) this.#pop();
  }

  #rebuild(): void {
    this.#heap = [];
    for (const entry of this.#live.values()) this.#push(entry);
  }

  #push(entry: Entry<Key>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry<Key>;
      if (!isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Entry<Key>, heap[child] as Entry<Key>)) child = right;
      if (!isBefore(heap[child] as Entry<Key>, last)) break;
      heap[at] = heap[child] as Entry<Key>;
      at = child;
    }
    heap[at] = last;
  }
}

/** Stale entries that are not worth a rebuild. [entries] A machine has few timers; a simulation has many machines. */
const STALE_SLACK = 16;

function isBefore(a: { at: Millis; order: number }, b: { at: Millis; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
