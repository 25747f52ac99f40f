import { MAX_TORRENT_PEERS } from '../../../shared/src/limits/swarm.ts';
import { type Rng, randomBelow } from '../../../shared/src/machine.ts';

/** Most peers that can be counted for a piece. */
export const MAX_COUNT = MAX_TORRENT_PEERS + 1;

/** What the orders of one torrent share: how many peers have a piece, and its index in its order or -1. */
export interface RarityTable {
  readonly counts: Uint16Array;
  readonly positions: Int32Array;
}

/**
 * Pieces of one priority that may be started, rarest first: one array sorted by the number of peers that have a piece,
 * in runs of equal rarity whose order is random. When a count changes by one, the piece is swapped to the border of its
 * run and the border moves over it, so the update is O(1); listing or unlisting a piece is O(peers).
 */
export class RarityOrder {
  readonly #rng: Rng;
  readonly #table: RarityTable;
  /** As long as the torrent has pieces from the first one on. */
  #order = new Uint32Array(0);
  /** `#starts[n]`: index of the first listed piece that at least `n` peers have. */
  readonly #starts = new Uint32Array(MAX_COUNT + 2);
  /** No count was ever higher, so runs above need not be visited. */
  #highest = 0;
  #size = 0;

  constructor(table: RarityTable, rng: Rng) {
    this.#table = table;
    this.#rng = rng;
  }

  get size(): number {
    return this.#size;
  }

  /** Index from which on the listed pieces have at least one counted peer. */
  get firstAvailable(): number {
    return this.#highest === 0 ? this.#size : (this.#starts[1] as number);
  }

  /** The listed piece at `index`; a higher index is never rarer. */
  at(index: number): number {
    return this.#order[index] as number;
  }

  /** The count of a listed piece has grown by one. */
  raise(piece: number): void {
    const count = this.#count(piece);
    if (count > this.#highest) this.#starts[++this.#highest] = this.#size;
    const border = (this.#starts[count] as number) - 1;
    this.#swap(this.#position(piece), border);
    this.#starts[count] = border;
    this.#scatter(piece);
  }

  /** The count of a listed piece has shrunk by one. */
  lower(piece: number): void {
    const before = this.#count(piece) + 1;
    const border = this.#starts[before] as number;
    this.#swap(this.#position(piece), border);
    this.#starts[before] = border + 1;
    this.#scatter(piece);
  }

  list(piece: number): void {
    if (this.#order.length === 0) this.#order = new Uint32Array(this.#table.counts.length);
    const count = this.#count(piece);
    while (this.#highest < count) this.#starts[++this.#highest] = this.#size;
    let hole = this.#size++;
    for (let run = this.#highest; run > count; run--) {
      const first = this.#starts[run] as number;
      if (first !== hole) this.#put(this.#order[first] as number, hole);
      hole = first;
      this.#starts[run] = first + 1;
    }
    this.#put(piece, hole);
    this.#scatter(piece);
  }

  unlist(piece: number): void {
    let hole = this.#position(piece);
    for (let run = this.#count(piece); run <= this.#highest; run++) {
      const last = this.#end(run) - 1;
      if (last !== hole) this.#put(this.#order[last] as number, hole);
      hole = last;
      if (run < this.#highest) this.#starts[run + 1] = last;
    }
    this.#table.positions[piece] = -1;
    this.#size--;
  }

  /** Swaps a piece with a random one of its run, so that peers who count alike do not choose alike. */
  #scatter(piece: number): void {
    const count = this.#count(piece);
    const start = count === 0 ? 0 : (this.#starts[count] as number);
    const length = this.#end(count) - start;
    if (length > 1) this.#swap(this.#position(piece), start + randomBelow(this.#rng, length));
  }

  /** Index behind the last piece that exactly `run` peers have. */
  #end(run: number): number {
    return run >= this.#highest ? this.#size : (this.#starts[run + 1] as number);
  }

  #count(piece: number): number {
    return this.#table.counts[piece] as number;
  }

  #position(piece: number): number {
    return this.#table.positions[piece] as number;
  }

  #swap(a: number, b: number): void {
    const pieceA = this.#order[a] as number;
    this.#put(this.#order[b] as number, a);
    this.#put(pieceA, b);
  }

  #put(piece: number, index: number): void {
    this.#order[index] = piece;
    this.#table.positions[piece] = index;
  }
}
