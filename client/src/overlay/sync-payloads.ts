import { Reader, Writer } from '../../../shared/src/bytes.ts';
import { ID_BYTES, type Key } from '../../../shared/src/ids.ts';
import { MAX_SYNC_ENTRIES, MAX_SYNC_WANTED, SYNC_PARTS } from '../../../shared/src/limits/records.ts';
import { readId } from './frame-fields.ts';

/** What is stored under a key. Records of a key's owner and of others are told apart, because the owner's always win. */
export type ItemKind = 'record' | 'owned' | 'providers';

/** By number on the wire, from 1. */
const ITEM_KINDS: readonly ItemKind[] = ['record', 'providers', 'owned'];

/** Names one thing that is held. */
export interface ItemName {
  readonly kind: ItemKind;
  readonly key: Key;
}

/** One thing that is held, and which version of it: the sequence number, or a hash of the providers. */
export interface Item extends ItemName {
  /** [0 .. 2^48) */
  readonly version: number;
}

/** SYNC: a digest of what both sides should hold, a wish for some of it, or an offer of what the other side did not list. */
export type SyncPayload =
  | {
      readonly kind: 'digest';
      /** Chosen by the sender for this exchange, so that nobody can prepare keys whose hashes cancel out. */
      readonly salt: number;
      /** One per part of the key space. SYNC_PARTS of them. */
      readonly hashes: readonly number[];
    }
  /** At most MAX_SYNC_WANTED. */
  | { readonly kind: 'wanted'; readonly names: readonly ItemName[] }
  /** At most MAX_SYNC_WANTED. Answered by a wish for those that are news, or by nothing. */
  | { readonly kind: 'offered'; readonly items: readonly Item[] };

/** The answer to a digest: everything in the parts that differ. Empty when none does. */
export interface SyncAnswer {
  /** Bit i: part i is listed completely. */
  readonly parts: number;
  /** At most MAX_SYNC_ENTRIES. */
  readonly items: readonly Item[];
}

const DIGEST_BYTES = 1 + 4 + 4 * SYNC_PARTS;
const NAME_BYTES = 1 + ID_BYTES;
const ITEM_BYTES = NAME_BYTES + 6;

export function encodeSync(payload: SyncPayload): Uint8Array {
  const writer = new Writer(DIGEST_BYTES);
  switch (payload.kind) {
    case 'digest':
      writer.u8(1).u32(payload.salt);
      for (const hash of payload.hashes) writer.u32(hash);
      break;
    case 'wanted':
      writer.u8(2).u8(payload.names.length);
      for (const name of payload.names) writeName(writer, name);
      break;
    case 'offered':
      writer.u8(3).u8(payload.items.length);
      for (const item of payload.items) writeName(writer, item).u48(item.version);
      break;
  }
  return writer.done();
}

export function decodeSync(bytes: Uint8Array): SyncPayload | undefined {
  const reader = new Reader(bytes);
  const kind = reader.u8();
  if (kind === 1 && bytes.length === DIGEST_BYTES) {
    const salt = reader.u32();
    return { kind: 'digest', salt, hashes: Array.from({ length: SYNC_PARTS }, () => reader.u32()) };
  }
  const count = reader.u8();
  if (count === 0 || count > MAX_SYNC_WANTED) return undefined;
  if (kind === 2 && bytes.length === 2 + count * NAME_BYTES) {
    const names = Array.from({ length: count }, () => readName(reader));
    return isComplete(names) ? { kind: 'wanted', names } : undefined;
  }
  if (kind !== 3 || bytes.length !== 2 + count * ITEM_BYTES) return undefined;
  const items = Array.from({ length: count }, () => readItem(reader));
  return isComplete(items) ? { kind: 'offered', items } : undefined;
}

export function encodeSyncAnswer({ parts, items }: SyncAnswer): Uint8Array {
  const writer = new Writer(2 + items.length * ITEM_BYTES).u16(parts);
  for (const item of items) writeName(writer, item).u48(item.version);
  return writer.done();
}

export function decodeSyncAnswer(bytes: Uint8Array): SyncAnswer | undefined {
  const count = (bytes.length - 2) / ITEM_BYTES;
  if (!Number.isInteger(count) || count > MAX_SYNC_ENTRIES) return undefined;
  const reader = new Reader(bytes);
  const parts = reader.u16();
  const items = Array.from({ length: count }, () => readItem(reader));
  return reader.atEnd() && isComplete(items) ? { parts, items } : undefined;
}

function writeName(writer: Writer, { kind, key }: ItemName): Writer {
  return writer.u8(ITEM_KINDS.indexOf(kind) + 1).hex(key);
}

function readName(reader: Reader): ItemName | undefined {
  const kind = ITEM_KINDS[reader.u8() - 1];
  const key = reader.bytes(ID_BYTES);
  return reader.ok && kind ? { kind, key: readId(key, 0) } : undefined;
}

function readItem(reader: Reader): Item | undefined {
  const name = readName(reader);
  const version = reader.u48();
  return name && { ...name, version };
}

function isComplete<T>(items: readonly (T | undefined)[]): items is readonly T[] {
  return !items.includes(undefined);
}
