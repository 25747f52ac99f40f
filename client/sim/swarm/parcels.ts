import { PIECE_HEADER_BYTES, encodePieceHeader } from '../../src/swarm/wire.ts';
import type { Parcel } from './network.ts';

/** Takes bytes of the stream from its far end. */
export type Receive = (bytes: Uint8Array) => void;

/** One buffer for all blocks, which are zeros unless they are wrong: every message is decoded before the next one. */
const scratch = new Uint8Array(PIECE_HEADER_BYTES + 128 * 1024);

/** A block, without its payload until it arrives. */
export class BlockParcel implements Parcel {
  readonly bytes: number;
  readonly #piece: number;
  readonly #begin: number;
  readonly #receive: Receive;
  readonly #isWrong: boolean;

  constructor(piece: number, begin: number, length: number, receive: Receive, isWrong = false) {
    this.#isWrong = isWrong;
    this.bytes = PIECE_HEADER_BYTES + length;
    this.#piece = piece;
    this.#begin = begin;
    this.#receive = receive;
  }

  leave(): void {}

  deliver(): void {
    scratch.set(encodePieceHeader(this.#piece, this.#begin, this.bytes - PIECE_HEADER_BYTES));
    scratch[PIECE_HEADER_BYTES] = Number(this.#isWrong);
    this.#receive(scratch.subarray(0, this.bytes));
  }
}

/** Small messages, joined until they leave the machine. */
export class ControlParcel implements Parcel {
  bytes = 0;
  isOpen = true;
  readonly #parts: Uint8Array[] = [];
  readonly #receive: Receive;

  constructor(receive: Receive) {
    this.#receive = receive;
  }

  add(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.bytes += bytes.length;
  }

  leave(): void {
    this.isOpen = false;
  }

  deliver(): void {
    for (const part of this.#parts) this.#receive(part);
  }
}
