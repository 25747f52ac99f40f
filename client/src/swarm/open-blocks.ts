import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { OpenPiece } from './open-piece.ts';
import { OpenPieces } from './open-pieces.ts';
import type { PeerKey } from './peer-key.ts';
import { KEPT, KEPT_RIVALS, type Receipt, UNWANTED, WHOLE, WHOLE_RIVALS } from './receipt.ts';

/** Sizes of a torrent's pieces. */
export interface PieceLayout {
  readonly pieceCount: number;
  readonly pieceLength: number;
  readonly totalLength: number;
  /** Lengths of pieces that end early because padding follows in them (BEP 52). */
  readonly short?: ReadonlyMap<number, number>;
}

/**
 * The blocks of open pieces: which are free, asked for, and here, and how many are here in all. A block is a number:
 * piece × `perPiece` + place.
 */
export class OpenBlocks {
  readonly perPiece: number;
  /** BOUNDED: by `PieceStates`. */
  readonly openPieces: OpenPieces;
  readonly #layout: PieceLayout;
  #received = 0;

  constructor(layout: PieceLayout) {
    this.#layout = layout;
    this.perPiece = Math.ceil(layout.pieceLength / BLOCK_BYTES);
    this.openPieces = new OpenPieces(layout.pieceCount);
  }

  /** Blocks that are here, of pieces that are still open. */
  get received(): number {
    return this.#received;
  }

  /** The open piece that the block is of. */
  pieceOf(block: number): OpenPiece | undefined {
    return this.openPieces.get(Math.floor(block / this.perPiece));
  }

  /** Who sent the block; undefined when it is not here, or its piece is not open any more. */
  senderOf(block: number): PeerKey | undefined {
    return this.pieceOf(block)?.senderOf(block % this.perPiece);
  }

  /** Length of any block, whether its piece is open or not. [bytes] */
  lengthOf(block: number): number {
    const piece = Math.floor(block / this.perPiece);
    const begin = (block - piece * this.perPiece) * BLOCK_BYTES;
    return Math.min(BLOCK_BYTES, this.#pieceLength(piece) - begin);
  }

  /** Opens a piece, for `owner` alone if there is one: all its blocks are free. */
  open(piece: number, now: Millis, owner: PeerKey | undefined): OpenPiece {
    return this.openPieces.open(piece, Math.ceil(this.#pieceLength(piece) / BLOCK_BYTES), now, owner);
  }

  /** Undefined when the piece is not open. */
  close(piece: number): OpenPiece | undefined {
    const open = this.openPieces.get(piece);
    if (!open) return undefined;
    this.#received -= open.received;
    this.openPieces.close(open);
    return open;
  }

  /** Takes a free block of a piece that has one: a peer is asked for it. */
  take(open: OpenPiece): number {
    const place = open.takeFree();
    this.openPieces.refresh(open);
    return open.index * this.perPiece + place;
  }

  /** One more peer is asked for the block. */
  addRequester(block: number): void {
    this.pieceOf(block)?.addRequester(block % this.perPiece);
  }

  /** The peer will not send this block, for which it was counted. */
  release(block: number): void {
    const open = this.pieceOf(block);
    if (!open) return;
    open.removeRequester(block % this.perPiece);
    this.openPieces.refresh(open);
  }

  /** A block came that `from` was asked for; `wasCounted` says whether it still counted as asked. */
  receive(from: PeerKey, block: number, wasCounted: boolean): Receipt {
    const open = this.pieceOf(block);
    const place = block % this.perPiece;
    if (!open || open.isReceived(place) || (open.owner !== undefined && open.owner !== from)) {
      if (wasCounted) this.release(block);
      return UNWANTED;
    }
    const hasRivals = open.requesters(place) > (wasCounted ? 1 : 0);
    open.receive(place, from);
    this.#received++;
    this.openPieces.refresh(open);
    if (open.isWhole) return hasRivals ? WHOLE_RIVALS : WHOLE;
    return hasRivals ? KEPT_RIVALS : KEPT;
  }

  /** Blocks of a whole piece are bad: they are missing again, the rest is kept. Returns who sent them. */
  setPartlyFailed(piece: number, places: readonly number[]): PeerKey[] {
    const open = this.openPieces.get(piece);
    const senders = new Set<PeerKey>();
    for (const place of open ? places : []) {
      const sender = open?.discard(place);
      if (sender !== undefined) senders.add(sender);
    }
    if (open) this.#onDiscarded(open, open.blockCount - open.received);
    return [...senders];
  }

  /** A block that `from` sent is bad. It is missing again, unless the piece is whole: then `setPartlyFailed` follows. */
  setBad(piece: number, place: number, from: PeerKey): void {
    const open = this.openPieces.get(piece);
    if (!open || open.isWhole || open.senderOf(place) !== from) return;
    open.discard(place);
    this.#onDiscarded(open, 1);
  }

  /**
   * Frees the blocks of `peer` in pieces that are not whole yet: nothing it sent is worth keeping, except in pieces whose
   * blocks are judged one by one.
   */
  discardFrom(peer: PeerKey, isSpared: (piece: number) => boolean): void {
    for (const open of this.openPieces.all) {
      if (open.isWhole || isSpared(open.index)) continue;
      const before = open.received;
      open.discardFrom(peer);
      this.#onDiscarded(open, before - open.received);
    }
  }

  /** Frees all that is here of a piece. */
  discardAll(open: OpenPiece): void {
    const { received } = open;
    open.discardAll();
    this.#onDiscarded(open, received);
  }

  #onDiscarded(open: OpenPiece, blocks: number): void {
    this.#received -= blocks;
    this.openPieces.refresh(open);
  }

  #pieceLength(piece: number): number {
    const { pieceLength, totalLength, short } = this.#layout;
    return short?.get(piece) ?? Math.min(pieceLength, totalLength - piece * pieceLength);
  }
}
