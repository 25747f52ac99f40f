import {
  HASH_READ_BYTES,
  HASH_READS_IN_FLIGHT,
  MIN_SHARED_PIECES,
  PREFERRED_PIECE_BYTES,
} from '../../../shared/src/limits/storage.ts';
import { choosePieceLength } from '../swarm/build-metainfo.ts';
import { PIECE_HASH_BYTES, pieceCountOf } from '../swarm/metainfo.ts';
import { sha1 } from './hash.ts';
import type { Layout } from './storage/layout.ts';
import { readFiles } from './storage/source-files.ts';

/** The piece length for a share of `totalBytes`: longer than the usual choice where storage gains by it. [bytes] */
export function sharedPieceLength(totalBytes: number): number {
  let length = choosePieceLength(totalBytes);
  while (length < PREFERRED_PIECE_BYTES && totalBytes >= 2 * length * MIN_SHARED_PIECES) length *= 2;
  return length;
}

/**
 * The SHA-1 digests of all pieces, in order and in one array. Reads in large parts, a few of them ahead of the digests.
 * Rejects with `storage-failed` when a file cannot be read.
 */
export async function hashPieces(sources: readonly Blob[], layout: Layout, pieceLength: number): Promise<Uint8Array> {
  const pieceCount = pieceCountOf(layout.totalLength, pieceLength);
  const hashes = new Uint8Array(pieceCount * PIECE_HASH_BYTES);
  const piecesPerRead = Math.max(1, Math.floor(HASH_READ_BYTES / pieceLength));
  let nextPiece = 0;
  const work = async (): Promise<void> => {
    while (nextPiece < pieceCount) {
      const first = nextPiece;
      nextPiece += piecesPerRead;
      const bytes = await readFiles(sources, layout, first * pieceLength, piecesPerRead * pieceLength);
      const digests: Promise<Uint8Array>[] = [];
      for (let at = 0; at < bytes.length; at += pieceLength) digests.push(sha1(bytes.subarray(at, at + pieceLength)));
      for (const [i, digest] of (await Promise.all(digests)).entries())
        hashes.set(digest, (first + i) * PIECE_HASH_BYTES);
    }
  };
  await Promise.all(Array.from({ length: HASH_READS_IN_FLIGHT }, work));
  return hashes;
}
