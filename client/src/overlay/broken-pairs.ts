import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_BROKEN_PAIRS,
  PAIR_FIRST_RETRY_MS,
  PAIR_HOLD_OFF_MS,
  PAIR_RETRY_FACTOR,
} from '../../../shared/src/limits/virtual-links.ts';
import type { Millis } from '../../../shared/src/machine.ts';

interface BrokenPair {
  /** Counts as broken until then. */
  readonly until: Millis;
  readonly retryAt: Millis;
  /** Failures in a row. */
  readonly failureCount: number;
}

/**
 * Remembers the peers with whom no connection could be made although both tried. They stay broken for a while, but one
 * failure may be a busy machine's: the pair is tried again soon, and each time later.
 */
export class BrokenPairs {
  readonly #pairs = new BoundedMap<NodeId, BrokenPair>(MAX_BROKEN_PAIRS);

  get size(): number {
    return this.#pairs.size;
  }

  add(id: NodeId, now: Millis): void {
    const failureCount = this.has(id, now) ? (this.#pairs.get(id)?.failureCount ?? 0) + 1 : 1;
    this.#pairs.delete(id);
    for (const [oldest, { until }] of this.#pairs.entries()) {
      if (until > now) break;
      this.#pairs.delete(oldest);
    }
    const pause = Math.min(PAIR_FIRST_RETRY_MS * PAIR_RETRY_FACTOR ** (failureCount - 1), PAIR_HOLD_OFF_MS);
    this.#pairs.set(id, { until: now + PAIR_HOLD_OFF_MS, retryAt: now + pause, failureCount });
  }

  /** True while messages to `id` are better sent through somebody else. */
  has(id: NodeId, now: Millis): boolean {
    const pair = this.#pairs.get(id);
    return pair !== undefined && now < pair.until;
  }

  /** False while no connection to `id` is to be tried. */
  mayDial(id: NodeId, now: Millis): boolean {
    const pair = this.#pairs.get(id);
    return pair === undefined || now >= pair.retryAt;
  }

  /** They connected after all. */
  delete(id: NodeId): void {
    this.#pairs.delete(id);
  }
}
