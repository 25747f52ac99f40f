import { MAX_SPARE_PIECE_BUFFERS } from '../../../shared/src/limits/storage.ts';
import type { OwnBytes } from './storage/types.ts';

/** The pieces that are being put together from blocks. Buffers are used again once they were stored. */
export class PieceBuffers {
  readonly #pieceLength: number;
  readonly #totalLength: number;
  /** BOUNDED: by the machine, which limits the pieces under way. */
  readonly #buffers = new Map<number, OwnBytes>();
  /** BOUNDED: by MAX_SPARE_PIECE_BUFFERS. */
  readonly #spare: OwnBytes[] = [];

  constructor(pieceLength: number, totalLength: number) {
    this.#pieceLength = pieceLength;
    this.#totalLength = totalLength;
  }

  /** Copies a block into its piece. What would lie outside of the piece is dropped. */
  keep(piece: number, begin: number, bytes: Uint8Array): void {
    const buffer = this.#buffers.get(piece) ?? this.#start(piece);
    if (begin + bytes.length <= buffer.length) buffer.set(bytes, begin);
  }

  /** Takes a piece out; undefined when no block of it was kept. */
  take(piece: number): OwnBytes | undefined {
    const buffer = this.#buffers.get(piece);
    this.#buffers.delete(piece);
    return buffer;
  }

  /** Gives a buffer back that `take` gave out and nobody refers to any more. */
  recycle(buffer: OwnBytes): void {
    if (buffer.length === this.#pieceLength && this.#spare.length < MAX_SPARE_PIECE_BUFFERS) this.#spare.push(buffer);
  }

  drop(piece: number): void {
    const buffer = this.take(piece);
    if (buffer) this.recycle(buffer);
  }

  #start(piece: number): OwnBytes {
    const length = Math.max(0, Math.min(this.#pieceLength, this.#totalLength - piece * this.#pieceLength));
    const buffer = (length === this.#pieceLength ? this.#spare.pop() : undefined) ?? new Uint8Array(length);
    this.#buffers.set(piece, buffer);
    return buffer;
  }
}
