import { MAX_PIECES } from '../../../shared/src/limits/metainfo.ts';
import {
  MAX_EXTENDED_BYTES,
  MAX_HASHES_PER_MESSAGE,
  MAX_REQUEST_BYTES,
  MAX_UNKNOWN_BYTES,
} from '../../../shared/src/limits/swarm.ts';
import { TREE_HASH_BYTES } from './merkle.ts';
import {
  EXTENDED_BIT,
  FAST_BIT,
  HANDSHAKE_BYTES,
  HASH_RANGE_BYTES,
  MESSAGE,
  PROTOCOL_HEADER,
  V2_BIT,
  type FileHashRange,
  type WireMessage,
} from './wire.ts';

/** Why a stream was given up. */
export type WireErrorCode =
  /** The stream does not begin with BEP 3's header. */
  | 'not-bittorrent'
  /** A known message whose length does not fit its kind. */
  | 'bad-length'
  /** A message longer than any of its kind may be. */
  | 'too-long';

/**
 * Cuts a peer's byte stream into messages; how the stream is split into inputs means nothing (BEP 3). Total: never
 * throws, and after an error it stays in error. Lengths are checked before anything is kept, so at most one message of
 * `MAX_REQUEST_BYTES` is held. A message that lies whole in one input is not copied.
 */
export class WireDecoder {
  /** Messages of unknown kinds that were skipped. */
  ignored = 0;
  readonly #header = new Uint8Array(HANDSHAKE_BYTES);
  #headerLength = 0;
  #isGreeted = false;
  /** The body of a message that came in parts, of which `#bodyLength` bytes are here. */
  #body: Uint8Array | undefined;
  #bodyLength = 0;
  #bodyId = 0;
  /** Bytes of an unknown message still to be passed over. */
  #skip = 0;
  #error: WireErrorCode | undefined;

