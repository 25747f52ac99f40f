import { Reader, Writer, concatBytes } from '../../../shared/src/bytes.ts';
import { CONTACT_BYTES, type Contact, ID_BYTES, type Key, type NodeId } from '../../../shared/src/ids.ts';
import { MAX_REFERRERS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { ContactCache } from './contact-cache.ts';
import { MESSAGE_ID_BYTES, type MessageId, readId, readMessageId, writeId, writeMessageId } from './frame-fields.ts';
import { newFrame } from './frame-memory.ts';
import type { Protocol } from './types.ts';
import type { WriteToken } from './write-tokens.ts';

/** What FIND asks: the peers closest to `key`; the origin can be reached through `referrers`. */
export interface FindPayload {
  readonly key: Key;
  /** At most MAX_REFERRERS. */
  readonly referrers: readonly NodeId[];
}

export function encodeFind({ key, referrers }: FindPayload): Uint8Array {
  const writer = new Writer(ID_BYTES * (1 + referrers.length) + 1).hex(key).u8(referrers.length);
  for (const id of referrers) writer.hex(id);
  return writer.done();
}

export function decodeFind(bytes: Uint8Array): FindPayload | undefined {
  const count = bytes[ID_BYTES];
  if (count === undefined || count > MAX_REFERRERS || bytes.length !== ID_BYTES * (1 + count) + 1) return undefined;
  const referrers: NodeId[] = [];
  for (let i = 0; i < count; i++) referrers.push(readId(bytes, ID_BYTES * (1 + i) + 1));
  return { key: readId(bytes, 0), referrers };
}

/** What GET asks for. */
export type GetSubject = 'record' | 'providers';

/** GET: what is kept under `key`. */
export interface GetPayload {
  readonly key: Key;
  readonly subject: GetSubject;
  /** Only holders are to answer, not copies on the path. */
  readonly isFresh: boolean;
}

export function encodeGet({ key, subject, isFresh }: GetPayload): Uint8Array {
  return new Writer(ID_BYTES + 1)
    .hex(key)
    .u8((subject === 'record' ? 1 : 2) + (isFresh ? 2 : 0))
    .done();
}

export function decodeGet(bytes: Uint8Array): GetPayload | undefined {
  const subject = bytes[ID_BYTES] ?? 0;
  if (bytes.length !== ID_BYTES + 1 || subject < 1 || subject > 4) return undefined;
  return { key: readId(bytes, 0), subject: subject % 2 === 1 ? 'record' : 'providers', isFresh: subject > 2 };
}

/** The answer to GET. */
export interface ReadPayload {
  /** A write token for the key, when a holder answers. */
  readonly token: WriteToken | undefined;
  /** How long ago a holder answered with it, when a copy answers. [ms, 0..65535] */
  readonly copyAgeMs: Millis | undefined;
  /** The record, nothing, or the providers. */
  readonly body: Uint8Array;
}

/** A token follows: of reads and stores. */
export const HAS_TOKEN = 1;
const IS_COPY = 2;

export function encodeRead({ token, copyAgeMs, body }: ReadPayload): Uint8Array {
  const writer = new Writer(11 + body.length);
  writer.u8((token === undefined ? 0 : HAS_TOKEN) | (copyAgeMs === undefined ? 0 : IS_COPY));
  if (token !== undefined) writer.bytes(messageIdBytes(token));
  if (copyAgeMs !== undefined) writer.u16(Math.min(copyAgeMs, 0xffff));
  return writer.bytes(body).done();
}

/** The body aliases `bytes`. */
export function decodeRead(bytes: Uint8Array): ReadPayload | undefined {
  const reader = new Reader(bytes);
  const flags = reader.u8();
  if (flags > (HAS_TOKEN | IS_COPY)) return undefined;
  const token = flags & HAS_TOKEN ? readToken(reader) : undefined;
  const copyAgeMs = flags & IS_COPY ? reader.u16() : undefined;
  return reader.ok ? { token, copyAgeMs, body: reader.rest() } : undefined;
}

/** The 8 bytes with which a holder answers a store that lacks a token. */
export function encodeToken(token: WriteToken): Uint8Array {
  return messageIdBytes(token);
}

export function decodeToken(bytes: Uint8Array): WriteToken | undefined {
  return bytes.length === TOKEN_BYTES ? readMessageId(bytes, 0) : undefined;
}

const TOKEN_BYTES = 8;

/** A token where `reader` is; empty when that is past the end. */
export function readToken(reader: Reader): WriteToken {
  const bytes = reader.bytes(TOKEN_BYTES);
  return reader.ok ? readMessageId(bytes, 0) : '';
}

const PROTOCOLS: readonly Protocol[] = ['signal', 'call', 'app'];

/** A message of the layers above. */
export interface DeliverPayload {
  readonly protocol: Protocol;
  /** The same for every copy of one message. */
  readonly delivery: MessageId;
  /** Peers linked to the origin, through which it can be answered. At most MAX_REFERRERS. */
  readonly referrers: readonly NodeId[];
  readonly body: Uint8Array;
}

/** The protocol and the number of a DELIVER, with which it begins. [bytes] */
export const DELIVER_NAME_BYTES = 1 + MESSAGE_ID_BYTES;

const DELIVER_HEADER = DELIVER_NAME_BYTES + 1;

export function encodeDeliver({ protocol, delivery, referrers, body }: DeliverPayload): Uint8Array {
  const bodyAt = DELIVER_HEADER + referrers.length * ID_BYTES;
  const bytes = newFrame(bodyAt + body.length);
  bytes[0] = PROTOCOLS.indexOf(protocol) + 1;
  writeMessageId(bytes, 1, delivery);
  bytes[9] = referrers.length;
  referrers.forEach((id, i) => writeId(bytes, DELIVER_HEADER + i * ID_BYTES, id));
  bytes.set(body, bodyAt);
  return bytes;
}

/** The body is a copy, so that the layers above may keep it. */
export function decodeDeliver(bytes: Uint8Array): DeliverPayload | undefined {
  const count = bytes[9];
  const protocol = PROTOCOLS[(bytes[0] ?? 0) - 1];
  if (count === undefined || count > MAX_REFERRERS || !protocol) return undefined;
  const bodyAt = DELIVER_HEADER + count * ID_BYTES;
  if (bodyAt > bytes.length) return undefined;
  const referrers = Array.from({ length: count }, (_, i) => readId(bytes, DELIVER_HEADER + i * ID_BYTES));
  return { protocol, delivery: readMessageId(bytes, 1), referrers, body: bytes.slice(bodyAt) };
}

/** What the target of a DELIVER writes back in its acknowledgement. */
export interface WrittenBack {
  readonly from: Contact;
  readonly body: Uint8Array;
}

export function encodeWrittenBack({ from, body }: WrittenBack): Uint8Array {
  return concatBytes(from.publicKey, body);
}

/** The body is a copy, as that of DELIVER. */
export function decodeWrittenBack(bytes: Uint8Array, cache: ContactCache): WrittenBack | undefined {
  if (bytes.length <= CONTACT_BYTES) return undefined;
  return { from: cache.read(bytes, 0), body: bytes.slice(CONTACT_BYTES) };
}

/** The 8 bytes of a message id, or of what is held like one. */
export function messageIdBytes(id: MessageId): Uint8Array {
  const bytes = new Uint8Array(8);
  writeMessageId(bytes, 0, id);
  return bytes;
}
