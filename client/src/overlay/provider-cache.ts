import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { Contact, Key } from '../../../shared/src/ids.ts';
import { MAX_CACHED_PROVIDER_LISTS, MAX_STALENESS_MS } from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { Popularity } from './popularity.ts';

/** The providers of a popular key, kept beside its replicas. */
export interface CachedProviders {
  /** At most MAX_PROVIDERS_PER_KEY, at least one. */
  readonly providers: readonly Contact[];
  /** When holders answered with them. */
  readonly readAt: Millis;
  /** The estimated peers between us and the key. */
  readonly between: number;
}

/**
 * Copies of the providers of popular keys near the paths that lead to them, as `RecordCache` keeps records: a swarm of
 * thousands does not ask one peer. Nobody proves who provides what, so a copy can lie as a holder can; it is gone within seconds.
 */
export class ProviderCache extends Popularity {
  readonly #copies = new BoundedMap<Key, CachedProviders>(MAX_CACHED_PROVIDER_LISTS);

  /** For our own reads. */
  get(key: Key, now: Millis): CachedProviders | undefined {
    const copy = this.#copies.get(key);
    if (copy && now < copy.readAt + MAX_STALENESS_MS) return copy;
    this.#copies.delete(key);
    return undefined;
  }

  /** For the reads of others. */
  servable(key: Key, now: Millis): CachedProviders | undefined {
    const copy = this.get(key, now);
    return copy && now < copy.readAt + this.servedMs(key, copy.between, now) ? copy : undefined;
  }

  /** Keeps what holders answered with at `readAt`, unless what is kept is newer. Nobody at all is not kept: the first provider is to be seen at once. */
  offer(key: Key, providers: readonly Contact[], readAt: Millis, between: number): void {
    const held = this.#copies.get(key);
    if (providers.length === 0 || (held && held.readAt > readAt)) return;
    this.#copies.set(key, { providers, readAt, between });
  }

  /** Announcements changed: ours, or those that pass. */
  drop(key: Key): void {
    this.#copies.delete(key);
  }
}
