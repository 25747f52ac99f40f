import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { Key } from '../../../shared/src/ids.ts';
import { MAX_CACHED_RECORDS, MAX_STALENESS_MS } from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { Popularity } from './popularity.ts';
import { isSameVersion, isSuccessor } from './record-store.ts';
import type { SignedRecord } from './types.ts';

/** A copy kept beside the replicas. */
export interface CachedRecord {
  readonly record: SignedRecord;
  /** When a holder answered with it. */
  readonly readAt: Millis;
  /** The estimated peers between us and the key. */
  readonly between: number;
  /** True when it may answer at all. Otherwise it is a version of ours that reads of ours must not fall behind. */
  readonly isPopular: boolean;
}

/**
 * Copies of popular records near the paths that lead to them (Kademlia §2.3), so that no holder serves everybody. They
 * are never replicas: not counted, not handed over, not in digests, gone within seconds, and lose to any newer version.
 */
export class RecordCache extends Popularity {
  /** The newest versions that we have read, and when holders answered with them first. */
  readonly #read = new BoundedMap<Key, { readonly record: SignedRecord; readonly readAt: Millis }>(MAX_CACHED_RECORDS);
  readonly #copies = new BoundedMap<Key, CachedRecord>(MAX_CACHED_RECORDS);

  get size(): number {
    return this.#copies.size;
  }

  /** For our own reads. */
  get(key: Key, now: Millis, wallNow: number): CachedRecord | undefined {
    const copy = this.#copies.get(key);
    if (!copy) return undefined;
    if (now < copy.readAt + MAX_STALENESS_MS && copy.record.expiresAt > wallNow) return copy;
    this.#copies.delete(key);
    return undefined;
  }

  /** For the reads of others. */
  servable(key: Key, now: Millis, wallNow: number): CachedRecord | undefined {
    const copy = this.get(key, now, wallNow);
    return copy?.isPopular && now < copy.readAt + this.servedMs(key, copy.between, now) ? copy : undefined;
  }

  /**
   * Keeps a record with a good signature that holders answered with at `readAt`. `between`: the estimated peers between us
   * and the key.
   */
  offer(record: SignedRecord, readAt: Millis, between: number): void {
    this.#keep({ record, readAt, between, isPopular: true });
  }

  /** Remembers what we have put, so that we read at least that. */
  noteOwn(record: SignedRecord, now: Millis): void {
    this.#keep({ record, readAt: now, between: 0, isPopular: false });
  }

  /** Remembers what a read of ours ended with. */
  noteRead(record: SignedRecord, readAt: Millis): void {
    const { record: held } = this.#read.get(record.key) ?? {};
    const isNews = !held || held.author.id !== record.author.id || record.sequence > held.sequence;
    if (isNews) this.#read.set(record.key, { record, readAt });
  }

  /**
   * True for a copy that no honest peer can still keep: we read a newer version, which lives, longer ago than any copy is
   * kept. Whoever answers with it takes the key back to an older version.
   */
  isRolledBack(record: SignedRecord, now: Millis, wallNow: number): boolean {
    const read = this.#read.get(record.key);
    return (
      read !== undefined &&
      now - read.readAt > MAX_STALENESS_MS &&
      read.record.expiresAt > wallNow &&
      isSuccessor(read.record, record)
    );
  }

  #keep(copy: CachedRecord): void {
    const held = this.#copies.get(copy.record.key)?.record;
    if (held && !isSameVersion(held, copy.record) && !isSuccessor(copy.record, held)) return;
    this.#copies.set(copy.record.key, copy);
  }

  /** A newer version may be on its way. */
  drop(key: Key): void {
    this.#copies.delete(key);
  }
}
