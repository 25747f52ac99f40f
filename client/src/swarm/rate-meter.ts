import type { Millis } from '../../../shared/src/machine.ts';

/** Width of one bucket. [ms] */
const BUCKET_MS = 500;

/** Buckets kept: the rate is over the last three to four seconds. Shorter ones jump with each burst of a channel. */
const BUCKETS = 8;

/** Bytes per second over the last few seconds. O(1) per addition. */
export class RateMeter {
  total = 0;
  readonly #buckets = new Float64Array(BUCKETS);
  /** Number of the newest bucket since time 0. */
  #newest = 0;
  #startedAt: Millis | undefined;
  #sum = 0;

  add(bytes: number, now: Millis): void {
    if (this.#startedAt === undefined) {
      this.#startedAt = now;
      this.#newest = Math.floor(now / BUCKET_MS);
    }
    this.#advance(now);
    const index = this.#newest % BUCKETS;
    this.#buckets[index] = (this.#buckets[index] as number) + bytes;
    this.#sum += bytes;
    this.total += bytes;
  }

  /** [bytes/s] While younger than the window, over its age, but at least one bucket. */
  perSecond(now: Millis): number {
    if (this.#startedAt === undefined) return 0;
    this.#advance(now);
    const windowMs = (BUCKETS - 1) * BUCKET_MS + (now - this.#newest * BUCKET_MS);
    const ageMs = Math.max(BUCKET_MS, now - this.#startedAt);
    return (this.#sum * 1000) / Math.min(windowMs, ageMs);
  }

  #advance(now: Millis): void {
    const newest = Math.floor(now / BUCKET_MS);
    if (newest <= this.#newest) return;
    const steps = Math.min(newest - this.#newest, BUCKETS);
    for (let i = 1; i <= steps; i++) {
      const index = (this.#newest + i) % BUCKETS;
      this.#sum -= this.#buckets[index] as number;
      this.#buckets[index] = 0;
    }
    this.#newest = newest;
    if (steps === BUCKETS) this.#sum = 0;
  }
}
