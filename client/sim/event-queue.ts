import type { Millis } from '../../shared/src/machine.ts';

/** Something that happens at an instant of virtual time. An event is in at most one queue, once. */
export abstract class SimEvent {
  /** The next event of the same instant, while queued. */
  next: SimEvent | undefined = undefined;

  abstract run(): void;
}

/** An event from a function: for what happens rarely. */
export class Action extends SimEvent {
  readonly #action: () => void;

  constructor(action: () => void) {
    super();
    this.#action = action;
  }

  run(): void {
    this.#action();
  }
}

/** Instants that the wheel covers. [ms] A power of two; beyond the slowest link and the hop timeouts. */
const WHEEL_SIZE = 4_096;

/** An instant farther ahead than the wheel, and the events that wait for it in the order they came. */
interface FarInstant {
  readonly at: Millis;
  readonly events: SimEvent[];
}

/**
 * Events by instant of a clock of whole milliseconds: a wheel with one list per instant, and a heap of the instants
 * beyond it. An event costs the same however many wait. Events of one instant come out in the order they went in, so
 * that a run is repeatable.
 */
export class EventQueue {
  readonly #heads: (SimEvent | undefined)[] = Array.from({ length: WHEEL_SIZE }, () => undefined);
  readonly #tails: (SimEvent | undefined)[] = Array.from({ length: WHEEL_SIZE }, () => undefined);
  readonly #far = new Map<Millis, FarInstant>();
  #heap: FarInstant[] = [];
  #now: Millis = 0;
  #size = 0;
  #wheelCount = 0;

  get size(): number {
    return this.#size;
  }

  /** Queues `event` for `at`, rounded up to a whole millisecond and never before the present instant. */
  push(at: Millis, event: SimEvent): void {
    const instant = Math.max(Math.ceil(at), this.#now);
    this.#size++;
    if (instant - this.#now < WHEEL_SIZE) this.#append(instant, event);
    else this.#defer(instant, event);
  }

  /** Removes and returns the next event that is due at or before `until`; undefined when none is. */
  pop(until: Millis): SimEvent | undefined {
    if (this.#size === 0) return undefined;
    while (!this.#heads[this.#now & MASK]) {
      if (this.#now >= Math.floor(until)) return undefined;
      this.#advance(Math.floor(until));
    }
    const slot = this.#now & MASK;
    const event = this.#heads[slot] as SimEvent;
    this.#heads[slot] = event.next;
    if (!event.next) this.#tails[slot] = undefined;
    event.next = undefined;
    this.#size--;
    this.#wheelCount--;
    return event;
  }

  /** The instant that the queue has reached: that of the event given out last. */
  get now(): Millis {
    return this.#now;
  }

  /** Steps to the next instant; over a stretch without events in one stride. */
  #advance(until: Millis): void {
    const nextFar = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
    if (this.#wheelCount === 0) this.#now = Math.max(this.#now + 1, Math.min(until, nextFar - WHEEL_SIZE + 1));
    else this.#now++;
    for (let far = this.#heap[0]; far && far.at - this.#now < WHEEL_SIZE; far = this.#heap[0]) {
      this.#popHeap();
      this.#far.delete(far.at);
      for (const event of far.events) this.#append(far.at, event);
    }
  }

  #append(instant: Millis, event: SimEvent): void {
    const slot = instant & MASK;
    const tail = this.#tails[slot];
    if (tail) tail.next = event;
    else this.#heads[slot] = event;
    this.#tails[slot] = event;
    this.#wheelCount++;
  }

  #defer(at: Millis, event: SimEvent): void {
    const held = this.#far.get(at);
    if (held) {
      held.events.push(event);
      return;
    }
    const far = { at, events: [event] };
    this.#far.set(at, far);
    this.#pushHeap(far);
  }

  #pushHeap(far: FarInstant): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(far);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as FarInstant;
      if (above.at <= far.at) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = far;
  }

  #popHeap(): void {
    const heap = this.#heap;
    const last = heap.pop() as FarInstant;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as FarInstant).at < (heap[child] as FarInstant).at) child++;
      if ((heap[child] as FarInstant).at >= last.at) break;
      heap[at] = heap[child] as FarInstant;
      at = child;
    }
    heap[at] = last;
  }
}

const MASK = WHEEL_SIZE - 1;
