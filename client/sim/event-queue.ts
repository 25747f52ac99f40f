import type { Millis } from '../../shared/src/machine.ts';

/** Something that happens at an instant of virtual time. */
export interface SimEvent {
  run(): void;
}

/**
 * A binary heap of events on parallel arrays: no allocation per event beyond the event itself. Events at the same
 * instant come out in the order they went in, so that a run is repeatable.
 */
export class EventQueue {
  #times = new Float64Array(1024);
  #orders = new Float64Array(1024);
  readonly #events: (SimEvent | undefined)[] = [];
  #size = 0;
  #order = 0;

  get size(): number {
    return this.#size;
  }

  /** Instant of the next event, or infinity. */
  get nextAt(): Millis {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
  }

  push(at: Millis, event: SimEvent): void {
    if (this.#size === this.#times.length) this.#grow();
    const order = this.#order++;
    let hole = this.#size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isBefore(at, order, parent)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#put(hole, at, order, event);
  }

  pop(): SimEvent | undefined {
    if (this.#size === 0) return undefined;
    const first = this.#events[0];
    const last = --this.#size;
    const at = this.#times[last] as number;
    const order = this.#orders[last] as number;
    const event = this.#events[last];
    this.#events[last] = undefined;
    if (last === 0) return first;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= last) break;
      if (child + 1 < last && !this.#isBefore(this.#times[child] as number, this.#orders[child] as number, child + 1))
        child++;
      if (this.#isBefore(at, order, child)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#put(hole, at, order, event);
    return first;
  }

  #isBefore(at: number, order: number, index: number): boolean {
    const other = this.#times[index] as number;
    return at < other || (at === other && order < (this.#orders[index] as number));
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number;
    this.#orders[to] = this.#orders[from] as number;
    this.#events[to] = this.#events[from];
  }

  #put(index: number, at: number, order: number, event: SimEvent | undefined): void {
    this.#times[index] = at;
    this.#orders[index] = order;
    this.#events[index] = event;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#times.length);
    times.set(this.#times);
    this.#times = times;
    const orders = new Float64Array(2 * this.#orders.length);
    orders.set(this.#orders);
    this.#orders = orders;
  }
}
