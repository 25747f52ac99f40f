import type { Pipe, PipeHandler } from './pipe.ts';
import type { OwnBytes } from './storage/types.ts';

/** Most bytes kept for a torrent that is still opening its storage. [bytes] A handshake and a bitfield, many times. */
const MAX_HELD_BYTES = 256 * 1024;

/** Most messages kept for it, however short: each takes memory of its own. Guess: some `have`s a second for many minutes. */
const MAX_HELD_MESSAGES = 4_096;

/**
 * A pipe that came before its torrent runs: what it brings is kept, and told once somebody starts it. A peer that
 * sends more than it may before anything was asked of it loses the pipe.
 */
export class HeldPipe implements Pipe {
  readonly #pipe: Pipe;
  /** BOUNDED: by MAX_HELD_BYTES and MAX_HELD_MESSAGES, one `open` and one `closed`. */
  #held: ((handler: PipeHandler) => void)[] = [];
  #heldBytes = 0;
  #heldMessages = 0;
  #handler: PipeHandler | undefined;

  constructor(pipe: Pipe) {
    this.#pipe = pipe;
    pipe.start({
      open: () => this.#tell((handler) => handler.open()),
      message: (bytes) => this.#onMessage(bytes),
      writable: () => this.#handler?.writable(),
      closed: () => this.#tell((handler) => handler.closed()),
    });
  }

  get queuedBytes(): number {
    return this.#pipe.queuedBytes;
  }

  start(handler: PipeHandler): void {
    queueMicrotask(() => {
      this.#handler = handler;
      for (const event of this.#held) event(handler);
      this.#held = [];
    });
  }

  send(bytes: OwnBytes): boolean {
    return this.#pipe.send(bytes);
  }

  close(): void {
    this.#pipe.close();
  }

  #onMessage(bytes: Uint8Array): void {
    if (!this.#handler) {
      this.#heldBytes += bytes.length;
      this.#heldMessages++;
      if (this.#heldBytes > MAX_HELD_BYTES || this.#heldMessages > MAX_HELD_MESSAGES) {
        this.#pipe.close();
        this.#held = [(handler) => handler.closed()];
        return;
      }
    }
    this.#tell((handler) => handler.message(bytes));
  }

  #tell(event: (handler: PipeHandler) => void): void {
    if (this.#handler) event(this.#handler);
    else this.#held.push(event);
  }
}
