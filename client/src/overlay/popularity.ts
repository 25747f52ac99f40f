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

/** The reads of one key. */
interface Reads {
  /** When this window began. */
  readonly since: Millis;
  /** Those in it. */
  count: number;
  /** Those in the window before. */
  readonly before: number;
}

/** Which keys are read often, and how often: only those are worth copies beside the replicas. */
export class Popularity {
  readonly #reads = new BoundedMap<Key, Reads>(MAX_COUNTED_KEYS);

  /** Takes note of a read of `key`, ours or one that passes. */
  countRead(key: Key, now: Millis): void {
    const reads = this.#reads.get(key);
    if (reads && now - reads.since < POPULAR_WINDOW_MS) reads.count++;
    else this.#reads.set(key, { since: now, count: 1, before: this.#readsOf(key, now) });
  }

  /** True when `key` was read often in this window, or in the one before. */
  isPopular(key: Key, now: Millis): boolean {
    return this.#readsOf(key, now) >= POPULAR_READS;
  }

  /**
   * How long a copy of what holders answered may answer others. [ms, at most MAX_STALENESS_MS] Shorter the more peers are
   * `between` us and the key (Kademlia §2.3), and longer the more reads come by here: the hotter a key, the further from it
   * its copies spread (Coral: Freedman et al. 2004).
   */
  servedMs(key: Key, between: number, now: Millis): number {
    const heat = Math.max(1, this.#readsOf(key, now) / POPULAR_READS);
    return MAX_STALENESS_MS * 2 ** -(Math.max(0, between) / (CACHE_HALVING_PEERS * heat));
  }

  #readsOf(key: Key, now: Millis): number {
    const reads = this.#reads.get(key);
    if (!reads || now - reads.since >= 2 * POPULAR_WINDOW_MS) return 0;
    return now - reads.since < POPULAR_WINDOW_MS ? Math.max(reads.count, reads.before) : reads.count;
  }
}
