import type { Millis } from '../../../shared/src/machine.ts';
import {
  INITIAL_RTT_MS,
  MAX_HOP_TIMEOUT_MS,
  MIN_HOP_DEVIATION_MS,
  MIN_HOP_TIMEOUT_MS,
} from '../../../shared/src/limits/overlay.ts';

/** Smoothed round-trip time and its mean deviation, and the timeout that follows from them (RFC 6298 §2). */
export class RttEstimator {
  /** Undefined before the first sample. [ms] */
  mean: number | undefined = undefined;
  /**
   * About the smallest round trip of late: what the way itself takes, without the waiting that a busy end adds. It rises
   * by LEAST_RISE of what a sample is above it, so that a way that got longer is noticed in time. [ms]
   */
  least: number | undefined = undefined;
  #deviation = 0;

  /** Takes one measurement. [ms] Karn's rule is the caller's: no sample of anything sent twice. */
  sample(rttMs: Millis): void {
    this.least = this.least === undefined ? rttMs : Math.min(rttMs, this.least + (rttMs - this.least) * LEAST_RISE);
    if (this.mean === undefined) {
      this.mean = rttMs;
      this.#deviation = rttMs / 2;
      return;
    }
    this.#deviation += (Math.abs(rttMs - this.mean) - this.#deviation) / 4;
    this.mean += (rttMs - this.mean) / 8;
  }

  /** How long to wait for the acknowledgement of one hop. [ms] mean + 4 deviations or G, within the caps. */
  get timeout(): Millis {
    if (this.mean === undefined) return Math.min(4 * INITIAL_RTT_MS, MAX_HOP_TIMEOUT_MS);
    const allowance = Math.max(4 * this.#deviation, MIN_HOP_DEVIATION_MS);
    return Math.min(Math.max(this.mean + allowance, MIN_HOP_TIMEOUT_MS), MAX_HOP_TIMEOUT_MS);
  }
}

/** Pings of ten idle minutes make up two thirds of a lasting change; half a minute of a busy machine is 5 % of its noise. */
const LEAST_RISE = 1 / 256;
