import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { buildMetainfo } from '../../src/swarm/build-metainfo.ts';
import { TREE_HASH_BYTES, climb, leafHash, treeShape } from '../../src/swarm/merkle.ts';
import type { Metainfo } from '../../src/swarm/types.ts';

const LEAF = leafHash(new Uint8Array(BLOCK_BYTES));

/** The leaves of so many bytes of zeros, a multiple of a block. */
export function zeroLeaves(bytes: number): Uint8Array {
  return repeat(LEAF, bytes / BLOCK_BYTES);
}

/**
 * A torrent of version 2 whose one file is zeros: its hash tree is a real one, so hashes are asked for and proven as
 * ever, and yet nobody has to keep content. Lengths are multiples of a piece.
 */
export function zeroMetainfo(name: string, fileBytes: number, pieceLength: number): Metainfo {
  const { pieceLayer, pieceCount } = treeShape(fileBytes, pieceLength);
  const layer = repeat(climb(zeroLeaves(pieceLength), 0, pieceLayer), pieceCount);
  const files = [{ path: ['file'], length: fileBytes }];
  return buildMetainfo({ name, files, pieceLength, pieceHashes: undefined, pieceLayers: [layer], trackers: [] });
}

function repeat(hash: Uint8Array, count: number): Uint8Array {
  const all = new Uint8Array(count * TREE_HASH_BYTES);
  for (let i = 0; i < count; i++) all.set(hash, i * TREE_HASH_BYTES);
  return all;
}
