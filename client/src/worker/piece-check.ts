import { equalBytes } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { HashTrees, shortPieces } from '../swarm/hash-trees.ts';
import { TREE_HASH_BYTES, climb } from '../swarm/merkle.ts';
import { PIECE_HASH_BYTES, pieceLengthOf } from '../swarm/metainfo.ts';
import type { Metainfo } from '../swarm/types.ts';
import { sha1, sha256 } from './hash.ts';
import type { OwnBytes } from './storage/types.ts';

/** The SHA-256 hashes of the blocks of `bytes`, which begin at a block's start (BEP 52). */
export async function hashLeaves(bytes: OwnBytes): Promise<Uint8Array> {
  const digests: Promise<Uint8Array>[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) digests.push(sha256(bytes.subarray(at, at + BLOCK_BYTES)));
  const leaves = new Uint8Array(digests.length * TREE_HASH_BYTES);
  for (const [place, digest] of (await Promise.all(digests)).entries()) leaves.set(digest, place * TREE_HASH_BYTES);
  return leaves;
}

/** Tells whether bytes are what a torrent says of its pieces, by whatever hashes it has. */
export class PieceCheck {
  readonly #metainfo: Metainfo;
  readonly #trees: HashTrees | undefined;
  readonly #short: ReadonlyMap<number, number>;

  constructor(metainfo: Metainfo) {
    this.#metainfo = metainfo;
    this.#trees = metainfo.version === 'v1' ? undefined : new HashTrees(metainfo);
    this.#short = shortPieces(metainfo);
  }

  /** Length of a piece without the padding behind it. [bytes] */
  dataLength(piece: number): number {
    return this.#short.get(piece) ?? pieceLengthOf(this.#metainfo, piece);
  }

  /**
   * True when `bytes`, padding included, are the piece: by its SHA-1 hash (BEP 3) where there is one, else by its hash in
   * the piece layer (BEP 52), which is given when the metainfo was made without it.
   */
  async isPiece(piece: number, bytes: OwnBytes, treeHash?: Uint8Array): Promise<boolean> {
    const { pieceHashes } = this.#metainfo;
    if (pieceHashes.length > 0)
      return equalBytes(
        await sha1(bytes),
        pieceHashes.subarray(PIECE_HASH_BYTES * piece, PIECE_HASH_BYTES * (piece + 1)),
      );
    const hash = treeHash ?? this.#trees?.pieceHash(piece);
    const file = this.#trees?.fileOf(piece);
    if (!hash || !file) return false;
    const leaves = await hashLeaves(bytes.subarray(0, this.dataLength(piece)));
    return equalBytes(climb(leaves, 0, file.shape.pieceLayer), hash);
  }
}
