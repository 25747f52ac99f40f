import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, fromHex, hexDigit } from './bytes.ts';

/** Length of a node id and of an overlay key. [bytes] Kademlia's 160 bits (Maymounkov & Mazières 2002 §2). */
export const ID_BYTES = 20;

/** Length of a public key, Ed25519 or X25519. [bytes] RFC 8032 §5.1.5, RFC 7748 §5. */
export const KEY_BYTES = 32;

declare const nodeIdBrand: unique symbol;

/**
 * A 160-bit point of the overlay's id space: a peer's id or a record's key, as 40 lower-case hex digits.
 * One form everywhere: it is a `Map` key, it is what the public door shows, and two ids compare character by character.
 */
export type NodeId = string & { readonly [nodeIdBrand]: true };

/** A key under which the overlay finds records. The same space as node ids. */
export type Key = NodeId;

const ID_PATTERN = /^[0-9a-f]{40}$/;

/** `text` as an id, or undefined when it is not exactly 40 lower-case hex digits. */
export function parseNodeId(text: string): NodeId | undefined {
  return ID_PATTERN.test(text) ? (text as NodeId) : undefined;
}

/**
 * The id in the 20 bytes from `at` on. Any such bytes are a valid id. All digits at once, because a string put together
 * of parts stays a chain of parts where it is a key, with eight times the memory.
 */
export function nodeIdFromBytes(bytes: Uint8Array, at = 0): NodeId {
  for (let i = 0; i < ID_BYTES; i++) {
    const byte = bytes[at + i] as number;
    digits[2 * i] = DIGITS[byte >> 4] as number;
    digits[2 * i + 1] = DIGITS[byte & 15] as number;
  }
  return String.fromCharCode.apply(undefined, digits) as NodeId;
}

/** Scratch space of `nodeIdFromBytes`, overwritten by every call. */
const digits: number[] = Array.from({ length: 2 * ID_BYTES }, () => 0);

/** The hex digits as character codes. */
const DIGITS: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

export function nodeIdToBytes(id: NodeId): Uint8Array {
  return fromHex(id) as Uint8Array;
}

/** The first 160 bits of SHA-256 over `parts` joined. */
export function hashToId(...parts: readonly Uint8Array[]): NodeId {
  return nodeIdFromBytes(sha256(concatBytes(...parts)));
}

/**
 * A peer as others know it: its public key and the id that it hashes to. Whoever holds the key can check the id
 * without a signature, so contacts can be passed on by anyone.
 */
export interface Contact {
  readonly id: NodeId;
  /** First 32 bits of the id, as a signed integer: decides nearly every comparison of distances at once. */
  readonly prefix: number;
  /** Ed25519 public key: checks what the peer signs, and messages for the peer are sealed to its X25519 form. [32 bytes] */
  readonly publicKey: Uint8Array;
}

/** Length of a contact on the wire: its key. The id is derived by the reader, never sent. [bytes] */
export const CONTACT_BYTES = KEY_BYTES;

/** The contact that the key makes. Its id is the first 160 bits of SHA-256(key). */
export function contactFromKey(publicKey: Uint8Array): Contact {
  const id = hashToId(publicKey);
  return { id, prefix: idPrefix(id), publicKey };
}

/** The first 32 bits of an id as a signed integer. */
export function idPrefix(id: NodeId): number {
  let prefix = 0;
  for (let i = 0; i < 8; i++) prefix = (prefix << 4) | hexDigit(id.charCodeAt(i));
  return prefix;
}

/** The contact in exactly 32 bytes, copied out of them; undefined for any other length. */
export function decodeContact(bytes: Uint8Array): Contact | undefined {
  if (bytes.length !== CONTACT_BYTES) return undefined;
  return contactFromKey(bytes.slice());
}

/** The first 8 hex digits of an id, for logs and for people. */
export function shortId(id: NodeId): string {
  return id.slice(0, 8);
}
