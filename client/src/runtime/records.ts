import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import { MAX_RECORD_VALUE_BYTES } from '../../../shared/src/limits/records.ts';
import { type PutResult, SkeinError } from '../api.ts';
import { recordSignedBytes } from '../overlay/record-payloads.ts';
import type { SignedRecord } from '../overlay/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { OverlayService } from './overlay-service.ts';

/** How long a record lives when its author does not say. [ms] An hour: soft state, renewed by whoever needs it. */
export const DEFAULT_RECORD_TTL_MS = 60 * 60_000;

/** Longest life of a record. [ms] Two hours, BEP 44's expectation of mutable items. */
export const MAX_RECORD_TTL_MS = 2 * 60 * 60_000;

/** How a record is put. */
export interface PutOptions {
  readonly ttlMs?: number | undefined;
  /** The version that it may replace; 0: none. */
  readonly expectedSequence?: number | undefined;
  /** The name under which the key is this peer's own (`ownedKey`): then nobody else can have it. */
  readonly salt?: Uint8Array | undefined;
}

/** Signs, stores and fetches this peer's records on the overlay. */
export class Records {
  readonly #crypto: Pick<Crypto, 'self' | 'sign'>;
  readonly #clock: Pick<Clock, 'wallNow'>;
  readonly #overlay: Pick<OverlayService, 'put' | 'get'>;
  /** Two puts within one millisecond are two versions all the same. */
  #lastSequence = 0;

  constructor(
    crypto: Pick<Crypto, 'self' | 'sign'>,
    clock: Pick<Clock, 'wallNow'>,
    overlay: Pick<OverlayService, 'put' | 'get'>,
  ) {
    this.#crypto = crypto;
    this.#clock = clock;
    this.#overlay = overlay;
  }

  /** Stores `value` under `key`, over any older version or over the expected one. Rejects with a code of `put`. */
  async put(
    key: Key,
    value: Uint8Array,
    { ttlMs = DEFAULT_RECORD_TTL_MS, expectedSequence, salt }: PutOptions = {},
  ): Promise<PutResult> {
    if (value.length > MAX_RECORD_VALUE_BYTES) {
      throw new SkeinError(
        'too-large',
        `A record holds at most ${MAX_RECORD_VALUE_BYTES} bytes. Share larger data as a file.`,
      );
    }
    // Of a text, which JavaScript lets through, no byte would be stored: that would remove the record.
    if (!(value instanceof Uint8Array) || value.length === 0)
      throw new SkeinError(
        'bad-argument',
        'A record is bytes, as Uint8Array. An empty one means removed: use remove().',
      );
    if (!(ttlMs > 0) || (expectedSequence !== undefined && !isSequence(expectedSequence))) {
      throw new SkeinError(
        'bad-argument',
        'ttlMs is above 0, and expectedSequence a version as put() and getRecord() name it, or 0.',
      );
    }
    const record = await this.#sign({ key, salt, value: new Uint8Array(value) }, ttlMs, expectedSequence);
    const { sequence } = record;
    try {
      const { replicas } = await this.#overlay.put(record, expectedSequence);
      return { sequence, replicas };
    } catch (error) {
      if (!(error instanceof SkeinError) || error.code !== 'uncertain') throw error;
      throw new SkeinError(error.code, error.message, { sequence });
    }
  }

  /** Replaces this peer's record under `key` by a tombstone. */
  async remove(key: Key, salt?: Uint8Array): Promise<void> {
    await this.#overlay.put(await this.#sign({ key, salt, value: new Uint8Array(0) }, MAX_RECORD_TTL_MS));
  }

  /** The newest live record under `key`, of `author` where one is named, or undefined. */
  get(key: Key, isFresh = false, author?: NodeId): Promise<SignedRecord | undefined> {
    return this.#overlay.get(key, isFresh, author);
  }

  /** The sequence number is the wall clock: it grows over restarts without being stored anywhere. */
  async #sign(what: Pick<SignedRecord, 'key' | 'salt' | 'value'>, ttlMs: number, expected = -1): Promise<SignedRecord> {
    const author: Contact = this.#crypto.self;
    const wallNow = this.#clock.wallNow();
    const sequence = Math.max(wallNow, this.#lastSequence + 1, expected + 1);
    this.#lastSequence = sequence;
    const expiresAt = wallNow + Math.ceil(Math.min(ttlMs, MAX_RECORD_TTL_MS));
    const unsigned = { ...what, author, sequence, expiresAt, signature: new Uint8Array(64) };
    return { ...unsigned, signature: await this.#crypto.sign(recordSignedBytes(unsigned)) };
  }
}

function isSequence(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** 48 - 1;
}
