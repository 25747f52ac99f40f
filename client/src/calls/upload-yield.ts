import {
  YIELD_BASE_MINUTES,
  YIELD_FLOOR_BYTES_PER_SECOND,
  YIELD_GROWTH,
  YIELD_HOLD_MS,
  YIELD_START_GROWTH,
  YIELD_TARGET_MS,
} from '../../../shared/src/limits/calls.ts';
import type { Millis } from '../../../shared/src/machine.ts';

const MINUTE_MS = 60_000;

/**
 * How fast files may be uploaded while a call goes on. Both leave through one line, whose router keeps what it cannot send
 * at once: uploads fill that queue, and sound and picture wait in it. So the queue is watched as LEDBAT does (RFC 6817): what a
 * round trip of the call takes longer than the shortest one did waits somewhere. More than `YIELD_TARGET_MS` halves the
 * uploads, less than half of it lets them grow, at first quickly.
 */
export class UploadYield {
  /** Shortest round trip of each of the last minutes, the newest last. BOUNDED: by YIELD_BASE_MINUTES. */
  readonly #shortest: Millis[] = [];
  #minuteEndsAt: Millis = Number.NEGATIVE_INFINITY;
  /** What the last round trip took longer than the shortest. */
  #waitedMs: Millis = 0;
  #cap: number;
  #heldUntil: Millis = Number.NEGATIVE_INFINITY;
  #growth = YIELD_START_GROWTH;

  /** `sent`: what all uploads together send now. [bytes/s] */
  constructor(sent: number) {
    this.#cap = Math.max(YIELD_FLOOR_BYTES_PER_SECOND, sent / 2);
  }

  /** What uploads may send together. [bytes/s] */
  get cap(): number {
    return this.#cap;
  }

  /** A new round trip of the call was measured while uploads sent so much. [ms, bytes/s] */
  measured(now: Millis, roundTripMs: Millis, sent: number): void {
    if (!(roundTripMs >= 0)) return;
    this.#note(now, roundTripMs);
    const waitedMs = roundTripMs - Math.min(...this.#shortest);
    // A single long one may be the other side's busy processor.
    if (Math.min(waitedMs, this.#waitedMs) > YIELD_TARGET_MS) this.#slowDown(now, sent);
    else if (waitedMs < YIELD_TARGET_MS / 2 && now >= this.#heldUntil) this.#speedUp(sent);
    this.#waitedMs = waitedMs;
  }

  #note(now: Millis, roundTripMs: Millis): void {
    if (now >= this.#minuteEndsAt) {
      this.#minuteEndsAt = now + MINUTE_MS;
      this.#shortest.push(roundTripMs);
      if (this.#shortest.length > YIELD_BASE_MINUTES) this.#shortest.shift();
    }
    const newest = this.#shortest.length - 1;
    this.#shortest[newest] = Math.min(roundTripMs, this.#shortest[newest] ?? roundTripMs);
  }

  #slowDown(now: Millis, sent: number): void {
    if (now < this.#heldUntil) return;
    this.#heldUntil = now + YIELD_HOLD_MS;
    this.#growth = YIELD_GROWTH;
    this.#cap = Math.max(YIELD_FLOOR_BYTES_PER_SECOND, Math.min(this.#cap, sent) / 2);
  }

  /** Only as far as it is made use of: what was never sent says nothing about the line. */
  #speedUp(sent: number): void {
    if (sent >= this.#cap / 2) this.#cap *= this.#growth;
  }
}
