import { MAX_SEEN_MESSAGES, REVERSE_STATE_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis, Rng } from '../../../shared/src/machine.ts';
import type { MessageId } from './frame-fields.ts';

/**
 * Remembers the ids of messages that are done, for at least `REVERSE_STATE_MS` and at most twice that, so that a copy
 * that comes late is known for one. Two generations of bare ids: a message costs some 16 bytes and no timer.
 */
export class SeenMessages {
  /** BOUNDED: by MAX_SEEN_MESSAGES; a full generation becomes the old one early. */
  #young: IdSet | undefined;
  #old: IdSet | undefined;
  #turnedAt: Millis = 0;
  /** Secret, because others choose the ids: without it they could choose some that are all looked for in one place. */
  readonly #spread: Spread;

  constructor(rng: Rng) {
    this.#spread = { high: rng.nextUint32() | 1, low: rng.nextUint32() | 1 };
  }

  has(id: MessageId): boolean {
    if (!this.#young && !this.#old) return false;
    const high = highOf(id);
    const low = lowOf(id);
    return this.#young?.has(high, low) === true || this.#old?.has(high, low) === true;
  }

  add(id: MessageId, now: Millis): void {
    this.turn(now);
    // As many as last time are to be expected: a set that starts there does not grow step by step each time.
    this.#young ??= new IdSet(this.#spread, this.#old?.size ?? 0);
    this.#young.add(highOf(id), lowOf(id));
  }

  /** Forgets the older generation when it is due. */
  turn(now: Millis): void {
    if (now - this.#turnedAt < REVERSE_STATE_MS && (this.#young?.size ?? 0) < MAX_SEEN_MESSAGES) return;
    this.#turnedAt = now;
    this.#old = this.#young;
    this.#young = undefined;
  }
}

/** Places of a new set. [ids] A power of two; a quiet peer sees about ten messages in a generation. */
const FIRST_PLACES = 32;

/** Odd factors of both halves of an id: their sum says where the search for it starts (Dietzfelbinger et al. 1997: multiply-shift). */
interface Spread {
  readonly high: number;
  readonly low: number;
}

/** A set of 64-bit ids without an object for each: open addressing with linear probing, at most half full. */
class IdSet {
  /** Both halves of an id, one after the other; an empty place holds zeros, as does the id zero, which is kept apart. */
  #words: Int32Array;
  #hasZero = false;
  readonly #spread: Spread;
  size = 0;

  /** `expected`: ids that it is made for; it takes more. */
  constructor(spread: Spread, expected: number) {
    this.#spread = spread;
    let places = FIRST_PLACES;
    while (places < 2 * expected) places *= 2;
    this.#words = new Int32Array(2 * places);
  }

  has(high: number, low: number): boolean {
    if ((high | low) === 0) return this.#hasZero;
    const at = this.#placeOf(high, low);
    return (this.#words[at] as number) !== 0 || (this.#words[at + 1] as number) !== 0;
  }

  add(high: number, low: number): void {
    if (this.has(high, low)) return;
    this.size++;
    if ((high | low) === 0) {
      this.#hasZero = true;
      return;
    }
    if (4 * this.size > this.#words.length) this.#grow();
    this.#put(high, low);
  }

  #put(high: number, low: number): void {
    const at = this.#placeOf(high, low);
    this.#words[at] = high;
    this.#words[at + 1] = low;
  }

  /** Where the id is, or the empty place where it belongs. */
  #placeOf(high: number, low: number): number {
    const words = this.#words;
    const mask = words.length - 2;
    const spread = this.#spread;
    let at = ((Math.imul(high, spread.high) + Math.imul(low, spread.low)) >>> 15) & mask;
    while ((words[at] !== high || words[at + 1] !== low) && (words[at] !== 0 || words[at + 1] !== 0))
      at = (at + 2) & mask;
    return at;
  }

  #grow(): void {
    const words = this.#words;
    this.#words = new Int32Array(2 * words.length);
    for (let at = 0; at < words.length; at += 2) {
      const high = words[at] as number;
      const low = words[at + 1] as number;
      if ((high | low) !== 0) this.#put(high, low);
    }
  }
}

function highOf(id: MessageId): number {
  return (id.charCodeAt(0) << 16) | id.charCodeAt(1);
}

function lowOf(id: MessageId): number {
  return (id.charCodeAt(2) << 16) | id.charCodeAt(3);
}
