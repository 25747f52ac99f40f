import type { Millis } from '../../../shared/src/machine.ts';
import {
  INITIAL_RTT_MS,
  MAX_HOP_TIMEOUT_MS,
  MIN_HOP_DEVIATION_MS,
  MIN_HOP_TIMEOUT_MS,
} from '../../../shared/src/limits/overlay.ts';

/** Steps in which means are kept. [per ms] Whole numbers need no heap number each; a sixteenth is far below any timer's grain. */
const STEPS = 16;

/** Longest round trip told apart. [ms] Longer ones count as this, which no timeout reaches. */
const MAX_RTT_MS = 60_000;

/** Smoothed round-trip time and its mean deviation, and the timeout that follows from them (RFC 6298 §2). */
export class RttEstimator {
  /** In steps; -1 before the first sample. */
  #mean = -1;
  #least = -1;
  #deviation = 0;

  /** Undefined before the first sample. [ms] */
  get mean(): number | undefined {
    return this.#mean < 0 ? undefined : this.#mean / STEPS;
  }

  /**
   * About the smallest round trip of late: what the way itself takes, without the waiting that a busy end adds. It rises
   * by LEAST_RISE of what a sample is above it, so that a way that got longer is noticed in time. [ms]
   */
  get least(): number | undefined {
    return this.#least < 0 ? undefined : this.#least / STEPS;
  }

  /** Takes one measurement. [ms] Karn's rule is the caller's: no sample of anything sent twice. */
  sample(rttMs: Millis): void {
    const rtt = Math.round(STEPS * Math.min(Math.max(rttMs, 0), MAX_RTT_MS));
    // Rounded up, or a small rise would never add to anything.
    this.#least = this.#least < 0 ? rtt : Math.min(rtt, this.#least + Math.ceil((rtt - this.#least) * LEAST_RISE));
    if (this.#mean < 0) {
      this.#mean = rtt;
      this.#deviation = Math.round(rtt / 2);
      return;
    }
    this.#deviation = Math.round(this.#deviation + (Math.abs(rtt - this.#mean) - this.#deviation) / 4);
    this.#mean = Math.round(this.#mean + (rtt - this.#mean) / 8);
  }

  /** How long to wait for the acknowledgement of one hop. [ms] mean + 4 deviations or G, within the caps. */
  get timeout(): Millis {
    if (this.#mean < 0) return Math.min(4 * INITIAL_RTT_MS, MAX_HOP_TIMEOUT_MS);
    const allowance = Math.max((4 * this.#deviation) / STEPS, MIN_HOP_DEVIATION_MS);
    return Math.min(Math.max(this.#mean / STEPS + allowance, MIN_HOP_TIMEOUT_MS), MAX_HOP_TIMEOUT_MS);
  }
}

/** Pings of ten idle minutes make up two thirds of a lasting change; half a minute of a busy machine is 5 % of its noise. */
const LEAST_RISE = 1 / 256;
