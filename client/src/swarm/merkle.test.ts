import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, equalBytes, toHex } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { MAX_HASHES_PER_REQUEST } from '../../../shared/src/limits/swarm.ts';
import { randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import {
  type HashRange,
  PieceTree,
  TREE_HASH_BYTES,
  areLeavesOf,
  isPieceLayer,
  isRangeOf,
  layersOfPiece,
  leafHashes,
  padHash,
  pieceLayerOf,
  provenNode,
  rootOf,
  treeShape,
  uncleCount,
} from './merkle.ts';
import { at } from './test/at.ts';

const nodeSha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(concatBytes(...parts))
      .digest(),
  );

/** All layers of the whole, padded tree over `bytes`, the leaves first: the definition of BEP 52, word for word. */
function wholeTree(bytes: Uint8Array): Uint8Array[][] {
  const leaves: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES)
    leaves.push(nodeSha256(bytes.subarray(from, from + BLOCK_BYTES)));
  while (!Number.isInteger(Math.log2(leaves.length))) leaves.push(new Uint8Array(32));
  const layers = [leaves];
  while (at(layers, layers.length - 1).length > 1) {
    const below = at(layers, layers.length - 1);
    layers.push(below.flatMap((hash, i) => (i % 2 === 0 ? [nodeSha256(hash, at(below, i + 1))] : [])));
  }
  return layers;
}

/** Content of some blocks whose last one may be short, and a piece length. */
const content = fc
  .record({
    seed: fc.nat(1000),
    blocks: fc.integer({ min: 1, max: 40 }),
    last: fc.constantFrom(1, 5, BLOCK_BYTES - 1, BLOCK_BYTES),
    pieceLength: fc.constantFrom(1, 2, 4, 8).map((blocks) => blocks * BLOCK_BYTES),
  })
  .map(({ seed, blocks, last, pieceLength }) => {
    const bytes = randomBytes(seededRng(seed), (blocks - 1) * BLOCK_BYTES + last);
    return { bytes, pieceLength, shape: treeShape(bytes.length, pieceLength), layers: wholeTree(bytes) };
  });

const properties = { numRuns: 60 };

