import { BUSY_WAIT_MS, WAITING_FRESH_MS } from '../../../shared/src/limits/overlay-links.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/**
 * How much longer answers of neighbours take of late than their ways do: what frames wait for in queues, here or there. It
 * is next to nothing where everybody keeps up, whatever the distances. No answer counts for more than twice what makes
 * us busy: it takes half of all answers, not one neighbour that is as late as it likes.
 */
export class Waiting {
  #mean: Millis = 0;
  #sampledAt: Millis = Number.NEGATIVE_INFINITY;

  /** An answer came after `rttMs`, over a way on which answers take `leastMs` at the quickest. */
  sample(rttMs: Millis, leastMs: Millis, now: Millis): void {
    const before = this.at(now);
    const waited = Math.min(Math.max(rttMs - leastMs, 0), 2 * BUSY_WAIT_MS);
    this.#mean = before + (waited - before) / 8;
    this.#sampledAt = now;
  }

  /** The mean over the last answers; 0 when none came lately. [ms] */
  at(now: Millis): Millis {
    return now - this.#sampledAt <= WAITING_FRESH_MS ? this.#mean : 0;
  }
}
