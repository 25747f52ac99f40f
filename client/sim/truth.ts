import type { Key, NodeId } from '../../shared/src/ids.ts';

/** The living ids in order: who really is closest to a key. Used by checkers only; no peer sees it. */
export class Truth {
  readonly #ids: readonly NodeId[];

  constructor(ids: Iterable<NodeId>) {
    this.#ids = [...ids].sort();
  }

  /** The closest living id to `key`: a walk down the tree of prefixes, always on the key's side where it is not empty. */
  closest(key: Key): NodeId | undefined {
    let low = 0;
    let high = this.#ids.length;
    for (let bit = 0; bit < 160 && high - low > 1; bit++) {
      const middle = this.#firstOne(low, high, bit);
      const wantsOne = bitAt(key, bit) === 1;
      if (wantsOne ? middle < high : middle === low) low = middle;
      else high = middle;
    }
    return this.#ids[low];
  }

  /** First index in [low, high) whose id has a one at `bit`; `high` when none has. */
  #firstOne(low: number, high: number, bit: number): number {
    let from = low;
    let to = high;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (bitAt(this.#ids[middle] as NodeId, bit) === 1) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}

function bitAt(id: NodeId, bit: number): number {
  return (Number.parseInt(id[bit >> 2] as string, 16) >> (3 - (bit & 3))) & 1;
}
