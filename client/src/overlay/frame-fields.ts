import { CONTACT_BYTES, type Contact, ID_BYTES, type NodeId, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import type { Rng } from '../../../shared/src/machine.ts';
import type { ContactCache } from './contact-cache.ts';
import { PLACE_BYTES, type PackedPlace, knownPlace } from './coordinates.ts';

/** Length of a contact with its age and its place. [bytes] */
export const AGED_CONTACT_BYTES = 1 + PLACE_BYTES + CONTACT_BYTES;

/** A contact as peers pass it on. */
export interface AgedContact {
  readonly contact: Contact;
  /** Seconds since somebody last had proof that it lives, rounded up. [0..255] */
  readonly age: number;
  /** Where it says it is; UNKNOWN_PLACE when nobody knows. */
  readonly place: PackedPlace;
}

/** 64 random bits that name one routed message, as four UTF-16 units: exact, flat and quick as a map key. */
export type MessageId = string;

/** Length of a message id on the wire. [bytes] */
export const MESSAGE_ID_BYTES = 8;

/**
 * The id at `at`. The caller has checked that 20 bytes are there. Ids are read on every hop, most of them not for the
 * first time: of those read lately there is one string each, which is quick to compare and as a map key.
 */
export function readId(bytes: Uint8Array, at: number): NodeId {
  const place = ((bytes[at] as number) << 4) | ((bytes[at + 1] as number) & 15);
  const held = recentIds[place];
  if (held !== undefined && isSameId(place * ID_BYTES, bytes, at)) return held;
  const id = nodeIdFromBytes(bytes, at);
  recentIds[place] = id;
  for (let i = 0; i < ID_BYTES; i++) recentBytes[place * ID_BYTES + i] = bytes[at + i] as number;
  return id;
}

/** Ids read lately, each in the place that its first bits name. A newer one takes the place of an older one. */
const RECENT_IDS = 4_096;
const recentIds: (NodeId | undefined)[] = Array.from({ length: RECENT_IDS }, () => undefined);
const recentBytes = new Uint8Array(RECENT_IDS * ID_BYTES);

function isSameId(held: number, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < ID_BYTES; i++) if (recentBytes[held + i] !== bytes[at + i]) return false;
  return true;
}

export function writeId(bytes: Uint8Array, at: number, id: NodeId): void {
  for (let i = 0; i < ID_BYTES; i++) {
    bytes[at + i] = (digitValue(id.charCodeAt(2 * i)) << 4) | digitValue(id.charCodeAt(2 * i + 1));
  }
}

/** Value of a digit known to be `0-9a-f`. */
function digitValue(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}

export function readMessageId(bytes: Uint8Array, at: number): MessageId {
  return String.fromCharCode(u16At(bytes, at), u16At(bytes, at + 2), u16At(bytes, at + 4), u16At(bytes, at + 6));
}

/** One that nobody can guess. */
export function newMessageId(rng: Rng): MessageId {
  const bytes = new Uint8Array(MESSAGE_ID_BYTES);
  for (let i = 0; i < MESSAGE_ID_BYTES; i++) bytes[i] = rng.nextUint32() & 0xff;
  return readMessageId(bytes, 0);
}

export function writeMessageId(bytes: Uint8Array, at: number, id: MessageId): void {
  for (let i = 0; i < 4; i++) setU16(bytes, at + 2 * i, id.charCodeAt(i));
}

export function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}

/** The place in the three bytes at `at`; one outside of the plane is none. The caller has checked that they are there. */
export function placeAt(bytes: Uint8Array, at: number): PackedPlace {
  return knownPlace(((bytes[at] as number) << 16) | u16At(bytes, at + 1));
}

export function setPlace(bytes: Uint8Array, at: number, place: PackedPlace): void {
  bytes[at] = place >>> 16;
  setU16(bytes, at + 1, place & 0xffff);
}

export function writeAgedContact(bytes: Uint8Array, at: number, { contact, age, place }: AgedContact): void {
  bytes[at] = age;
  setPlace(bytes, at + 1, place);
  bytes.set(contact.publicKey, at + 1 + PLACE_BYTES);
}

/** The `count` aged contacts at `at`; undefined when the bytes end before they do. */
export function readAgedContacts(
  bytes: Uint8Array,
  at: number,
  count: number,
  cache: ContactCache,
): AgedContact[] | undefined {
  if (at + count * AGED_CONTACT_BYTES > bytes.length) return undefined;
  const contacts: AgedContact[] = [];
  for (let i = 0; i < count; i++) {
    const start = at + i * AGED_CONTACT_BYTES;
    contacts.push({
      age: bytes[start] as number,
      contact: cache.read(bytes, start + 1 + PLACE_BYTES),
      place: placeAt(bytes, start + 1),
    });
  }
  return contacts;
}

export function encodeAgedContacts(contacts: readonly AgedContact[]): Uint8Array {
  const bytes = new Uint8Array(contacts.length * AGED_CONTACT_BYTES);
  contacts.forEach((contact, i) => writeAgedContact(bytes, i * AGED_CONTACT_BYTES, contact));
  return bytes;
}
