import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { LIMIT_BURST_MS } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/**
 * A limit on bytes a second: tokens flow in at the rate and are spent by what is sent or asked for, so that the mean
 * keeps to the rate and no burst is longer than `LIMIT_BURST_MS` of it, or a block. Without a rate it never says no.
 */
export class TokenBucket {
  #perSecond: number | undefined;
  #tokens = 0;
  #filledAt: Millis = 0;

  get isLimited(): boolean {
    return this.#perSecond !== undefined;
  }

  /** Sets the rate; undefined for none. [bytes/s] Tokens that are there stay, as far as the new rate has room. */
  setRate(perSecond: number | undefined, now: Millis): void {
    this.#fill(now);
    this.#filledAt = now;
    this.#perSecond = perSecond === undefined ? undefined : Math.max(1, perSecond);
    this.#tokens = Math.min(this.#tokens, this.#capacity);
  }

  /** Whether a block may go now, or so many bytes; with 0, whether what went is paid for. */
  hasRoom(now: Millis, bytes = BLOCK_BYTES): boolean {
    this.#fill(now);
    return this.#perSecond === undefined || this.#tokens >= Math.min(bytes, this.#capacity);
  }

  spend(bytes: number): void {
    if (this.#perSecond !== undefined) this.#tokens -= bytes;
  }

  /** So many bytes that were spent were not used after all. */
  refund(bytes: number): void {
    if (this.#perSecond !== undefined) this.#tokens = Math.min(this.#capacity, this.#tokens + bytes);
  }

  /** When a block may go at the earliest, or so many bytes. */
  roomAt(now: Millis, bytes = BLOCK_BYTES): Millis {
    if (this.#perSecond === undefined || this.hasRoom(now, bytes)) return now;
    return now + Math.max(1, ((bytes - this.#tokens) * 1000) / this.#perSecond);
  }

  get #capacity(): number {
    return Math.max(BLOCK_BYTES, ((this.#perSecond ?? 0) * LIMIT_BURST_MS) / 1000);
  }

  #fill(now: Millis): void {
    if (this.#perSecond === undefined || now <= this.#filledAt) return;
    const earned = (this.#perSecond * (now - this.#filledAt)) / 1000;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned);
    this.#filledAt = now;
  }
}
