import { Reader, Writer, concatBytes, utf8Encode } from '../../../shared/src/bytes.ts';
import { CONTACT_BYTES, type Contact, ID_BYTES, type Key } from '../../../shared/src/ids.ts';
import { MAX_ROUTED_PAYLOAD_BYTES } from '../../../shared/src/limits/overlay.ts';
import { MAX_PROVIDERS_PER_KEY, MAX_RECORD_SALT_BYTES, PROVIDER_TTL_MS } from '../../../shared/src/limits/records.ts';
import type { ContactCache } from './contact-cache.ts';
import { type MessageId, readId, readMessageId } from './frame-fields.ts';
import { HAS_TOKEN, messageIdBytes, readToken } from './payloads.ts';
import type { SignedRecord } from './types.ts';
import type { WriteToken } from './write-tokens.ts';

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

/** Payload of the answer to a STORE that most replicas refused, when others took it or may have. */
export const MAY_BE_HELD = new Uint8Array([1]);

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
