import { MAX_SPOT_CHECKS, MIN_SPOT_CHECKS, SPOT_CHECK_FRACTION } from '../../../../shared/src/limits/storage.ts';
import { equalBytes } from '../../../../shared/src/bytes.ts';
import { type Rng, shuffle } from '../../../../shared/src/machine.ts';
import { PIECE_HASH_BYTES, pieceLengthOf } from '../../swarm/metainfo.ts';
import type { Metainfo } from '../../swarm/types.ts';
import { PieceSet } from '../bitfield.ts';
import { sha1 } from '../hash.ts';
import type { ContentStore } from './types.ts';

/** True when `digest` is what the metainfo says of this piece. */
export function isPieceDigest(metainfo: Metainfo, piece: number, digest: Uint8Array): boolean {
  return equalBytes(digest, metainfo.pieceHashes.subarray(PIECE_HASH_BYTES * piece, PIECE_HASH_BYTES * (piece + 1)));
}

/**
 * The pieces of `claimed` that are really there. A few are checked; only when one of those is wrong are all of them,
 * and `checking` is called first. Rejects with `StorageError`.
 */
export async function verifyStored(
  metainfo: Metainfo,
  store: ContentStore,
  claimed: PieceSet,
  rng: Rng,
  checking: () => void,
): Promise<PieceSet> {
  const pieces = claimed.pieces();
  const wanted = Math.ceil(pieces.length * SPOT_CHECK_FRACTION);
  const sample = shuffle(rng, pieces.slice()).slice(0, Math.min(MAX_SPOT_CHECKS, Math.max(MIN_SPOT_CHECKS, wanted)));
  for (const piece of sample) {
    if (await isStored(metainfo, store, piece)) continue;
    checking();
    const found = new PieceSet(claimed.length);
    for (const each of pieces) if (await isStored(metainfo, store, each)) found.add(each);
    return found;
  }
  return claimed;
}

/** True when the stored bytes of the piece match its hash. Rejects with `StorageError`. */
export async function isStored(metainfo: Metainfo, store: ContentStore, piece: number): Promise<boolean> {
  const bytes = new Uint8Array(pieceLengthOf(metainfo, piece));
  await store.read(piece * metainfo.pieceLength, bytes);
  return isPieceDigest(metainfo, piece, await sha1(bytes));
}