  /** Appends the messages that `bytes` complete to `sink`. Returns why the stream is malformed, if it is. */
  push(bytes: Uint8Array, sink: WireMessage[]): WireErrorCode | undefined {
    let at = 0;
    while (at < bytes.length && this.#error === undefined) {
      if (!this.#isGreeted) at = this.#greet(bytes, at, sink);
      else if (this.#skip > 0) at = this.#passOver(bytes, at);
      else if (this.#body) at = this.#fillBody(bytes, at, sink);
      else if (this.#headerLength === 0) at = this.#whole(bytes, at, sink);
      else at = this.#fillHeader(bytes, at, sink);
    }
    return this.#error;
  }

  #greet(bytes: Uint8Array, from: number, sink: WireMessage[]): number {
    let at = from;
    const header = this.#header;
    while (at < bytes.length && this.#headerLength < HANDSHAKE_BYTES) {
      const byte = bytes[at++] as number;
      const expected = PROTOCOL_HEADER[this.#headerLength];
      if (expected !== undefined && byte !== expected) {
        this.#error = 'not-bittorrent';
        return at;
      }
      header[this.#headerLength++] = byte;
    }
    if (this.#headerLength < HANDSHAKE_BYTES) return at;
    this.#headerLength = 0;
    this.#isGreeted = true;
    sink.push({
      kind: 'handshake',
      hasExtended: ((header[20 + EXTENDED_BIT.byte] as number) & EXTENDED_BIT.mask) !== 0,
      hasFast: ((header[20 + FAST_BIT.byte] as number) & FAST_BIT.mask) !== 0,
      hasV2: ((header[20 + V2_BIT.byte] as number) & V2_BIT.mask) !== 0,
      infoHash: header.slice(28, 48),
      peerId: header.slice(48, 68),
    });
    return at;
  }

  #passOver(bytes: Uint8Array, at: number): number {
    const passed = Math.min(this.#skip, bytes.length - at);
    this.#skip -= passed;
    return at + passed;
  }

  /** The common case: the message begins here; if it also ends here it is decoded in place. */
  #whole(bytes: Uint8Array, at: number, sink: WireMessage[]): number {
    const here = bytes.length - at;
    if (here < 4) return this.#fillHeader(bytes, at, sink);
    const length = u32(bytes, at);
    if (length === 0) {
      sink.push({ kind: 'keepAlive' });
      return at + 4;
    }
    if (here < 5) return this.#fillHeader(bytes, at, sink);
    const id = bytes[at + 4] as number;
    if (!this.#admit(id, length)) return at + 5;
    if (here >= 4 + length) {
      decodeBody(id, bytes, at + 5, at + 4 + length, sink);
      return at + 4 + length;
    }
    this.#hold(id, length);
    return at + 5;
  }

  #fillHeader(bytes: Uint8Array, from: number, sink: WireMessage[]): number {
    let at = from;
    while (at < bytes.length && this.#headerLength < 5) {
      this.#header[this.#headerLength++] = bytes[at++] as number;
      if (this.#headerLength === 4 && u32(this.#header, 0) === 0) {
        this.#headerLength = 0;
        sink.push({ kind: 'keepAlive' });
        return at;
      }
    }
    if (this.#headerLength < 5) return at;
    this.#headerLength = 0;
    const length = u32(this.#header, 0);
    const id = this.#header[4] as number;
    if (!this.#admit(id, length)) return at;
    if (length === 1) decodeBody(id, bytes, at, at, sink);
    else this.#hold(id, length);
    return at;
  }

  /** True when the message is to be read; false when it is refused (with an error) or skipped. */
  #admit(id: number, length: number): boolean {
    const [least, most] = LENGTHS[id] ?? UNKNOWN;
    if (length > most) this.#error = least === most ? 'bad-length' : 'too-long';
    else if (length < least) this.#error = 'bad-length';
    else if (id === MESSAGE.hashes && (length - least) % TREE_HASH_BYTES !== 0) this.#error = 'bad-length';
    else if (LENGTHS[id]) return true;
    else {
      this.ignored++;
      this.#skip = length - 1;
    }
    return false;
  }

  #hold(id: number, length: number): void {
    this.#body = new Uint8Array(length - 1);
    this.#bodyLength = 0;
    this.#bodyId = id;
  }

  #fillBody(bytes: Uint8Array, at: number, sink: WireMessage[]): number {
    const body = this.#body as Uint8Array;
    const taken = Math.min(body.length - this.#bodyLength, bytes.length - at);
    body.set(bytes.subarray(at, at + taken), this.#bodyLength);
    this.#bodyLength += taken;
    if (this.#bodyLength === body.length) {
      this.#body = undefined;
      decodeBody(this.#bodyId, body, 0, body.length, sink);
    }
    return at + taken;
  }
}

/** Least and greatest length of each message, its id included. [bytes] */
const LENGTHS: readonly (readonly [number, number] | undefined)[] = (() => {
  const lengths: [number, number][] = [];
  const set = (ids: readonly number[], least: number, most: number): void => {
    for (const id of ids) lengths[id] = [least, most];
  };
  const { choke, unchoke, interested, notInterested, haveAll, haveNone } = MESSAGE;
  set([choke, unchoke, interested, notInterested, haveAll, haveNone], 1, 1);
  set([MESSAGE.have, MESSAGE.suggest, MESSAGE.allowedFast], 5, 5);
  set([MESSAGE.request, MESSAGE.cancel, MESSAGE.reject], 13, 13);
  set([MESSAGE.bitfield], 1, 1 + MAX_PIECES / 8);
  set([MESSAGE.piece], 9, 9 + MAX_REQUEST_BYTES);
  set([MESSAGE.extended], 2, 2 + MAX_EXTENDED_BYTES);
  const range = 1 + HASH_RANGE_BYTES;
  set([MESSAGE.hashRequest, MESSAGE.hashReject], range, range);
  set([MESSAGE.hashes], range, range + MAX_HASHES_PER_MESSAGE * TREE_HASH_BYTES);
  return Array.from({ length: 256 }, (_, id) => lengths[id]);
})();

const UNKNOWN: readonly [number, number] = [1, MAX_UNKNOWN_BYTES];

/** Decodes the body in `bytes` from `at` to `end`. Its length was checked against `LENGTHS`. */
function decodeBody(id: number, bytes: Uint8Array, at: number, end: number, sink: WireMessage[]): void {
  switch (id) {
    case MESSAGE.piece:
      sink.push({
        kind: 'piece',
        piece: u32(bytes, at),
        begin: u32(bytes, at + 4),
        bytes: bytes.subarray(at + 8, end),
      });
      return;
    case MESSAGE.request:
    case MESSAGE.cancel:
    case MESSAGE.reject: {
      const kind = id === MESSAGE.request ? 'request' : id === MESSAGE.cancel ? 'cancel' : 'reject';
      sink.push({ kind, piece: u32(bytes, at), begin: u32(bytes, at + 4), length: u32(bytes, at + 8) });
      return;
    }
    case MESSAGE.have:
    case MESSAGE.suggest:
    case MESSAGE.allowedFast: {
      const kind = id === MESSAGE.have ? 'have' : id === MESSAGE.suggest ? 'suggest' : 'allowedFast';
      sink.push({ kind, piece: u32(bytes, at) });
      return;
    }
    case MESSAGE.bitfield:
      sink.push({ kind: 'bitfield', bits: bytes.subarray(at, end) });
      return;
    case MESSAGE.extended:
      sink.push({ kind: 'extended', id: bytes[at] as number, payload: bytes.subarray(at + 1, end) });
      return;
    case MESSAGE.hashRequest:
    case MESSAGE.hashReject:
      sink.push({ kind: id === MESSAGE.hashRequest ? 'hashRequest' : 'hashReject', ...hashRange(bytes, at) });
      return;
    case MESSAGE.hashes:
      sink.push({ kind: 'hashes', ...hashRange(bytes, at), hashes: bytes.subarray(at + HASH_RANGE_BYTES, end) });
      return;
    default:
      sink.push({ kind: PLAIN[id] ?? 'choke' });
  }
}

type PlainKind = 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone';

const PLAIN: Readonly<Record<number, PlainKind>> = {
  [MESSAGE.choke]: 'choke',
  [MESSAGE.unchoke]: 'unchoke',
  [MESSAGE.interested]: 'interested',
  [MESSAGE.notInterested]: 'notInterested',
  [MESSAGE.haveAll]: 'haveAll',
  [MESSAGE.haveNone]: 'haveNone',
};

function hashRange(bytes: Uint8Array, at: number): FileHashRange {
  const numbers = at + TREE_HASH_BYTES;
  return {
    piecesRoot: bytes.subarray(at, numbers),
    baseLayer: u32(bytes, numbers),
    index: u32(bytes, numbers + 4),
    length: u32(bytes, numbers + 8),
    proofLayers: u32(bytes, numbers + 12),
  };
}

function u32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x100_0000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}
