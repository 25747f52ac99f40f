import type { Millis } from '../../../shared/src/machine.ts';
import { OpenPiece } from './open-piece.ts';
import type { PeerKey } from './peer-key.ts';

/** Place of a piece that is not open. */
const NONE = -1;

/** The pieces that are partly here, and which of them have free blocks. Everything is O(1) but the list itself. */
export class OpenPieces {
  /** For each piece its place in `#open`, or NONE. */
  readonly #places: Int32Array;
  /** BOUNDED: by the picker. */
  readonly #open: OpenPiece[] = [];
  readonly #partial: OpenPiece[] = [];

  constructor(pieceCount: number) {
    this.#places = new Int32Array(pieceCount).fill(NONE);
  }

  get size(): number {
    return this.#open.length;
  }

  get all(): readonly OpenPiece[] {
    return this.#open;
  }

  /** Those that have free blocks. */
  get partial(): readonly OpenPiece[] {
    return this.#partial;
  }

  get(piece: number): OpenPiece | undefined {
    const place = this.#places[piece];
    return place === undefined || place === NONE ? undefined : this.#open[place];
  }

  open(piece: number, blockCount: number, now: Millis, owner: PeerKey | undefined): OpenPiece {
    const open = new OpenPiece(piece, blockCount, now, owner);
    open.slot = this.#open.push(open) - 1;
    this.#places[piece] = open.slot;
    this.refresh(open);
    return open;
  }

  close(open: OpenPiece): void {
    const last = this.#open.pop() as OpenPiece;
    if (last !== open) {
      this.#open[open.slot] = last;
      last.slot = open.slot;
      this.#places[last.index] = last.slot;
    }
    this.#places[open.index] = NONE;
    this.#removePartial(open);
    open.slot = NONE;
    // A peer whose `current` this was must not take blocks of it any more.
    open.free = 0;
  }

  /** The number of free blocks has changed. */
  refresh(open: OpenPiece): void {
    if (open.free === 0) this.#removePartial(open);
    else if (open.partialSlot < 0) open.partialSlot = this.#partial.push(open) - 1;
  }

  #removePartial(open: OpenPiece): void {
    if (open.partialSlot < 0) return;
    const last = this.#partial.pop() as OpenPiece;
    if (last !== open) {
      this.#partial[open.partialSlot] = last;
      last.partialSlot = open.partialSlot;
    }
    open.partialSlot = NONE;
  }
}
