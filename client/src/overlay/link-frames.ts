import { OVERLAY_FRAME } from '../../../shared/src/limits/links.ts';
import { MAX_FRAME_CONTACTS } from '../../../shared/src/limits/overlay.ts';
import type { ContactCache } from './contact-cache.ts';
import { PLACE_BYTES, type PackedPlace } from './coordinates.ts';
import {
  AGED_CONTACT_BYTES,
  type AgedContact,
  MESSAGE_ID_BYTES,
  type MessageId,
  placeAt,
  readAgedContacts,
  readMessageId,
  setPlace,
  setU16,
  u16At,
  writeAgedContact,
  writeMessageId,
} from './frame-fields.ts';
import { newFrame } from './frame-memory.ts';

/** Second byte of every overlay frame. Values not listed are ignored, so that later versions may add some. */
export const FRAME = { ping: 1, pong: 2, bye: 3, contacts: 4, route: 5, ack: 6, reply: 7, links: 8 } as const;

/** Flag of PING, PONG and CONTACTS: the sender needs this link (sibling, or only link of a bucket). */
export const FLAG_NEEDED = 1;

/** Flag of CONTACTS: the first frame on a link. */
export const FLAG_HELLO = 2;

/** Flag of CONTACTS: the receiver is to look itself up through the contact named, which is of another island. */
export const FLAG_CROSS_CHECK = 4;

/** Flag of PING and PONG: what the sender says about its place follows. Set by the codec. */
export const FLAG_CLAIM = 8;

/** What a peer says about where it is. */
export interface PlaceClaim {
  readonly place: PackedPlace;
  /** How far its predictions are off. [1/255 of the round trip, 0..255] */
  readonly error: number;
}

/** PING and PONG. */
export interface PingFrame {
  readonly flags: number;
  /** PONG repeats that of its PING. */
  readonly sequence: number;
  /** The sender's smoothed round-trip time, 0 when it has none. [ms, 0..65535] */
  readonly rttMs: number;
  /** Told on the first occasion and when it changed. */
  readonly claim?: PlaceClaim | undefined;
}

const PING_BYTES = 7;

/** With the sender's place and its error. */
const PLACED_PING_BYTES = PING_BYTES + PLACE_BYTES + 1;

export function encodePing(
  type: typeof FRAME.ping | typeof FRAME.pong,
  { flags, sequence, rttMs, claim }: PingFrame,
): Uint8Array {
  const bytes = new Uint8Array(claim ? PLACED_PING_BYTES : PING_BYTES);
  bytes[0] = OVERLAY_FRAME;
  bytes[1] = type;
  bytes[2] = claim ? flags | FLAG_CLAIM : flags & ~FLAG_CLAIM;
  setU16(bytes, 3, sequence);
  setU16(bytes, 5, rttMs);
  if (claim) {
    setPlace(bytes, PING_BYTES, claim.place);
    bytes[PING_BYTES + PLACE_BYTES] = claim.error;
  }
  return bytes;
}

export function decodePing(bytes: Uint8Array): PingFrame | undefined {
  const isPlaced = ((bytes[2] ?? 0) & FLAG_CLAIM) !== 0;
  if (bytes.length !== (isPlaced ? PLACED_PING_BYTES : PING_BYTES)) return undefined;
  const claim = isPlaced
    ? { place: placeAt(bytes, PING_BYTES), error: bytes[PING_BYTES + PLACE_BYTES] as number }
    : undefined;
  return { flags: bytes[2] as number, sequence: u16At(bytes, 3), rttMs: u16At(bytes, 5), claim };
}

/** Why a peer says BYE: it leaves the network, or it only gives up this link. */
export type ByeReason = 'leaving' | 'pruned';

export function encodeBye(reason: ByeReason): Uint8Array {
  return new Uint8Array([OVERLAY_FRAME, FRAME.bye, reason === 'leaving' ? 0 : 1]);
}

export function decodeBye(bytes: Uint8Array): ByeReason | undefined {
  if (bytes.length !== 3 || (bytes[2] as number) > 1) return undefined;
  return bytes[2] === 0 ? 'leaving' : 'pruned';
}

/** Contacts that the sender knows to live. */
export interface ContactsFrame {
  readonly flags: number;
  /** At most MAX_FRAME_CONTACTS. */
  readonly contacts: readonly AgedContact[];
}

const CONTACTS_HEADER = 4;

export function encodeContacts({ flags, contacts }: ContactsFrame): Uint8Array {
  const bytes = newFrame(CONTACTS_HEADER + contacts.length * AGED_CONTACT_BYTES);
  bytes[0] = OVERLAY_FRAME;
  bytes[1] = FRAME.contacts;
  bytes[2] = flags;
  bytes[3] = contacts.length;
  contacts.forEach((contact, i) => writeAgedContact(bytes, CONTACTS_HEADER + i * AGED_CONTACT_BYTES, contact));
  return bytes;
}

export function decodeContacts(bytes: Uint8Array, cache: ContactCache): ContactsFrame | undefined {
  const count = bytes[3];
  if (count === undefined || count > MAX_FRAME_CONTACTS) return undefined;
  if (bytes.length !== CONTACTS_HEADER + count * AGED_CONTACT_BYTES) return undefined;
  const contacts = readAgedContacts(bytes, CONTACTS_HEADER, count, cache);
  return contacts && { flags: bytes[2] as number, contacts };
}

/**
 * What a hop says about a message: it is taken care of; this hop cannot help, another may; or this hop would be the
 * one to know and the target is not there.
 */
export type AckStatus = 'accepted' | 'cannot' | 'unreachable';

const ACK_STATUSES: readonly AckStatus[] = ['accepted', 'cannot', 'unreachable'];

const ACK_BYTES = 3 + MESSAGE_ID_BYTES;

export interface AckFrame {
  readonly id: MessageId;
  readonly status: AckStatus;
}

export function encodeAck({ id, status }: AckFrame): Uint8Array {
  const bytes = new Uint8Array(ACK_BYTES);
  bytes[0] = OVERLAY_FRAME;
  bytes[1] = FRAME.ack;
  writeMessageId(bytes, 2, id);
  bytes[ACK_BYTES - 1] = ACK_STATUSES.indexOf(status);
  return bytes;
}

export function decodeAck(bytes: Uint8Array): AckFrame | undefined {
  const status = bytes.length === ACK_BYTES ? ACK_STATUSES[bytes[ACK_BYTES - 1] as number] : undefined;
  return status && { id: readMessageId(bytes, 2), status };
}
