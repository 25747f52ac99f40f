import type { Millis } from '../../../shared/src/machine.ts';

/** States of a request in the ring. */
const UNCOUNTED = 0;
const COUNTED = 1;
const CANCELLED = 2;

/** What became of a request before its answer. */
export type RequestState = 'counted' | 'uncounted' | 'cancelled';

const NAMES = ['uncounted', 'counted', 'cancelled'] as const satisfies readonly RequestState[];

/**
 * The requests that one peer was sent and has not answered, oldest first. A ring of typed arrays: peers answer in
 * order almost always, so the block that comes is the first one and taking it out is O(1).
 *
 * A request is counted while the picker keeps its block for this peer. One that was given up (the peer choked, or is
 * snubbed) stays here uncounted, so that a late answer is still welcome if nobody else was faster. One that was cancelled
 * stays, too, where the peer answers all the same (BEP 6): the block may be asked for again meanwhile, and the refusal of
 * the earlier request must not be taken for one of the later.
 */
export class Outstanding {
  /** Counted requests. */
  counted = 0;
  /** When the request that was last taken out was sent. */
  takenSentAt: Millis = 0;
  #blocks = new Float64Array(16);
  #sentAt = new Float64Array(16);
  #states = new Uint8Array(16);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** When the oldest request was sent; undefined when there is none. */
  get oldestAt(): Millis | undefined {
    return this.#length === 0 ? undefined : this.#sentAt[this.#first];
  }

  push(block: number, now: Millis): void {
    if (this.#length === this.#blocks.length) this.#grow();
    const place = (this.#first + this.#length++) & (this.#blocks.length - 1);
    this.#blocks[place] = block;
    this.#sentAt[place] = now;
    this.#states[place] = COUNTED;
    this.counted++;
  }

  /** Takes the oldest request for `block` out. Says what had become of it. */
  take(block: number): RequestState | 'missing' {
    const mask = this.#blocks.length - 1;
    for (let i = 0; i < this.#length; i++) {
      if (this.#blocks[(this.#first + i) & mask] === block) return this.#removeAt(i);
    }
    return 'missing';
  }

  /** Notes that the request for `block` was cancelled. Says what it was before; the earlier ones were cancelled before. */
  cancel(block: number): 'counted' | 'uncounted' | 'missing' {
    const mask = this.#blocks.length - 1;
    for (let i = this.#length - 1; i >= 0; i--) {
      const place = (this.#first + i) & mask;
      const state = this.#states[place];
      if (this.#blocks[place] !== block || state === CANCELLED) continue;
      this.#states[place] = CANCELLED;
      if (state === UNCOUNTED) return 'uncounted';
      this.counted--;
      return 'counted';
    }
    return 'missing';
  }

  /** Counts a request for `block` again that was given up and may still be answered. False when there is none. */
  recount(block: number): boolean {
    if (this.counted === this.#length) return false;
    const mask = this.#blocks.length - 1;
    for (let i = 0; i < this.#length; i++) {
      const place = (this.#first + i) & mask;
      if (this.#blocks[place] !== block || this.#states[place] !== UNCOUNTED) continue;
      this.#states[place] = COUNTED;
      this.counted++;
      return true;
    }
    return false;
  }

  has(block: number): boolean {
    const mask = this.#blocks.length - 1;
    for (let i = 0; i < this.#length; i++) if (this.#blocks[(this.#first + i) & mask] === block) return true;
    return false;
  }

  /** The peer owes the block. */
  isCounted(block: number): boolean {
    return this.findNewest((each) => each === block) >= 0;
  }

  /** The newest counted request whose block is acceptable; -1 when there is none. */
  findNewest(isAcceptable: (block: number) => boolean): number {
    const mask = this.#blocks.length - 1;
    for (let i = this.#length - 1; i >= 0; i--) {
      const place = (this.#first + i) & mask;
      const block = this.#blocks[place] as number;
      if (this.#states[place] === COUNTED && isAcceptable(block)) return block;
    }
    return -1;
  }

  /** The blocks asked for and not cancelled, oldest first. */
  blocks(): number[] {
    const mask = this.#blocks.length - 1;
    const places = Array.from({ length: this.#length }, (_, i) => (this.#first + i) & mask);
    return places.filter((place) => this.#states[place] !== CANCELLED).map((place) => this.#blocks[place] as number);
  }

  /** Takes the oldest request out; `giveUp` is told its block and whether it was counted. */
  shift(giveUp: (block: number, isCounted: boolean) => void): void {
    if (this.#length === 0) return;
    const block = this.#blocks[this.#first] as number;
    giveUp(block, this.#removeAt(0) === 'counted');
  }

  /** Uncounts every request; `release` is told each block that was counted. */
  uncountAll(release: (block: number) => void): void {
    const mask = this.#blocks.length - 1;
    for (let i = 0; i < this.#length; i++) {
      const place = (this.#first + i) & mask;
      if (this.#states[place] !== COUNTED) continue;
      this.#states[place] = UNCOUNTED;
      release(this.#blocks[place] as number);
    }
    this.counted = 0;
  }

  #removeAt(index: number): RequestState {
    const mask = this.#blocks.length - 1;
    const state = this.#states[(this.#first + index) & mask] as 0 | 1 | 2;
    this.takenSentAt = this.#sentAt[(this.#first + index) & mask] as number;
    for (let i = index; i > 0; i--) {
      const to = (this.#first + i) & mask;
      const from = (this.#first + i - 1) & mask;
      this.#blocks[to] = this.#blocks[from] as number;
      this.#sentAt[to] = this.#sentAt[from] as number;
      this.#states[to] = this.#states[from] as number;
    }
    this.#first = (this.#first + 1) & mask;
    this.#length--;
    if (state === COUNTED) this.counted--;
    return NAMES[state];
  }

  #grow(): void {
    const size = this.#blocks.length;
    const blocks = new Float64Array(2 * size);
    const sentAt = new Float64Array(2 * size);
    const states = new Uint8Array(2 * size);
    for (let i = 0; i < this.#length; i++) {
      const place = (this.#first + i) & (size - 1);
      blocks[i] = this.#blocks[place] as number;
      sentAt[i] = this.#sentAt[place] as number;
      states[i] = this.#states[place] as number;
    }
    this.#blocks = blocks;
    this.#sentAt = sentAt;
    this.#states = states;
    this.#first = 0;
  }
}
