import { MAX_TORRENT_PEERS } from '../../../shared/src/limits/swarm.ts';
import { type Rng, randomBelow } from '../../../shared/src/machine.ts';

/** Most peers that can be counted for a piece. */
const MAX_COUNT = MAX_TORRENT_PEERS + 1;

/**
 * The pieces that may be started, rarest first: one array sorted by the number of peers that have a piece, in runs of
 * equal rarity whose order is random. When a count changes by one, the piece is swapped to the border of its run and
 * the border moves over it, so the update is O(1); listing or unlisting a piece is O(peers). Peers that have
 * everything need not be counted: they change no order.
 */
export class Rarity {
  readonly #rng: Rng;
  readonly #counts: Uint16Array;
  readonly #order: Uint32Array;
  /** Index in `#order`, or -1 for a piece that is not listed. */
  readonly #position: Int32Array;
  /** `#starts[n]`: index of the first listed piece that at least `n` peers have. */
  readonly #starts = new Uint32Array(MAX_COUNT + 2);
  /** No count was ever higher, so runs above need not be visited. */
  #highest = 0;
  #size = 0;

  /** Lists all pieces, in random order. */
  constructor(pieceCount: number, rng: Rng) {
    this.#rng = rng;
    this.#counts = new Uint16Array(pieceCount);
    this.#order = new Uint32Array(pieceCount);
    this.#position = new Int32Array(pieceCount).fill(-1);
    for (let piece = 0; piece < pieceCount; piece++) this.list(piece);
  }

  /** Listed pieces. */
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

  count(piece: number): number {
    return this.#counts[piece] as number;
  }

  isListed(piece: number): boolean {
    return (this.#position[piece] as number) >= 0;
  }

  increase(piece: number): void {
    const count = this.#counts[piece] as number;
    if (count >= MAX_COUNT) return;
    this.#counts[piece] = count + 1;
    if (count === this.#highest) this.#starts[++this.#highest] = this.#size;
    if (!this.isListed(piece)) return;
    const border = (this.#starts[count + 1] as number) - 1;
    this.#swap(this.#position[piece] as number, border);
    this.#starts[count + 1] = border;
    this.#scatter(piece);
  }

  decrease(piece: number): void {
    const count = this.#counts[piece] as number;
    if (count === 0) return;
    this.#counts[piece] = count - 1;
    if (!this.isListed(piece)) return;
    const border = this.#starts[count] as number;
    this.#swap(this.#position[piece] as number, border);
    this.#starts[count] = border + 1;
    this.#scatter(piece);
  }

  list(piece: number): void {
    if (this.isListed(piece)) return;
    let hole = this.#size++;
    for (let run = this.#highest; run > this.count(piece); run--) {
      const first = this.#starts[run] as number;
      if (first !== hole) this.#put(this.#order[first] as number, hole);
      hole = first;
      this.#starts[run] = first + 1;
    }
    this.#put(piece, hole);
    this.#scatter(piece);
  }

  unlist(piece: number): void {
    if (!this.isListed(piece)) return;
    let hole = this.#position[piece] as number;
    for (let run = this.count(piece); run <= this.#highest; run++) {
      const last = this.#end(run) - 1;
      if (last !== hole) this.#put(this.#order[last] as number, hole);
      hole = last;
      if (run < this.#highest) this.#starts[run + 1] = last;
    }
    this.#position[piece] = -1;
    this.#size--;
  }

  /** Swaps a piece with a random one of its run, so that peers who count alike do not choose alike. */
  #scatter(piece: number): void {
    const count = this.count(piece);
    const start = count === 0 ? 0 : (this.#starts[count] as number);
    const length = this.#end(count) - start;
    if (length > 1) this.#swap(this.#position[piece] as number, start + randomBelow(this.#rng, length));
  }

  /** Index behind the last piece that exactly `run` peers have. */
  #end(run: number): number {
    return run >= this.#highest ? this.#size : (this.#starts[run + 1] as number);
  }

  #swap(a: number, b: number): void {
    const pieceA = this.#order[a] as number;
    this.#put(this.#order[b] as number, a);
    this.#put(pieceA, b);
  }

  #put(piece: number, index: number): void {
    this.#order[index] = piece;
    this.#position[piece] = index;
  }
}
