import { CONTACT_BYTES, type Contact, decodeContact } from '../ids.ts';

/** Contacts as one byte string, 32 bytes each: one socket.io attachment whatever their number. */
export function encodeContacts(contacts: readonly Contact[]): Uint8Array {
  const bytes = new Uint8Array(contacts.length * CONTACT_BYTES);
  contacts.forEach((contact, index) => {
    bytes.set(contact.publicKey, index * CONTACT_BYTES);
  });
  return bytes;
}

/** The contacts in `bytes`, copied out of them and each once; undefined when they are not whole contacts. */
export function decodeContacts(bytes: Uint8Array): Contact[] | undefined {
  if (bytes.length % CONTACT_BYTES !== 0) return undefined;
  const contacts = new Map<string, Contact>(); // BOUNDED: by the bytes given, which the callers cap.
  for (let at = 0; at < bytes.length; at += CONTACT_BYTES) {
    const contact = decodeContact(bytes.subarray(at, at + CONTACT_BYTES));
    if (contact) contacts.set(contact.id, contact);
  }
  return [...contacts.values()];
}
