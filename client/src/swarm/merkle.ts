import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES, MAX_TREE_HEIGHT } from '../../../shared/src/limits/metainfo.ts';
import { invariant } from '../../../shared/src/result.ts';

/*
 * The hash tree of a file (BEP 52): SHA-256 over blocks of 16 KiB, two children to a parent. Layer 0 are the leaves; the
 * piece layer is the one whose hashes each cover a piece. Behind the end of the file leaves are 32 zero bytes, as many
 * as make the number of leaves a power of two. Hashes of a layer stand joined in one array, in order.
 */

/** Length of a SHA-256 digest. [bytes] */
export const TREE_HASH_BYTES = 32;

/** The geometry of a file's tree. */
export interface TreeShape {
  /** Blocks of the file. At least 1. */
  readonly leafCount: number;
  /** Pieces of the file: the hashes of the piece layer that cover content. */
  readonly pieceCount: number;
  /** Layers above the leaves up to the root. A file of one block has none: its leaf is its root. */
  readonly height: number;
  /** Number of the piece layer; that of the root when the file is one piece. */
  readonly pieceLayer: number;
}

/** The tree of a file of `length` >= 1 bytes in pieces of `pieceLength`, a power of two from 16 KiB on. */
export function treeShape(length: number, pieceLength: number): TreeShape {
  const leafCount = Math.ceil(length / BLOCK_BYTES);
  const height = ceilLog2(leafCount);
  const pieceLayer = Math.min(height, ceilLog2(pieceLength / BLOCK_BYTES));
  return { leafCount, pieceCount: Math.ceil(length / pieceLength), height, pieceLayer };
}

/** The hash of a leaf: of a block as it is, the last one of a file being as short as it is. */
export function leafHash(block: Uint8Array): Uint8Array {
  return sha256(block);
}

/** The leaves of `bytes`, which begin at a block's start. Synchronous and slow: for tests and single blocks. */
export function leafHashes(bytes: Uint8Array): Uint8Array {
  const leaves = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * TREE_HASH_BYTES);
  for (let at = 0, leaf = 0; at < bytes.length; at += BLOCK_BYTES, leaf++)
    leaves.set(sha256(bytes.subarray(at, at + BLOCK_BYTES)), leaf * TREE_HASH_BYTES);
  return leaves;
}

/** The hash of two children. */
export function parentHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(left, right));
}

/** The hash of a subtree of `layer` layers above leaves that all lie behind the end of the file. */
export function padHash(layer: number): Uint8Array {
  let hash = PAD_HASHES[layer];
  if (hash) return hash;
  invariant(layer > 0 && layer <= MAX_TREE_HEIGHT, 'a layer of a tree');
  const below = padHash(layer - 1);
  hash = parentHash(below, below);
  PAD_HASHES[layer] = hash;
  return hash;
}

/** BOUNDED: by MAX_TREE_HEIGHT. A cache of constants. */
const PAD_HASHES: Uint8Array[] = [new Uint8Array(TREE_HASH_BYTES)];

/** The hashes of the layer above `layer`. An odd one is paired with the hash of a subtree behind the end of the file. */
export function parentLayer(hashes: Uint8Array, layer: number): Uint8Array {
  const count = hashes.length / TREE_HASH_BYTES;
  const parents = new Uint8Array(((count + 1) >> 1) * TREE_HASH_BYTES);
  for (let at = 0; at < parents.length; at += TREE_HASH_BYTES) {
    const pair = hashes.subarray(2 * at, 2 * at + 2 * TREE_HASH_BYTES);
    parents.set(pair.length > TREE_HASH_BYTES ? sha256(pair) : parentHash(pair, padHash(layer)), at);
  }
  return parents;
}

/** The hashes of layer `to` that stand above `hashes`, which are those of layer `from` from a multiple of 2^(to-from) on. */
export function climb(hashes: Uint8Array, from: number, to: number): Uint8Array {
  let layer = hashes;
  for (let number = from; number < to; number++) layer = parentLayer(layer, number);
  return layer;
}

