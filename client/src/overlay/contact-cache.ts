import { CONTACT_BYTES, type Contact, decodeContact } from '../../../shared/src/ids.ts';
import { CONTACT_CACHE_SIZE } from '../../../shared/src/limits/overlay.ts';

/**
 * Remembers the contacts that the last bytes stood for, so that a contact seen before costs a comparison instead of a
 * hash, and is one object however many tables hold it. A simulation shares one cache between all its nodes. Two
 * generations: what is read again moves to the young one, and when that is full the old one is forgotten.
 */
export class ContactCache {
  readonly #half: number;
  #young = new Generation();
  #old = new Generation();

  /** Never holds more than `capacity` contacts, and at least the last half as many that were read. */
  constructor(capacity = CONTACT_CACHE_SIZE) {
    this.#half = Math.max(1, capacity >> 1);
  }

  /** The contact in the 32 bytes at `at`. The caller has checked that they are there. */
  read(bytes: Uint8Array, at: number): Contact {
    const young = this.#young.find(bytes, at);
    if (young) return young;
    const contact: Contact =
      this.#old.find(bytes, at) ?? (decodeContact(bytes.subarray(at, at + CONTACT_BYTES)) as Contact);
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(contact, bytes, at);
    return contact;
  }
}

/** Contacts that a new generation has room for. A power of two. */
const FIRST_ROOM = 16;

/** Places in which a contact is looked for. Whoever makes keys that meet in the same places only makes them forgotten. */
const MAX_PROBES = 8;

/**
 * A set of contacts by their bytes: open addressing with few probes, at most half full. The bytes lie one behind the
 * other, so that a search touches no other contact than the one it finds.
 */
class Generation {
  /** One more than the index of the contact, by place; 0 where there is none. */
  #places = new Int32Array(2 * FIRST_ROOM);
  #keys = new Uint8Array(FIRST_ROOM * CONTACT_BYTES);
  readonly #contacts: Contact[] = [];

  get size(): number {
    return this.#contacts.length;
  }

  find(bytes: Uint8Array, at: number): Contact | undefined {
    const place = this.#placeOf(bytes, at);
    return place < 0 ? undefined : this.#contacts[(this.#places[place] as number) - 1];
  }

  /** Adds a contact that is not there. */
  add(contact: Contact, bytes: Uint8Array, at: number): void {
    if (2 * this.#contacts.length >= this.#places.length) this.#grow();
    const place = ~this.#placeOf(bytes, at);
    const held = this.#places[place] as number;
    const index = held === 0 ? this.#contacts.length : held - 1;
    for (let i = 0; i < CONTACT_BYTES; i++) this.#keys[index * CONTACT_BYTES + i] = bytes[at + i] as number;
    this.#contacts[index] = contact;
    this.#places[place] = index + 1;
  }

  /** Where the contact is; else the complement of the place that it may have: an empty one, or that of another when all are taken. */
  #placeOf(bytes: Uint8Array, at: number): number {
    const places = this.#places;
    const mask = places.length - 1;
    // Keys are points of a curve: their first bytes are spread well.
    const first = ((bytes[at] as number) << 16) ^ ((bytes[at + 1] as number) << 8) ^ (bytes[at + 2] as number);
    const hash = first ^ (first >>> 15) ^ ((bytes[at + 3] as number) << 4);
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const place = (hash + probe) & mask;
      const index = places[place] as number;
      if (index === 0) return ~place;
      if (isSame(this.#keys, (index - 1) * CONTACT_BYTES, bytes, at)) return place;
    }
    return ~(hash & mask);
  }

  #grow(): void {
    const keys = this.#keys;
    this.#keys = new Uint8Array(2 * keys.length);
    this.#keys.set(keys);
    this.#places = new Int32Array(2 * this.#places.length);
    for (let index = 0; index < this.#contacts.length; index++) {
      const place = this.#placeOf(keys, index * CONTACT_BYTES);
      // One that was forgotten and read again is here twice.
      this.#places[place < 0 ? ~place : place] = index + 1;
    }
  }
}

function isSame(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < CONTACT_BYTES; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}
