import { utf8Encode } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { type HashRange, TREE_HASH_BYTES } from './merkle.ts';

export { BLOCK_BYTES };

/** Identifiers of the messages that are spoken: BEP 3 (0 to 8), BEP 6 (13 to 17), BEP 10 (20), BEP 52 (21 to 23). */
export const MESSAGE = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

/** The first 20 bytes of a stream: the length 19 and the protocol's name (BEP 3). */
export const PROTOCOL_HEADER: Uint8Array = utf8Encode('\u0013BitTorrent protocol');

/** Length of the handshake: header, 8 reserved bytes, info-hash, peer id. [bytes] BEP 3. */
export const HANDSHAKE_BYTES = 68;

/** Length of a `piece` message in front of the block: length, id, piece, begin. [bytes] BEP 3. */
export const PIECE_HEADER_BYTES = 13;

/** Reserved byte and bit by which BEP 10 (extension protocol) is announced. */
export const EXTENDED_BIT = { byte: 5, mask: 0x10 } as const;

/** Reserved byte and bit by which BEP 6 (fast extension) is announced. */
export const FAST_BIT = { byte: 7, mask: 0x04 } as const;

/** Reserved byte and bit by which BEP 52 (version 2: hash trees) is announced. */
export const V2_BIT = { byte: 7, mask: 0x10 } as const;

/** Length of the body that hash request, hash reject and the front of hashes have in common. [bytes] BEP 52. */
export const HASH_RANGE_BYTES = TREE_HASH_BYTES + 16;

