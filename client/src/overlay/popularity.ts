import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { Key } from '../../../shared/src/ids.ts';
import {
  CACHE_HALVING_PEERS,
  MAX_COUNTED_KEYS,
  MAX_STALENESS_MS,
  POPULAR_READS,
  POPULAR_WINDOW_MS,
} from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/** Which keys are read often: only those are worth copies beside the replicas. */
export class Popularity {
  readonly #reads = new BoundedMap<Key, { since: Millis; count: number }>(MAX_COUNTED_KEYS);

  /** Takes note of a read of `key`, ours or one that passes. */
  countRead(key: Key, now: Millis): void {
    const reads = this.#reads.get(key);
    if (reads && now - reads.since < POPULAR_WINDOW_MS) reads.count++;
    else this.#reads.set(key, { since: now, count: reads && reads.count >= POPULAR_READS ? POPULAR_READS : 1 });
  }

  /** True when `key` was read often in this window, or in the one before. */
  isPopular(key: Key, now: Millis): boolean {
    const reads = this.#reads.get(key);
    return reads !== undefined && reads.count >= POPULAR_READS && now - reads.since < 2 * POPULAR_WINDOW_MS;
  }
}

/**
 * Until when a copy of what holders answered at `readAt` may answer others. `between`: the estimated peers between its
 * keeper and the key.
 */
export function servedUntil(readAt: Millis, between: number): Millis {
  return readAt + MAX_STALENESS_MS * 2 ** -(Math.max(0, between) / CACHE_HALVING_PEERS);
}