test('a file of one block has the hash of the block for a root, however short it is', () => {
  // SHA-256 of "abc": FIPS 180-4, appendix B.1.
  const leaves = leafHashes(new Uint8Array([0x61, 0x62, 0x63]));
  expect(toHex(rootOf(leaves, 0, 0))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('hashes behind the end of the file are zero at the leaves, and hashes of those above', () => {
  expect(padHash(0)).toEqual(new Uint8Array(32));
  expect(padHash(1)).toEqual(nodeSha256(new Uint8Array(64)));
  expect(padHash(2)).toEqual(nodeSha256(padHash(1), padHash(1)));
});

test('root and piece layer are those of the padded binary tree', () => {
  fc.assert(
    fc.property(content, ({ bytes, shape, layers }) => {
      const leaves = leafHashes(bytes);
      const root = at(at(layers, shape.height), 0);
      expect(rootOf(leaves, 0, shape.height)).toEqual(root);
      const layer = pieceLayerOf(leaves, shape);
      expect(layer).toEqual(concatBytes(...at(layers, shape.pieceLayer).slice(0, shape.pieceCount)));
      expect(new PieceTree(shape, layer).root).toEqual(root);
    }),
    properties,
  );
});

test('a piece layer is believed only whole and unchanged', () => {
  fc.assert(
    fc.property(content, fc.nat(), ({ bytes, shape }, flip) => {
      const leaves = leafHashes(bytes);
      const root = rootOf(leaves, 0, shape.height);
      const layer = pieceLayerOf(leaves, shape);
      expect(isPieceLayer(layer, root, shape)).toBe(true);
      const changed = layer.slice();
      changed[flip % changed.length] = at([...changed], flip % changed.length) ^ 1;
      expect(isPieceLayer(changed, root, shape)).toBe(false);
      expect(isPieceLayer(layer.subarray(0, -1), root, shape)).toBe(false);
      expect(isPieceLayer(layer.subarray(0, -TREE_HASH_BYTES), root, shape)).toBe(false);
      expect(isPieceLayer(concatBytes(layer, padHash(shape.pieceLayer)), root, shape)).toBe(false);
    }),
    properties,
  );
});

test('leaves are believed only when they are those of their piece', () => {
  fc.assert(
    fc.property(content, fc.nat(), ({ bytes, pieceLength, shape }, pick) => {
      const layer = pieceLayerOf(leafHashes(bytes), shape);
      const piece = pick % shape.pieceCount;
      const leaves = leafHashes(bytes.subarray(piece * pieceLength, (piece + 1) * pieceLength));
      const hash = layer.subarray(piece * TREE_HASH_BYTES, (piece + 1) * TREE_HASH_BYTES);
      expect(areLeavesOf(leaves, piece, hash, shape)).toBe(true);
      expect(areLeavesOf(leaves, shape.pieceCount, hash, shape)).toBe(false);
      leaves[pick % leaves.length] = at([...leaves], pick % leaves.length) ^ 0x80;
      expect(areLeavesOf(leaves, piece, hash, shape)).toBe(false);
    }),
    properties,
  );
});

/** Every range that can be asked of a tree. */
function* ranges(height: number): Generator<HashRange> {
  for (let baseLayer = 0; baseLayer < height; baseLayer++) {
    for (let length = 2; length <= 2 ** (height - baseLayer); length *= 2) {
      for (let index = 0; index < 2 ** (height - baseLayer); index += length) {
        for (let proofLayers = 0; proofLayers < height - baseLayer; proofLayers++)
          yield { baseLayer, index, length, proofLayers };
      }
    }
  }
}

test('every range of a tree is answered with the hashes and uncles of the padded tree, and proves a node of it', () => {
  for (const [length, pieceLength] of [
    [11 * BLOCK_BYTES + 3, 2 * BLOCK_BYTES],
    [8 * BLOCK_BYTES, 8 * BLOCK_BYTES],
    [5 * BLOCK_BYTES, BLOCK_BYTES],
  ] as const) {
    const bytes = randomBytes(seededRng(length), length);
    const shape = treeShape(length, pieceLength);
    const layers = wholeTree(bytes);
    const tree = new PieceTree(shape, pieceLayerOf(leafHashes(bytes), shape));
    for (const range of ranges(shape.height)) {
      expect(isRangeOf(range, shape, MAX_HASHES_PER_REQUEST)).toBe(true);
      const perPiece = 2 ** Math.max(0, shape.pieceLayer - range.baseLayer);
      const piece = Math.floor(range.index / perPiece);
      const isWithin = range.baseLayer >= shape.pieceLayer || range.length <= perPiece;
      const isContent = piece < shape.pieceCount;
      if (!isWithin || (range.baseLayer < shape.pieceLayer && !isContent)) continue;
      const hashes = leafHashes(bytes.subarray(piece * pieceLength, (piece + 1) * pieceLength));
      const payload = tree.answer(range, { piece, layers: layersOfPiece(hashes, shape) });
      if (!payload) throw new Error(`no answer to ${JSON.stringify(range)}`);
      expect(payload.length).toBe((range.length + uncleCount(range)) * TREE_HASH_BYTES);
      const own = at(layers, range.baseLayer).slice(range.index, range.index + range.length);
      expect(payload.subarray(0, range.length * TREE_HASH_BYTES)).toEqual(concatBytes(...own));
      const proven = provenNode(range, payload);
      if (!proven) throw new Error('nothing proven');
      expect(proven.hash).toEqual(at(at(layers, proven.layer), proven.index));
      expect(tree.has(proven)).toBe(proven.layer >= shape.pieceLayer);
      const isToTheRoot = range.proofLayers === shape.height - range.baseLayer - 1;
      expect(!isToTheRoot || proven.layer === shape.height).toBe(true);
    }
  }
});

test('the uncles of 8 hashes begin three layers up: the first two proof layers follow from the hashes (BEP 52)', () => {
  const range = { baseLayer: 0, index: 0, length: 8 };
  expect([0, 1, 2, 3, 4, 5].map((proofLayers) => uncleCount({ ...range, proofLayers }))).toEqual([0, 0, 0, 1, 2, 3]);
  expect(uncleCount({ ...range, length: 2, proofLayers: 1 })).toBe(1);
});

test('leaves are not made up for a range that spans pieces or lies in another one', () => {
  const bytes = randomBytes(seededRng(1), 16 * BLOCK_BYTES);
  const shape = treeShape(bytes.length, 4 * BLOCK_BYTES);
  const tree = new PieceTree(shape, pieceLayerOf(leafHashes(bytes), shape));
  const layers = layersOfPiece(leafHashes(bytes.subarray(0, 4 * BLOCK_BYTES)), shape);
  expect(tree.answer({ baseLayer: 0, index: 0, length: 4, proofLayers: 3 }, { piece: 0, layers })).toBeDefined();
  expect(tree.answer({ baseLayer: 0, index: 0, length: 8, proofLayers: 3 }, { piece: 0, layers })).toBeUndefined();
  expect(tree.answer({ baseLayer: 0, index: 4, length: 4, proofLayers: 3 }, { piece: 0, layers })).toBeUndefined();
  expect(tree.answer({ baseLayer: 0, index: 0, length: 4, proofLayers: 3 })).toBeUndefined();
});

test('ranges that fit no tree are refused', () => {
  const shape = treeShape(12 * BLOCK_BYTES, 2 * BLOCK_BYTES);
  const good = { baseLayer: 1, index: 2, length: 2, proofLayers: 2 };
  expect(isRangeOf(good, shape, 512)).toBe(true);
  for (const change of [
    { length: 0 },
    { length: 1 },
    { length: 3 },
    { length: 16 },
    { length: 2 ** 32 - 1 },
    { index: 1 },
    { index: 8 },
    { index: 2 ** 32 - 2 },
    { baseLayer: 4 },
    { baseLayer: 2 ** 32 - 1 },
    { proofLayers: 3 },
    { proofLayers: 2 ** 32 - 1 },
  ])
    expect(isRangeOf({ ...good, ...change }, shape, 512)).toBe(false);
  expect(isRangeOf({ ...good, length: 4, index: 0 }, shape, 2)).toBe(false);
});

test('of 100,000 changed proofs none proves a node of the tree, and none throws', () => {
  const rng = seededRng(6);
  const bytes = randomBytes(rng, 7 * BLOCK_BYTES);
  const shape = treeShape(bytes.length, BLOCK_BYTES);
  const tree = new PieceTree(shape, pieceLayerOf(leafHashes(bytes), shape));
  const all = [...ranges(shape.height)].filter((range) => range.length <= 4);
  let proofs = 0;
  for (let i = 0; i < 100_000; i++) {
    const range = at(all, randomBelow(rng, all.length));
    const payload = tree.answer(range) ?? new Uint8Array();
    const cut = randomBelow(rng, 8) === 0 ? randomBelow(rng, payload.length) : payload.length;
    const changed = payload.slice(0, cut);
    if (cut === payload.length) {
      const place = randomBelow(rng, cut);
      changed[place] = ((changed[place] as number) + 1 + randomBelow(rng, 255)) & 255;
    }
    if (equalBytes(changed, payload)) throw new Error('not changed');
    const proven = provenNode(range, changed);
    if (!proven) continue;
    proofs++;
    if (tree.has(proven)) throw new Error('believed a changed proof');
  }
  expect(proofs).toBeGreaterThan(50_000);
});