/** One message of the stream. Byte fields alias the bytes they were decoded from. */
export type WireMessage =
  | WireHandshake
  | { readonly kind: 'keepAlive' }
  | { readonly kind: 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone' }
  | { readonly kind: 'have' | 'suggest' | 'allowedFast'; readonly piece: number }
  | { readonly kind: 'bitfield'; readonly bits: Uint8Array }
  | WireRequest
  | WireBlock
  | WireHashRange
  | WireHashes
  | { readonly kind: 'extended'; readonly id: number; readonly payload: Uint8Array };

export interface WireHandshake {
  readonly kind: 'handshake';
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly hasFast: boolean;
  readonly hasExtended: boolean;
  readonly hasV2: boolean;
}

/** Asks for a block, takes the asking back, or (BEP 6) refuses it. Numbers are as they came: unchecked, 0 to 2^32 − 1. */
export interface WireRequest {
  readonly kind: 'request' | 'cancel' | 'reject';
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

export interface WireBlock {
  readonly kind: 'piece';
  readonly piece: number;
  readonly begin: number;
  readonly bytes: Uint8Array;
}

/** A run of hashes of a file's tree (BEP 52). Numbers are as they came: unchecked, 0 to 2^32 − 1. */
export interface FileHashRange extends HashRange {
  /** Which file: the root of its tree. */
  readonly piecesRoot: Uint8Array;
}

/** Asks for a run of hashes, or refuses to send it. */
export interface WireHashRange extends FileHashRange {
  readonly kind: 'hashRequest' | 'hashReject';
}

/** A run of hashes and behind it the uncles that lead from it towards the root. */
export interface WireHashes extends FileHashRange {
  readonly kind: 'hashes';
  /** A whole number of digests; how many is unchecked. */
  readonly hashes: Uint8Array;
}

/** The first 13 bytes of a `piece` message whose block is `length` bytes long; the block follows them. */
export function encodePieceHeader(piece: number, begin: number, length: number): Uint8Array {
  const header = new Uint8Array(PIECE_HEADER_BYTES);
  putU32(header, 0, 9 + length);
  header[4] = MESSAGE.piece;
  putU32(header, 5, piece);
  putU32(header, 9, begin);
  return header;
}

/**
 * Writes messages one behind the other into a buffer that is used again after each `take`. All values are our own and
 * trusted to be in range.
 */
export class WireWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  handshake(infoHash: Uint8Array, peerId: Uint8Array): this {
    const at = this.#reserve(HANDSHAKE_BYTES);
    this.#bytes.fill(0, at, at + HANDSHAKE_BYTES);
    this.#bytes.set(PROTOCOL_HEADER, at);
    this.#bytes[at + 20 + EXTENDED_BIT.byte] = EXTENDED_BIT.mask;
    this.#bytes[at + 20 + FAST_BIT.byte] = FAST_BIT.mask | V2_BIT.mask;
    this.#bytes.set(infoHash, at + 28);
    this.#bytes.set(peerId, at + 48);
    return this;
  }

  keepAlive(): this {
    const at = this.#reserve(4);
    putU32(this.#bytes, at, 0);
    return this;
  }

  choke(): this {
    return this.#plain(MESSAGE.choke);
  }

  unchoke(): this {
    return this.#plain(MESSAGE.unchoke);
  }

  interested(): this {
    return this.#plain(MESSAGE.interested);
  }

  notInterested(): this {
    return this.#plain(MESSAGE.notInterested);
  }

  haveAll(): this {
    return this.#plain(MESSAGE.haveAll);
  }

  haveNone(): this {
    return this.#plain(MESSAGE.haveNone);
  }

  have(piece: number): this {
    return this.#indexed(MESSAGE.have, piece);
  }

  suggest(piece: number): this {
    return this.#indexed(MESSAGE.suggest, piece);
  }

  allowedFast(piece: number): this {
    return this.#indexed(MESSAGE.allowedFast, piece);
  }

  bitfield(bits: Uint8Array): this {
    return this.#header(MESSAGE.bitfield, bits.length).raw(bits);
  }

  request(piece: number, begin: number, length: number): this {
    return this.#block(MESSAGE.request, piece, begin, length);
  }

  cancel(piece: number, begin: number, length: number): this {
    return this.#block(MESSAGE.cancel, piece, begin, length);
  }

  reject(piece: number, begin: number, length: number): this {
    return this.#block(MESSAGE.reject, piece, begin, length);
  }

  piece(piece: number, begin: number, block: Uint8Array): this {
    return this.raw(encodePieceHeader(piece, begin, block.length)).raw(block);
  }

  extended(id: number, ...payload: readonly Uint8Array[]): this {
    const length = payload.reduce((sum, part) => sum + part.length, 0);
    this.#header(MESSAGE.extended, 1 + length);
    const at = this.#reserve(1);
    this.#bytes[at] = id;
    for (const part of payload) this.raw(part);
    return this;
  }

  hashRequest(range: FileHashRange): this {
    return this.#hashRange(MESSAGE.hashRequest, range, 0);
  }

  hashReject(range: FileHashRange): this {
    return this.#hashRange(MESSAGE.hashReject, range, 0);
  }

  hashes(range: FileHashRange, ...hashes: readonly Uint8Array[]): this {
    const length = hashes.reduce((sum, part) => sum + part.length, 0);
    this.#hashRange(MESSAGE.hashes, range, length);
    for (const part of hashes) this.raw(part);
    return this;
  }

  /** Bytes that are wire format already. */
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** What was written since the last `take`, in an array of its own. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    // One large bitfield or metadata block does not hold its memory for the life of the peer.
    if (this.#bytes.length > 8192) this.#bytes = new Uint8Array(256);
    return taken;
  }

  #plain(id: number): this {
    return this.#header(id, 0);
  }

  #indexed(id: number, piece: number): this {
    this.#header(id, 4);
    const at = this.#reserve(4);
    putU32(this.#bytes, at, piece);
    return this;
  }

  #block(id: number, piece: number, begin: number, length: number): this {
    const at = this.#reserve(17);
    const bytes = this.#bytes;
    putU32(bytes, at, 13);
    bytes[at + 4] = id;
    putU32(bytes, at + 5, piece);
    putU32(bytes, at + 9, begin);
    putU32(bytes, at + 13, length);
    return this;
  }

  #hashRange(id: number, range: FileHashRange, extra: number): this {
    this.#header(id, HASH_RANGE_BYTES + extra).raw(range.piecesRoot);
    const at = this.#reserve(16);
    putU32(this.#bytes, at, range.baseLayer);
    putU32(this.#bytes, at + 4, range.index);
    putU32(this.#bytes, at + 8, range.length);
    putU32(this.#bytes, at + 12, range.proofLayers);
    return this;
  }

  #header(id: number, bodyLength: number): this {
    const at = this.#reserve(5);
    putU32(this.#bytes, at, 1 + bodyLength);
    this.#bytes[at + 4] = id;
    return this;
  }

  /** Makes room for `extra` bytes and returns where they go. Call it before `#bytes` is read: it may be another array. */
  #reserve(extra: number): number {
    const at = this.#length;
    this.#length += extra;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
