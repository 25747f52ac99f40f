import { type Rng, randomBelow } from '../../../shared/src/machine.ts';
import { HIGHEST_PRIORITY, PRIORITY } from './piece-priorities.ts';
import type { PieceSet } from './piece-set.ts';
import { MAX_COUNT, RarityOrder, type RarityTable } from './rarity-order.ts';

/**
 * The pieces that may be started, for each priority in the order of their rarity. Peers that have everything need not be
 * counted: they change no order. A piece that nobody wants is counted, too, but is in no order.
 */
export class Rarity implements RarityTable {
  readonly counts: Uint16Array;
  readonly positions: Int32Array;
  readonly #rng: Rng;
  readonly #priorities: Uint8Array;
  /** By priority; the lowest, which nobody wants, stays empty. */
  readonly #orders: readonly RarityOrder[];
  #size = 0;
  /** No piece below it is listed. */
  #lowest = 0;

  /** Lists no piece yet. Every one has the usual priority. */
  constructor(pieceCount: number, rng: Rng) {
    this.#rng = rng;
    this.counts = new Uint16Array(pieceCount);
    this.positions = new Int32Array(pieceCount).fill(-1);
    this.#priorities = new Uint8Array(pieceCount).fill(PRIORITY.normal);
    this.#orders = Array.from({ length: HIGHEST_PRIORITY + 1 }, () => new RarityOrder(this, rng));
  }

  /** Listed pieces. */
  get size(): number {
    return this.#size;
  }

  count(piece: number): number {
    return this.counts[piece] as number;
  }

  isListed(piece: number): boolean {
    return (this.positions[piece] as number) >= 0;
  }

  priority(piece: number): number {
    return this.#priorities[piece] as number;
  }

  /** Call only while the piece is not listed. */
  setPriority(piece: number, priority: number): void {
    this.#priorities[piece] = priority;
  }

  increase(piece: number): void {
    if (this.count(piece) >= MAX_COUNT) return;
    this.counts[piece] = this.count(piece) + 1;
    if (this.isListed(piece)) this.#orderOf(piece).raise(piece);
  }

  decrease(piece: number): void {
    if (this.count(piece) === 0) return;
    this.counts[piece] = this.count(piece) - 1;
    if (this.isListed(piece)) this.#orderOf(piece).lower(piece);
  }

  list(piece: number): void {
    if (this.isListed(piece) || this.priority(piece) === PRIORITY.skip) return;
    this.#orderOf(piece).list(piece);
    this.#size++;
    this.#lowest = Math.min(this.#lowest, piece);
  }

  unlist(piece: number): void {
    if (!this.isListed(piece)) return;
    this.#orderOf(piece).unlist(piece);
    this.#size--;
  }

  /** The listed pieces of a priority, rarest first. */
  order(priority: number): RarityOrder {
    return this.#orders[priority] as RarityOrder;
  }

  /** The rarest listed piece of the highest priority that is among `pieces`, or a random one; -1 when there is none. */
  find(pieces: PieceSet, isRandom: boolean): number {
    for (let priority = HIGHEST_PRIORITY; priority > PRIORITY.skip; priority--) {
      const order = this.order(priority);
      const from = pieces.isFull ? 0 : order.firstAvailable;
      const length = order.size - from;
      const offset = isRandom && length > 0 ? randomBelow(this.#rng, length) : 0;
      for (let i = 0; i < length; i++) {
        const piece = order.at(from + ((offset + i) % length));
        if (pieces.has(piece)) return piece;
      }
    }
    return -1;
  }

  /** The first listed piece of the highest priority that is among `pieces`; -1 when there is none. */
  findFirst(pieces: PieceSet): number {
    while (this.#lowest < pieces.size && !this.isListed(this.#lowest)) this.#lowest++;
    for (let priority = HIGHEST_PRIORITY; priority > PRIORITY.skip; priority--) {
      if (this.order(priority).size === 0) continue;
      for (let piece = this.#lowest; piece < pieces.size; piece++) {
        if (this.isListed(piece) && this.priority(piece) === priority && pieces.has(piece)) return piece;
      }
    }
    return -1;
  }

  #orderOf(piece: number): RarityOrder {
    return this.order(this.priority(piece));
  }
}
