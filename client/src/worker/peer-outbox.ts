import {
  CHANNEL_HIGH_WATER_BYTES,
  CHANNEL_LOW_WATER_BYTES,
  MAX_BATCH_BYTES,
  MAX_CHANNEL_MESSAGE_BYTES,
} from '../../../shared/src/limits/storage.ts';
import type { Pipe } from './pipe.ts';
import type { OwnBytes } from './storage/types.ts';

/** A message on its way: sent when it is ready and everything before it was sent. */
interface Slot {
  readonly bytes: OwnBytes;
  isReady: boolean;
  /** Its array is used again for another block. */
  readonly isBlock: boolean;
}

/** Arrays of blocks that are kept for the next ones. As many blocks as one window of a file, which are read together. */
const MAX_SPARES = 64;

/** What an outbox tells its owner, possibly from inside a call to the outbox. */
export interface OutboxHandler {
  /** The queue grew over its high-water mark. `writable` follows. */
  congested(): void;
  /** A congested queue fell to its low-water mark. */
  writable(): void;
  /** The pipe takes nothing any more. */
  broken(): void;
}

/**
 * What one peer is sent, in order. Small messages join into one channel message until `flush`; a block is a message of
 * its own, and those that still have to be read hold back what comes after them. What is longer than every browser takes
 * leaves in parts.
 */
export class PeerOutbox {
  readonly #pipe: Pipe;
  readonly #handler: OutboxHandler;
  /** BOUNDED: by the machine, which hands out no block while the peer is congested. */
  readonly #slots: Slot[] = [];
  #small: Uint8Array[] = [];
  #smallBytes = 0;
  #waitingBytes = 0;
  #isCongested = false;
  /** Where coming blocks are put together: new memory costs more than copying into old. BOUNDED: by MAX_SPARES. */
  readonly #spares: OwnBytes[] = [];

  constructor(pipe: Pipe, handler: OutboxHandler) {
    this.#pipe = pipe;
    this.#handler = handler;
  }

  /** Adds wire bytes; they leave with `flush` at the latest. */
  add(bytes: Uint8Array): void {
    if (this.#smallBytes + bytes.length > MAX_BATCH_BYTES) this.flush();
    this.#small.push(bytes);
    this.#smallBytes += bytes.length;
  }

  /**
   * Adds a block of `length` bytes behind its header. `read` fills it in, at once or by the time its promise resolves; what
   * it throws is thrown on, and nothing is added.
   */
  addBlock(header: Uint8Array, length: number, read: (into: OwnBytes) => Promise<void> | undefined): void {
    this.flush();
    const bytes = this.#takeSpare(header.length + length);
    bytes.set(header);
    const reading = read(bytes.subarray(header.length));
    const slot: Slot = { bytes, isReady: !reading, isBlock: true };
    this.#queue(slot);
    reading?.then(
      () => {
        slot.isReady = true;
        this.#drain();
      },
      // Whoever started the read reports the failure; the block is not sent.
      () => {
        this.#slots.splice(this.#slots.indexOf(slot), 1);
        this.#waitingBytes -= bytes.length;
        this.#drain();
      },
    );
  }

  /** Sends the small messages that wait. */
  flush(): void {
    if (this.#smallBytes === 0) return;
    const joined: OwnBytes = new Uint8Array(this.#smallBytes);
    let at = 0;
    for (const part of this.#small) {
      joined.set(part, at);
      at += part.length;
    }
    this.#small = [];
    this.#smallBytes = 0;
    this.#queue({ bytes: joined, isReady: true, isBlock: false });
  }

  /** The pipe's queue fell. */
  handleWritable(): void {
    if (!this.#isCongested || this.#queuedBytes() > CHANNEL_LOW_WATER_BYTES) return;
    this.#isCongested = false;
    this.#handler.writable();
  }

  #takeSpare(length: number): OwnBytes {
    const spare = this.#spares.pop();
    return spare?.length === length ? spare : new Uint8Array(length);
  }

  #queue(slot: Slot): void {
    if (slot.isReady && this.#slots.length === 0) this.#send(slot);
    else {
      this.#slots.push(slot);
      this.#waitingBytes += slot.bytes.length;
    }
    if (this.#isCongested || this.#queuedBytes() <= CHANNEL_HIGH_WATER_BYTES) return;
    this.#isCongested = true;
    this.#handler.congested();
  }

  #drain(): void {
    let ready = 0;
    while (this.#slots[ready]?.isReady) ready++;
    for (const slot of this.#slots.splice(0, ready)) {
      this.#waitingBytes -= slot.bytes.length;
      this.#send(slot);
    }
    this.handleWritable();
  }

  #queuedBytes(): number {
    return this.#pipe.queuedBytes + this.#waitingBytes;
  }

  #send({ bytes, isBlock }: Slot): void {
    for (let at = 0; at < bytes.length; at += MAX_CHANNEL_MESSAGE_BYTES) {
      const part = bytes.subarray(at, at + MAX_CHANNEL_MESSAGE_BYTES);
      if (this.#pipe.send(part)) continue;
      this.#handler.broken();
      break;
    }
    if (isBlock && this.#spares.length < MAX_SPARES) this.#spares.push(bytes);
  }
}
