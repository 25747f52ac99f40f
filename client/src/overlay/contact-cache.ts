import { CONTACT_BYTES, type Contact, decodeContact } from '../../../shared/src/ids.ts';
import { CONTACT_CACHE_SIZE } from '../../../shared/src/limits/overlay.ts';

/**
 * Remembers the contacts that the last bytes stood for, so that a contact seen before costs a comparison instead of a
 * hash, and is one object however many tables hold it. A simulation shares one cache between all its nodes.
 */
export class ContactCache {
  /** BOUNDED: by `capacity`, the oldest leaves first. Keyed by the first 8 bytes of the signing key. */
  readonly #contacts = new Map<string, Contact>();
  readonly #capacity: number;

  constructor(capacity = CONTACT_CACHE_SIZE) {
    this.#capacity = capacity;
  }

  /** The contact in the 64 bytes at `at`. The caller has checked that they are there. */
  read(bytes: Uint8Array, at: number): Contact {
    const key = String.fromCharCode(word(bytes, at), word(bytes, at + 2), word(bytes, at + 4), word(bytes, at + 6));
    const held = this.#contacts.get(key);
    if (held && isSame(held, bytes, at)) return held;
    const contact = decodeContact(bytes.subarray(at, at + CONTACT_BYTES)) as Contact;
    if (this.#contacts.size >= this.#capacity) this.#dropOldest();
    this.#contacts.set(key, contact);
    return contact;
  }

  #dropOldest(): void {
    for (const key of this.#contacts.keys()) {
      this.#contacts.delete(key);
      return;
    }
  }
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function isSame(contact: Contact, bytes: Uint8Array, at: number): boolean {
  const { signKey, sealKey } = contact;
  for (let i = 0; i < 32; i++) {
    if (signKey[i] !== bytes[at + i] || sealKey[i] !== bytes[at + 32 + i]) return false;
  }
  return true;
}
