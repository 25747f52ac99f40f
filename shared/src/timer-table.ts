import type { Deadline, Millis } from './machine.ts';

interface Timer<Key> {
  readonly key: Key;
  at: Millis;
  why: string;
  /** Ties at the same instant fire in the order they were set, so that a run is repeatable. */
  order: number;
  /** Where it is in the heap. */
  place: number;
}

/**
 * The timers of one machine: at most one per key, kept in a binary heap. Setting a key again moves its timer. Every
 * operation is O(log n); moving a timer makes no garbage.
 */
export class TimerTable<Key> {
  readonly #timers = new Map<Key, Timer<Key>>();
  readonly #heap: Timer<Key>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** `at` is rounded up to a whole millisecond, so that a machine that counts in whole ones never meets a timer early. */
  set(key: Key, at: Millis, why: string): void {
    const order = this.#order++;
    const held = this.#timers.get(key);
    if (held) {
      held.at = Math.ceil(at);
      held.why = why;
      held.order = order;
      this.#settle(held);
      return;
    }
    const timer: Timer<Key> = { key, at: Math.ceil(at), why, order, place: this.#heap.length };
    this.#timers.set(key, timer);
    this.#heap.push(timer);
    this.#rise(timer);
  }

  clear(key: Key): void {
    const held = this.#timers.get(key);
    if (held) this.#remove(held);
  }

  has(key: Key): boolean {
    return this.#timers.has(key);
  }

  /** The earliest timer, or undefined when none is set. Good until the next call. */
  next(): Deadline | undefined {
    return this.#heap[0];
  }

  /** Removes and returns the earliest key that is due at `now`; undefined when none is. Call until it is. */
  takeExpired(now: Millis): Key | undefined {
    const first = this.#heap[0];
    if (!first || first.at > now) return undefined;
    this.#remove(first);
    return first.key;
  }

  #remove(timer: Timer<Key>): void {
    this.#timers.delete(timer.key);
    const last = this.#heap.pop() as Timer<Key>;
    if (last === timer) return;
    last.place = timer.place;
    this.#heap[last.place] = last;
    this.#settle(last);
  }

  /** Moves a timer to where its instant belongs. */
  #settle(timer: Timer<Key>): void {
    this.#rise(timer);
    this.#sink(timer);
  }

  #rise(timer: Timer<Key>): void {
    const heap = this.#heap;
    let at = timer.place;
    while (at > 0) {
      const above = heap[(at - 1) >> 1] as Timer<Key>;
      if (!isBefore(timer, above)) break;
      heap[at] = above;
      above.place = at;
      at = (at - 1) >> 1;
    }
    heap[at] = timer;
    timer.place = at;
  }

  #sink(timer: Timer<Key>): void {
    const heap = this.#heap;
    let at = timer.place;
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Timer<Key>, heap[child] as Timer<Key>)) child = right;
      const below = heap[child] as Timer<Key>;
      if (!isBefore(below, timer)) break;
      heap[at] = below;
      below.place = at;
      at = child;
    }
    heap[at] = timer;
    timer.place = at;
  }
}

function isBefore(a: { at: Millis; order: number }, b: { at: Millis; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
