import { Reader, Writer, utf8Encode } from '../../../shared/src/bytes.ts';
import { CONTACT_BYTES, type Contact, ID_BYTES, type Key, type NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_PROVIDERS_PER_KEY,
  MAX_RECORD_VALUE_BYTES,
  MAX_REFERRERS,
  PROVIDER_TTL_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { ContactCache } from './contact-cache.ts';
import { type MessageId, contactBytes, readId, readMessageId, writeId, writeMessageId } from './frame-fields.ts';
import type { Protocol, SignedRecord } from './types.ts';

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

export function encodeGet(key: Key, subject: GetSubject): Uint8Array {
  return new Writer(ID_BYTES + 1)
    .hex(key)
    .u8(subject === 'record' ? 1 : 2)
    .done();
}

export function decodeGet(bytes: Uint8Array): { readonly key: Key; readonly subject: GetSubject } | undefined {
  const subject = bytes[ID_BYTES];
  if (bytes.length !== ID_BYTES + 1 || (subject !== 1 && subject !== 2)) return undefined;
  return { key: readId(bytes, 0), subject: subject === 1 ? 'record' : 'providers' };
}

/** The fields of a record that its author signs. */
export type RecordFields = Omit<SignedRecord, 'signature'>;

const RECORD_CONTEXT = utf8Encode('skein record 1');

/** The bytes under a record's signature: a context that no other signature of ours has, then every field. */
export function recordSignedBytes(record: RecordFields): Uint8Array {
  return writeRecordFields(new Writer(256 + record.value.length).bytes(RECORD_CONTEXT), record).done();
}

export function encodeRecord(record: SignedRecord): Uint8Array {
  return writeRecordFields(new Writer(256 + record.value.length), record)
    .bytes(record.signature)
    .done();
}

export function decodeRecord(bytes: Uint8Array, cache: ContactCache): SignedRecord | undefined {
  if (bytes.length < ID_BYTES + CONTACT_BYTES || bytes.length > 512 + MAX_RECORD_VALUE_BYTES) return undefined;
  const reader = new Reader(bytes);
  reader.bytes(ID_BYTES + CONTACT_BYTES);
  const sequence = reader.u48();
  const expiresAt = reader.u48();
  const value = reader.bytes16().slice();
  const signature = reader.bytes(64).slice();
  if (!reader.atEnd() || value.length > MAX_RECORD_VALUE_BYTES) return undefined;
  return { key: readId(bytes, 0), author: cache.read(bytes, ID_BYTES), sequence, expiresAt, value, signature };
}

function writeRecordFields(writer: Writer, record: RecordFields): Writer {
  return writer
    .hex(record.key)
    .bytes(contactBytes(record.author))
    .u48(record.sequence)
    .u48(record.expiresAt)
    .bytes16(record.value);
}

/** A provider as it is announced and passed between holders. */
export interface ProviderNote {
  readonly provider: Contact;
  /** Remaining life. [s, up to PROVIDER_TTL_MS] */
  readonly ttlSeconds: number;
  /** First 8 bytes of the hash of the secret that removes it, as a message id is held. */
  readonly removal: MessageId;
}

const NOTE_BYTES = 2 + 8 + CONTACT_BYTES;

export function encodePublish(key: Key, notes: readonly ProviderNote[]): Uint8Array {
  const writer = new Writer(ID_BYTES + 1 + notes.length * NOTE_BYTES).hex(key).u8(notes.length);
  for (const { provider, ttlSeconds, removal } of notes) {
    writer.u16(ttlSeconds).bytes(messageIdBytes(removal)).bytes(contactBytes(provider));
  }
  return writer.done();
}

export function decodePublish(
  bytes: Uint8Array,
  cache: ContactCache,
): { readonly key: Key; readonly notes: readonly ProviderNote[] } | undefined {
  const count = bytes[ID_BYTES];
  if (count === undefined || count === 0 || count > MAX_PROVIDERS_PER_KEY) return undefined;
  if (bytes.length !== ID_BYTES + 1 + count * NOTE_BYTES) return undefined;
  const notes: ProviderNote[] = [];
  for (let i = 0; i < count; i++) {
    const at = ID_BYTES + 1 + i * NOTE_BYTES;
    const ttlSeconds = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    if (ttlSeconds * 1000 > PROVIDER_TTL_MS) return undefined;
    notes.push({ ttlSeconds, removal: readMessageId(bytes, at + 2), provider: cache.read(bytes, at + 10) });
  }
  return { key: readId(bytes, 0), notes };
}

/** Takes a provider away again: only who knows the secret can. */
export interface UnpublishPayload {
  readonly key: Key;
  readonly provider: Contact;
  /** 8 bytes. */
  readonly secret: MessageId;
}

export function encodeUnpublish({ key, provider, secret }: UnpublishPayload): Uint8Array {
  return new Writer(ID_BYTES + CONTACT_BYTES + 8)
    .hex(key)
    .bytes(contactBytes(provider))
    .bytes(messageIdBytes(secret))
    .done();
}

export function decodeUnpublish(bytes: Uint8Array, cache: ContactCache): UnpublishPayload | undefined {
  if (bytes.length !== ID_BYTES + CONTACT_BYTES + 8) return undefined;
  return {
    key: readId(bytes, 0),
    provider: cache.read(bytes, ID_BYTES),
    secret: readMessageId(bytes, ID_BYTES + CONTACT_BYTES),
  };
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

const DELIVER_HEADER = 10;

export function encodeDeliver({ protocol, delivery, referrers, body }: DeliverPayload): Uint8Array {
  const bodyAt = DELIVER_HEADER + referrers.length * ID_BYTES;
  const bytes = new Uint8Array(bodyAt + body.length);
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

function messageIdBytes(id: MessageId): Uint8Array {
  const bytes = new Uint8Array(8);
  writeMessageId(bytes, 0, id);
  return bytes;
}
