/** Most bytes that wait for all websockets together. [bytes] A tenth of what 20,000 idle tabs take (`npm run bench -- server`). */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** What waits for one websocket. */
export interface Line {
  /** So many bytes more are to go. */
  add(bytes: number): void;
  /** All that were added are being written. */
  handOver(): void;
  /** All that were handed over are written: the other end, or at least the kernel, has them. */
  written(): void;
  /** The websocket is closed. */
  end(): void;
}

/**
 * What waits for websockets whose other ends do not read. Each may go on asking and proving that it lives, so what waits
 * for one has no end of its own, and who opens many multiplies it. Together they are bounded: when there is too much, the
 * line with most in it is cut, which is nobody's who reads.
 */
export class Backlog {
  readonly #capacity: number;
  /** BOUNDED: by the open websockets. Those that something waits for. */
  readonly #lines = new Set<WaitingLine>();
  #bytes = 0;

  constructor(capacity: number = MAX_WAITING_BYTES) {
    this.#capacity = capacity;
  }

  /** `cut` closes the websocket at once and drops what waits for it. */
  line(cut: () => void): Line {
    const line = new WaitingLine(cut, (waiting, change) => {
      this.#bytes += change;
      if (waiting.bytes > 0) this.#lines.add(waiting);
      else this.#lines.delete(waiting);
      if (this.#bytes > this.#capacity) this.#cutLongest();
    });
    return line;
  }

  #cutLongest(): void {
    let longest: WaitingLine | undefined;
    for (const line of this.#lines) if (!longest || line.bytes > longest.bytes) longest = line;
    longest?.end();
    longest?.cut();
  }
}

class WaitingLine implements Line {
  readonly cut: () => void;
  readonly #changed: (line: WaitingLine, change: number) => void;
  #queued = 0;
  #handedOver = 0;
  #hasEnded = false;

  constructor(cut: () => void, changed: (line: WaitingLine, change: number) => void) {
    this.cut = cut;
    this.#changed = changed;
  }

  get bytes(): number {
    return this.#queued + this.#handedOver;
  }

  add(bytes: number): void {
    if (this.#hasEnded) return;
    this.#queued += bytes;
    this.#changed(this, bytes);
  }

  handOver(): void {
    this.#handedOver += this.#queued;
    this.#queued = 0;
  }

  written(): void {
    const bytes = this.#handedOver;
    this.#handedOver = 0;
    this.#changed(this, -bytes);
  }

  end(): void {
    const { bytes } = this;
    this.#hasEnded = true;
    this.#queued = 0;
    this.#handedOver = 0;
    this.#changed(this, -bytes);
  }
}
