import { Reader, Writer, concatBytes, utf8Encode } from '../../../shared/src/bytes.ts';
import { CONTACT_BYTES, type Contact, ID_BYTES, type Key, type NodeId } from '../../../shared/src/ids.ts';
import { MAX_REFERRERS, MAX_ROUTED_PAYLOAD_BYTES } from '../../../shared/src/limits/overlay.ts';
import { MAX_PROVIDERS_PER_KEY, MAX_RECORD_SALT_BYTES, PROVIDER_TTL_MS } from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { ContactCache } from './contact-cache.ts';
import { type MessageId, readId, readMessageId, writeId, writeMessageId } from './frame-fields.ts';
import type { Protocol, SignedRecord } from './types.ts';
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

const HAS_TOKEN = 1;
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

/** True when a read that begins with `flags` is a copy of what a popular key holds. */
export function isCopy(flags: number | undefined): boolean {
  return flags !== undefined && (flags & IS_COPY) !== 0;
}

/** The 8 bytes with which a holder answers a store that lacks a token. */
export function encodeToken(token: WriteToken): Uint8Array {
  return messageIdBytes(token);
}

export function decodeToken(bytes: Uint8Array): WriteToken | undefined {
  return bytes.length === TOKEN_BYTES ? readMessageId(bytes, 0) : undefined;
}

const TOKEN_BYTES = 8;

function readToken(reader: Reader): WriteToken {
  const bytes = reader.bytes(TOKEN_BYTES);
  return reader.ok ? readMessageId(bytes, 0) : '';
}

/** The fields of a record that its author signs. */
export type RecordFields = Omit<SignedRecord, 'signature'>;

const RECORD_CONTEXT = utf8Encode('skein record 3');

/** The bytes under a record's signature: a context that no other signature of ours has, then every field. */
export function recordSignedBytes(record: RecordFields): Uint8Array {
  return writeRecordFields(new Writer(256 + record.value.length).bytes(RECORD_CONTEXT), record).done();
}

export function encodeRecord(record: SignedRecord): Uint8Array {
  return writeRecordFields(new Writer(256 + record.value.length), record)
    .bytes(record.signature)
    .done();
}

/** Length of an encoded record without its salt and value. [bytes] */
export const RECORD_HEADER_BYTES = ID_BYTES + CONTACT_BYTES + 1 + 6 + 6 + 2 + 64;

/** A value over the limit is read all the same, so that it can be refused by name. */
export function decodeRecord(bytes: Uint8Array, cache: ContactCache): SignedRecord | undefined {
  if (bytes.length < RECORD_HEADER_BYTES || bytes.length > MAX_ROUTED_PAYLOAD_BYTES) return undefined;
  const reader = new Reader(bytes);
  reader.bytes(ID_BYTES + CONTACT_BYTES);
  const salt = reader.bytes8().slice();
  const sequence = reader.u48();
  const expiresAt = reader.u48();
  const value = reader.bytes16().slice();
  const signature = reader.bytes(64).slice();
  if (!reader.atEnd() || salt.length > MAX_RECORD_SALT_BYTES) return undefined;
  const author = cache.read(bytes, ID_BYTES);
  return { key: readId(bytes, 0), author, ...(salt.length > 0 && { salt }), sequence, expiresAt, value, signature };
}

const NO_SALT = new Uint8Array(0);

function writeRecordFields(writer: Writer, record: RecordFields): Writer {
  return writer
    .hex(record.key)
    .bytes(record.author.publicKey)
    .bytes8(record.salt ?? NO_SALT)
    .u48(record.sequence)
    .u48(record.expiresAt)
    .bytes16(record.value);
}

/** What a store carries beside what is stored. */
export interface StoreOptions {
  readonly token?: WriteToken | undefined;
  /** The sequence number that the record is to replace, if any is there (BEP 44's cas). Not for providers. */
  readonly expectedSequence?: number | undefined;
}

const HAS_EXPECTED = 2;

/** STORE: a signed record, to be kept. */
export interface StorePayload {
  readonly options: StoreOptions;
  readonly record: SignedRecord;
}

export function encodeStore({ options, record }: StorePayload): Uint8Array {
  return concatBytes(encodeStoreOptions(options), encodeRecord(record));
}

export function decodeStore(bytes: Uint8Array, cache: ContactCache): StorePayload | undefined {
  const reader = new Reader(bytes);
  const options = readStoreOptions(reader);
  const record = options && decodeRecord(reader.rest(), cache);
  return record && { options, record };
}

function encodeStoreOptions({ token, expectedSequence }: StoreOptions): Uint8Array {
  const writer = new Writer(16);
  writer.u8((token === undefined ? 0 : HAS_TOKEN) | (expectedSequence === undefined ? 0 : HAS_EXPECTED));
  if (token !== undefined) writer.bytes(messageIdBytes(token));
  if (expectedSequence !== undefined) writer.u48(expectedSequence);
  return writer.done();
}

function readStoreOptions(reader: Reader): StoreOptions | undefined {
  const flags = reader.u8();
  if (flags > (HAS_TOKEN | HAS_EXPECTED)) return undefined;
  const token = flags & HAS_TOKEN ? readToken(reader) : undefined;
  const expectedSequence = flags & HAS_EXPECTED ? reader.u48() : undefined;
  return reader.ok ? { token, expectedSequence } : undefined;
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

/** PUBLISH: who provides `key`. */
export interface PublishPayload {
  readonly key: Key;
  /** 1 to MAX_PROVIDERS_PER_KEY. */
  readonly notes: readonly ProviderNote[];
  readonly token: WriteToken | undefined;
}

export function encodePublish({ key, notes, token }: PublishPayload): Uint8Array {
  const writer = new Writer(ID_BYTES + 10 + notes.length * NOTE_BYTES);
  writer.bytes(encodeStoreOptions({ token })).hex(key).u8(notes.length);
  for (const { provider, ttlSeconds, removal } of notes) {
    writer.u16(ttlSeconds).bytes(messageIdBytes(removal)).bytes(provider.publicKey);
  }
  return writer.done();
}

export function decodePublish(payload: Uint8Array, cache: ContactCache): PublishPayload | undefined {
  const reader = new Reader(payload);
  const options = readStoreOptions(reader);
  const bytes = reader.rest();
  const count = bytes[ID_BYTES];
  if (!options || count === undefined || count === 0 || count > MAX_PROVIDERS_PER_KEY) return undefined;
  if (bytes.length !== ID_BYTES + 1 + count * NOTE_BYTES) return undefined;
  const notes: ProviderNote[] = [];
  for (let i = 0; i < count; i++) {
    const at = ID_BYTES + 1 + i * NOTE_BYTES;
    const ttlSeconds = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    if (ttlSeconds * 1000 > PROVIDER_TTL_MS) return undefined;
    notes.push({ ttlSeconds, removal: readMessageId(bytes, at + 2), provider: cache.read(bytes, at + 10) });
  }
  return { key: readId(bytes, 0), notes, token: options.token };
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
    .bytes(provider.publicKey)
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

function messageIdBytes(id: MessageId): Uint8Array {
  const bytes = new Uint8Array(8);
  writeMessageId(bytes, 0, id);
  return bytes;
}
