import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import { Writer, fromHex } from '../../../shared/src/bytes.ts';
import { type Key, type NodeId, hashToId } from '../../../shared/src/ids.ts';
import { MAX_WRITE_TOKENS, WRITE_TOKEN_PERIOD_MS } from '../../../shared/src/limits/records.ts';
import { type Millis, type Rng, randomBytes } from '../../../shared/src/machine.ts';
import { readMessageId } from './frame-fields.ts';

/** 8 bytes that a holder gave and recognises, held like a message id. */
export type WriteToken = string;

/** Keys of one region share their tokens. [hex digits] 1/65536 of the key space: one neighbourhood, however large the network. */
const REGION_DIGITS = 4;

/** Random bytes behind all tokens of a holder. */
const SECRET_BYTES = 16;

/**
 * The write tokens that this holder gives out (BEP 5): a hash of a secret, the requester's id and the key's region.
 * Nothing is stored per requester; the secret changes every period and the one before still counts.
 *
 * What a token shows: whoever sends it could hear an answer of this holder, for this id and region, within the last two
 * periods. On recursive routes the origin is a claim that no hop proves, so a token does not say who writes; signatures
 * do that. It stops one-way floods, replays of old messages by others, and the use of a holder to multiply them by its
 * replicas: each id and region costs the sender a round trip per period.
 */
export class WriteTokens {
  readonly #rng: Rng;
  /** Drawn with the first token. */
  #secret: Uint8Array | undefined;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  issue(requester: NodeId, key: Key, now: Millis): WriteToken {
    return this.#tokenOf(requester, key, periodOf(now));
  }

  accepts(token: WriteToken, requester: NodeId, key: Key, now: Millis): boolean {
    const period = periodOf(now);
    return token === this.#tokenOf(requester, key, period) || token === this.#tokenOf(requester, key, period - 1);
  }

  #tokenOf(requester: NodeId, key: Key, period: number): WriteToken {
    this.#secret ??= randomBytes(this.#rng, SECRET_BYTES);
    const writer = new Writer(64)
      .bytes(this.#secret)
      .u48(period + 1)
      .hex(requester)
      .hex(regionOf(key));
    return readMessageId(fromHex(hashToId(writer.done())) as Uint8Array, 0);
  }
}

/** The tokens that holders gave us, by region: the last holder asked is most likely the next one too. */
export class ReceivedTokens {
  readonly #tokens = new BoundedMap<string, { readonly token: WriteToken; readonly until: Millis }>(MAX_WRITE_TOKENS);

  note(key: Key, token: WriteToken, now: Millis): void {
    this.#tokens.set(regionOf(key), { token, until: now + WRITE_TOKEN_PERIOD_MS });
  }

  find(key: Key, now: Millis): WriteToken | undefined {
    const held = this.#tokens.get(regionOf(key));
    return held && now < held.until ? held.token : undefined;
  }
}

function regionOf(key: Key): string {
  return key.slice(0, REGION_DIGITS);
}

function periodOf(now: Millis): number {
  return Math.floor(Math.max(0, now) / WRITE_TOKEN_PERIOD_MS);
}
