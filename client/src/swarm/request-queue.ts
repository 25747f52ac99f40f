import type { WireRequest } from './wire.ts';

/** What a peer asked for and was not yet sent, oldest first. The caller bounds it by `MAX_QUEUED_REQUESTS`. */
export class RequestQueue {
  #items: WireRequest[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(request: WireRequest): void {
    this.#items.push(request);
  }

  shift(): WireRequest | undefined {
    const request = this.#items[this.#first];
    if (request === undefined) return undefined;
    this.#first++;
    // Taken items are cut off in one go once they are half of the array: amortised O(1).
    if (this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return request;
  }

  /** Takes a request out that the peer no longer wants. False when it is not there. */
  remove(piece: number, begin: number, length: number): boolean {
    for (let i = this.#first; i < this.#items.length; i++) {
      const item = this.#items[i] as WireRequest;
      if (item.piece !== piece || item.begin !== begin || item.length !== length) continue;
      this.#items.splice(i, 1);
      return true;
    }
    return false;
  }

  /** Empties the queue and returns what was in it. */
  drain(): readonly WireRequest[] {
    const rest = this.#items.slice(this.#first);
    this.#items = [];
    this.#first = 0;
    return rest;
  }
}