/** The root over all hashes of one layer of a tree of `height`. 32 bytes. */
export function rootOf(hashes: Uint8Array, layer: number, height: number): Uint8Array {
  invariant(
    hashes.length > 0 && hashes.length / TREE_HASH_BYTES <= 2 ** (height - layer),
    'a layer that fits its tree',
  );
  return climb(hashes, layer, height);
}

/** The piece layer over all leaves of a file. */
export function pieceLayerOf(leaves: Uint8Array, shape: TreeShape): Uint8Array {
  return climb(leaves, 0, shape.pieceLayer);
}

/** The layers of one piece from its leaves up to its own hash. A digest for each leaf. */
export function layersOfPiece(leaves: Uint8Array, shape: TreeShape): readonly Uint8Array[] {
  const layers = [leaves];
  for (let layer = 0; layer < shape.pieceLayer; layer++) layers.push(parentLayer(layers[layer] as Uint8Array, layer));
  return layers;
}

/** True when `layer` is the whole piece layer below `root`, no matter where it came from. */
export function isPieceLayer(layer: Uint8Array, root: Uint8Array, shape: TreeShape): boolean {
  if (layer.length !== shape.pieceCount * TREE_HASH_BYTES) return false;
  return equalBytes(rootOf(layer, shape.pieceLayer, shape.height), root);
}

/** True when `leaves` are all leaves of the piece whose hash in the piece layer is `pieceHash`. */
export function areLeavesOf(leaves: Uint8Array, piece: number, pieceHash: Uint8Array, shape: TreeShape): boolean {
  const perPiece = 2 ** shape.pieceLayer;
  const count = Math.min(perPiece, shape.leafCount - piece * perPiece);
  if (count < 1 || leaves.length !== count * TREE_HASH_BYTES) return false;
  return equalBytes(climb(leaves, 0, shape.pieceLayer), pieceHash);
}

/** Which hashes a `hash request` names (BEP 52). Unsigned 32-bit numbers from the wire: anything. */
export interface HashRange {
  /** Number of the layer that the hashes are of. */
  readonly baseLayer: number;
  /** The first hash. A multiple of `length`. */
  readonly index: number;
  /** How many hashes of the base layer: a power of two, at least 2. Those behind the end of the file count. */
  readonly length: number;
  /** Layers above the base layer whose uncle hashes follow, those that are left out because they are known counted. */
  readonly proofLayers: number;
}

/** True when `range` can be asked of a tree of this shape, and is not longer than `maxLength`. */
export function isRangeOf(range: HashRange, shape: TreeShape, maxLength: number): boolean {
  const { baseLayer, index, length, proofLayers } = range;
  if (length < 2 || length > maxLength || !isPowerOfTwo(length) || index % length !== 0) return false;
  if (baseLayer >= shape.height || proofLayers >= shape.height - baseLayer) return false;
  return index + length <= 2 ** (shape.height - baseLayer);
}

/** How many uncle hashes follow the hashes of the base layer in `hashes` of this range. */
export function uncleCount(range: HashRange): number {
  return Math.max(0, range.proofLayers - (ceilLog2(range.length) - 1));
}

/** A node of a tree. */
export interface TreeNode {
  readonly layer: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/**
 * The node that the payload of a `hashes` message proves: above its hashes and their uncles. When it is a node that is
 * known, by its place and its hash, all hashes of the message are right. Undefined when the payload's length is wrong.
 */
export function provenNode(range: HashRange, payload: Uint8Array): TreeNode | undefined {
  const uncles = uncleCount(range);
  if (payload.length !== (range.length + uncles) * TREE_HASH_BYTES) return undefined;
  const own = range.length * TREE_HASH_BYTES;
  const depth = ceilLog2(range.length);
  let hash = climb(payload.subarray(0, own), range.baseLayer, range.baseLayer + depth);
  let index = range.index / range.length;
  for (let at = own; at < payload.length; at += TREE_HASH_BYTES) {
    const uncle = payload.subarray(at, at + TREE_HASH_BYTES);
    hash = index % 2 === 0 ? parentHash(hash, uncle) : parentHash(uncle, hash);
    index = Math.floor(index / 2);
  }
  return { layer: range.baseLayer + depth + uncles, index, hash };
}

/** What lies below one hash of the piece layer. */
export interface PieceLayers {
  /** Its place in the piece layer. */
  readonly piece: number;
  /** The leaves first. */
  readonly layers: readonly Uint8Array[];
}

/** A file's tree from the piece layer up to the root, for proofs. Twice the memory of the piece layer. */
export class PieceTree {
  readonly shape: TreeShape;
  /** The piece layer first, the root last. Without the hashes behind the end of the file. */
  readonly #layers: readonly Uint8Array[];

