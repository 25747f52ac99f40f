import type { Contact, Key } from '../../../shared/src/ids.ts';
import { MAX_RECORD_VALUE_BYTES } from '../../../shared/src/limits/overlay.ts';
import { SkeinError } from '../api.ts';
import { recordSignedBytes } from '../overlay/payloads.ts';
import type { SignedRecord } from '../overlay/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { OverlayService } from './overlay-service.ts';

/** How long a record lives when its author does not say. [ms] An hour: soft state, renewed by whoever needs it. */
export const DEFAULT_RECORD_TTL_MS = 60 * 60_000;

/** Longest life of a record. [ms] Two hours, BEP 44's expectation of mutable items. */
export const MAX_RECORD_TTL_MS = 2 * 60 * 60_000;

/** Signs, stores and fetches this peer's records on the overlay. */
export class Records {
  readonly #crypto: Crypto;
  readonly #clock: Clock;
  readonly #overlay: OverlayService;

  constructor(crypto: Crypto, clock: Clock, overlay: OverlayService) {
    this.#crypto = crypto;
    this.#clock = clock;
    this.#overlay = overlay;
  }

  /** Stores `value` under `key`, over any older version. Rejects with `too-large`, `refused`, `timeout` or `no-links`. */
  async put(key: Key, value: Uint8Array, ttlMs = DEFAULT_RECORD_TTL_MS): Promise<void> {
    if (value.length > MAX_RECORD_VALUE_BYTES) {
      throw new SkeinError(
        'too-large',
        `A record holds at most ${MAX_RECORD_VALUE_BYTES} bytes. Share larger data as a file.`,
      );
    }
    if (value.length === 0) throw new SkeinError('bad-argument', 'An empty record means removed: use remove().');
    await this.#overlay.put(await this.#sign(key, value, ttlMs));
  }

  /** Replaces this peer's record under `key` by a tombstone. */
  async remove(key: Key): Promise<void> {
    await this.#overlay.put(await this.#sign(key, new Uint8Array(0), MAX_RECORD_TTL_MS));
  }

  /** The newest live record under `key`, or undefined. */
  get(key: Key): Promise<SignedRecord | undefined> {
    return this.#overlay.get(key);
  }

  /** The sequence number is the wall clock: it grows over restarts without being stored anywhere. */
  async #sign(key: Key, value: Uint8Array, ttlMs: number): Promise<SignedRecord> {
    const author: Contact = this.#crypto.self;
    const sequence = this.#clock.wallNow();
    const expiresAt = sequence + Math.max(1, Math.min(ttlMs, MAX_RECORD_TTL_MS));
    const unsigned = { key, author, sequence, expiresAt, value, signature: new Uint8Array(64) };
    return { ...unsigned, signature: await this.#crypto.sign(recordSignedBytes(unsigned)) };
  }
}
