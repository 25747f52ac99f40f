import {
  HEDGE_GAIN,
  HEDGE_MS,
  MAX_HEDGE_MS,
  MAX_HOPS,
  MIN_HEDGE_MS,
  MIN_HOP_DEVIATION_MS,
  MIN_QUESTION_TIMEOUT_MS,
  QUESTION_TIMEOUT_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/** The share of answers that come within `hedgeMs`. */
const QUANTILE = 0.9;

/** A first answer is taken for the median; nine in ten are there within about twice that (King's ratio). */
const P90_PER_MEDIAN = 2;

/**
 * How long answers took that this peer got: their 90th percentile, and mean and deviation per hop. Only copies that were
 * answered count, each from its own departure (Karn's rule), so that silence does not teach patience.
 */
export class AnswerTimes {
  #hedgeMs: Millis = HEDGE_MS;
  #perHop: Millis | undefined = undefined;
  #deviation: Millis = 0;

  /** An answer came `elapsedMs` after its question left, which took `hops`. */
  sample(elapsedMs: Millis, hops: number): void {
    const perHop = elapsedMs / Math.min(Math.max(hops, 1), MAX_HOPS);
    if (this.#perHop === undefined) {
      this.#perHop = perHop;
      this.#deviation = perHop / 2;
      this.#hedgeMs = within(MIN_HEDGE_MS, P90_PER_MEDIAN * elapsedMs, MAX_HEDGE_MS);
      return;
    }
    this.#deviation += (Math.abs(perHop - this.#perHop) - this.#deviation) / 4;
    this.#perHop += (perHop - this.#perHop) / 8;
    // Steps up nine times as large as steps down are in balance where one answer in ten is slower.
    const step = elapsedMs > this.#hedgeMs ? QUANTILE : QUANTILE - 1;
    this.#hedgeMs = within(MIN_HEDGE_MS, this.#hedgeMs * (1 + HEDGE_GAIN * step), MAX_HEDGE_MS);
  }

  /** Silence after which another copy of a question leaves: the 90th percentile. [ms] */
  get hedgeMs(): Millis {
    return Math.ceil(this.#hedgeMs);
  }

  /**
   * How long to wait for an answer from `hops` away. [ms] Mean and 4 deviations (RFC 6298 §2), between `least` and `most`;
   * `most` before the first answer.
   */
  timeoutFor(hops: number, most = QUESTION_TIMEOUT_MS, least = MIN_QUESTION_TIMEOUT_MS): Millis {
    if (this.#perHop === undefined) return most;
    const deviation = Math.max(this.#deviation, MIN_HOP_DEVIATION_MS);
    const timeout = hops * this.#perHop + 4 * Math.sqrt(hops) * deviation;
    return Math.ceil(within(least, timeout, most));
  }
}

function within(least: number, value: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
