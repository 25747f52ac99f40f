import { sha1 } from '@noble/hashes/legacy.js';
import { concatBytes } from '../../../shared/src/bytes.ts';
import {
  ALLOWED_FAST_BYTES,
  ALLOWED_FAST_PIECES,
  ALLOWED_FAST_SHARE,
  MAX_ALLOWED_FAST_ROUNDS,
  MIN_ALLOWED_FAST_TORRENT,
} from '../../../shared/src/limits/swarm.ts';
import type { Effects } from './effects.ts';
import { pieceCountOf } from './metainfo.ts';
import type { PeerSession } from './peer-session.ts';
import type { Metainfo } from './types.ts';
import type { WireRequest } from './wire.ts';

/**
 * The pieces that a choked peer may have (BEP 6, canonical algorithm): a chain of SHA-1 over `requester` and the
 * info-hash, each digest naming five pieces. Everybody names the same ones to the same peer, and of a larger set the
 * smaller one is the front, so a peer that asks everybody gets no more than from one.
 *
 * The BEP begins the chain with the peer's IPv4 address, its last byte cleared, so that neighbours of one network share a
 * set. Data channels show no address: ours begins with the 20 bytes of the node id, which the link has proven. Further
 * ids are to be had for the making, so it is not the set that holds freeloaders off but what is served of it: see
 * `AllowedFast`.
 */
export function allowedFastSet(
  requester: Uint8Array,
  infoHash: Uint8Array,
  pieceCount: number,
  size: number,
): readonly number[] {
  const pieces = new Set<number>();
  const wanted = Math.min(size, pieceCount);
  let digest = concatBytes(requester, infoHash);
  // Nobody knows a short cycle of SHA-1, and nobody could keep this busy with one.
  for (let round = 0; pieces.size < wanted && round < MAX_ALLOWED_FAST_ROUNDS; round++) {
    digest = sha1(digest);
    const words = new DataView(digest.buffer, digest.byteOffset, digest.length);
    for (let at = 0; at < digest.length && pieces.size < wanted; at += 4) pieces.add(words.getUint32(at) % pieceCount);
  }
  return [...pieces];
}

/** How many pieces of the torrent are in a set: few of a small torrent and of large pieces, or it were given away. */
export function allowedFastSize({ totalLength, pieceLength }: Metainfo): number {
  const pieceCount = pieceCountOf(totalLength, pieceLength);
  const byCount = pieceCount < MIN_ALLOWED_FAST_TORRENT ? 0 : Math.ceil(ALLOWED_FAST_SHARE * pieceCount);
  const byBytes = Math.max(1, Math.floor(ALLOWED_FAST_BYTES / pieceLength));
  return Math.min(ALLOWED_FAST_PIECES, byCount, byBytes);
}

/** What the upload side needs of the torrent. */
export interface AllowedFastContent {
  readonly metainfo: Metainfo;
  isStored(piece: number): boolean;
}

/**
 * Gives peers that have next to nothing their first pieces while they are choked, so that they have something to trade
 * (BEP 6, allowed fast). Only what is here is offered, each piece once for a connection and no longer than the peer has
 * fewer pieces than a set: who only takes gets a set and no more, from however many peers.
 */
export class AllowedFast {
  readonly #effects: Effects;
  /** Pieces in a set of this torrent; 0 until somebody was offered one. */
  #size = 0;

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** The peer has said what it has: it is told what it may ask for while it is choked. */
  offer(session: PeerSession, infoHash: Uint8Array, content: AllowedFastContent): void {
    const { metainfo } = content;
    this.#size = allowedFastSize(metainfo);
    // A super-seed has shown the peer other pieces.
    if (!session.hasFast || session.revealed || !this.#isStarting(session)) return;
    const pieceCount = pieceCountOf(metainfo.totalLength, metainfo.pieceLength);
    for (const piece of allowedFastSet(session.idBytes, infoHash, pieceCount, this.#size)) {
      if (!content.isStored(piece) || session.pieces?.has(piece)) continue;
      session.offeredFast.set(piece, metainfo.pieceLength);
      this.#effects.write(session).allowedFast(piece);
    }
  }

  /** Whether a choked peer is served this. What is granted is not granted again. */
  grant(session: PeerSession, { piece, length }: WireRequest): boolean {
    const left = session.offeredFast.get(piece) ?? 0;
    if (length > left || !this.#isStarting(session)) return false;
    session.offeredFast.set(piece, left - length);
    return true;
  }

  #isStarting(session: PeerSession): boolean {
    return (session.pieces?.count ?? 0) < this.#size;
  }
}
