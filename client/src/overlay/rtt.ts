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
  /** By how much the timeout is longer than the samples make it, after answers that did not come. */
  #patience = 1;

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

  /**
   * Takes one measurement. [ms] Karn's rule is the caller's: no sample of anything sent twice. One that is not `isOurs` is a
   * claim: it serves for timeouts, and makes nobody near.
   */
  sample(rttMs: Millis, isOurs = true): void {
    this.#patience = 1;
    const rtt = Math.round(STEPS * Math.min(Math.max(rttMs, 0), MAX_RTT_MS));
    // Rounded up, or a small rise would never add to anything.
    if (isOurs)
      this.#least = this.#least < 0 ? rtt : Math.min(rtt, this.#least + Math.ceil((rtt - this.#least) * LEAST_RISE));
    if (this.#mean < 0) {
      this.#mean = rtt;
      this.#deviation = Math.round(rtt / 2);
      return;
    }
    this.#deviation = Math.round(this.#deviation + (Math.abs(rtt - this.#mean) - this.#deviation) / 4);
    this.#mean = Math.round(this.#mean + (rtt - this.#mean) / 8);
  }

  /**
   * An answer did not come in time: the next one gets twice as long, until there is a sample (RFC 6298 §5.5 to 5.7). A peer
   * whose machine is busy answers late, and by Karn's rule no late answer is a sample.
   */
  backOff(): void {
    this.#patience = Math.min(2 * this.#patience, MAX_PATIENCE);
  }

  /** How long to wait for the acknowledgement of one hop. [ms] mean + 4 deviations or G, within the caps, and backed off. */
  get timeout(): Millis {
    return Math.min(this.#patience * this.#timeoutBySamples, MAX_HOP_TIMEOUT_MS);
  }

  get #timeoutBySamples(): Millis {
    if (this.#mean < 0) return 4 * INITIAL_RTT_MS;
    const allowance = Math.max((4 * this.#deviation) / STEPS, MIN_HOP_DEVIATION_MS);
    return Math.max(this.#mean / STEPS + allowance, MIN_HOP_TIMEOUT_MS);
  }
}

/** The shortest timeout reaches the longest with it. */
const MAX_PATIENCE = 2 ** Math.ceil(Math.log2(MAX_HOP_TIMEOUT_MS / MIN_HOP_TIMEOUT_MS));

/** Pings of ten idle minutes make up two thirds of a lasting change; half a minute of a busy machine is 5 % of its noise. */
const LEAST_RISE = 1 / 256;