  constructor(shape: TreeShape, pieceLayer: Uint8Array) {
    invariant(pieceLayer.length === shape.pieceCount * TREE_HASH_BYTES, 'a whole piece layer');
    this.shape = shape;
    const layers = [pieceLayer];
    for (let layer = shape.pieceLayer; layer < shape.height; layer++)
      layers.push(parentLayer(layers.at(-1) as Uint8Array, layer));
    this.#layers = layers;
  }

  get root(): Uint8Array {
    return this.#layers.at(-1) as Uint8Array;
  }

  /** The hash of a node at or above the piece layer. */
  node(layer: number, index: number): Uint8Array {
    const at = index * TREE_HASH_BYTES;
    const known = this.#layers[layer - this.shape.pieceLayer]?.subarray(at, at + TREE_HASH_BYTES);
    return known && known.length > 0 ? known : padHash(layer);
  }

  /** True when `node` lies at or above the piece layer of this tree and has the hash that it has here. */
  has(node: TreeNode): boolean {
    const { shape } = this;
    if (node.layer < shape.pieceLayer || node.layer > shape.height) return false;
    return node.index < 2 ** (shape.height - node.layer) && equalBytes(this.node(node.layer, node.index), node.hash);
  }

  /**
   * The payload of `hashes` that answers `range`, which `isRangeOf` this shape. Below the piece layer the layers of the
   * piece that the range lies in must be given; undefined when the range needs what is not known.
   */
  answer(range: HashRange, below?: PieceLayers): Uint8Array | undefined {
    const own: Uint8Array[] = [];
    const node = this.#lookup(range, below);
    if (!node) return undefined;
    for (let i = 0; i < range.length; i++) own.push(node(range.baseLayer, range.index + i));
    const depth = ceilLog2(range.length);
    let index = range.index / range.length;
    for (let i = 0; i < uncleCount(range); i++) {
      own.push(node(range.baseLayer + depth + i, index % 2 === 0 ? index + 1 : index - 1));
      index = Math.floor(index / 2);
    }
    return concatBytes(...own);
  }

  /** Finds any node that the answer to `range` takes. */
  #lookup(
    range: HashRange,
    below: PieceLayers | undefined,
  ): ((layer: number, index: number) => Uint8Array) | undefined {
    const { pieceLayer } = this.shape;
    if (range.baseLayer >= pieceLayer) return (layer, index) => this.node(layer, index);
    const perPiece = 2 ** (pieceLayer - range.baseLayer);
    if (!below || range.length > perPiece || Math.floor(range.index / perPiece) !== below.piece) return undefined;
    return (layer, index) => {
      if (layer >= pieceLayer) return this.node(layer, index);
      const at = (index - below.piece * 2 ** (pieceLayer - layer)) * TREE_HASH_BYTES;
      const known = (below.layers[layer] as Uint8Array).subarray(at, at + TREE_HASH_BYTES);
      return known.length > 0 ? known : padHash(layer);
    };
  }
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n));
}

/** The smallest `n` with 2^n >= `count`. Exact for all safe integers that are powers of two. */
function ceilLog2(count: number): number {
  let n = 0;
  for (let power = 1; power < count; power *= 2) n++;
  return n;
}
