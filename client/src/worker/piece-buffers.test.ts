import { expect, test } from 'vitest';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { hashToId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { leafHash, leafHashes } from '../swarm/merkle.ts';
import { type KeptBlock, PieceBuffers } from './piece-buffers.ts';

const ada = hashToId(Uint8Array.of(1));
const bob = hashToId(Uint8Array.of(2));
const bytes = randomBytes(seededRng(1), 2 * BLOCK_BYTES);
const wrong = bytes.map((byte) => byte ^ 1);
const leaves = leafHashes(bytes);
const [first, second] = [leaves.subarray(0, 32), leaves.subarray(32)];

/** The buffers of a torrent of pieces of two blocks, the blocks that they call bad, and whose block they call good. */
function setUp(dataLength = 2 * BLOCK_BYTES): { buffers: PieceBuffers; bad: unknown[]; good: unknown[] } {
  const bad: unknown[] = [];
  const good: unknown[] = [];
  const sizes = { pieceLength: 2 * BLOCK_BYTES, totalLength: 8 * BLOCK_BYTES };
  const buffers = new PieceBuffers(sizes, () => dataLength, {
    blockBad: (...block) => bad.push(block),
    blockGood: (...block) => good.push(block),
  });
  return { buffers, bad, good };
}

const block = (begin: number, leaf: Uint8Array | undefined, change: Partial<KeptBlock> = {}): KeptBlock => {
  return {
    piece: 0,
    begin,
    bytes: bytes.subarray(begin, begin + BLOCK_BYTES),
    from: ada,
    leaf,
    isTrial: false,
    ...change,
  };
};

test('blocks that match their leaves need no further check', async () => {
  const { buffers, bad } = setUp();
  buffers.keep(block(0, first));
  buffers.keep(block(BLOCK_BYTES, second));
  expect(await buffers.settle(0)).toEqual({ buffer: bytes, bad: [], areAllGood: true });
  expect(bad).toEqual([]);
});

test('a bad block is named with its sender, and is forgotten once another one took its place', async () => {
  const { buffers, bad } = setUp();
  buffers.keep(block(0, first));
  buffers.keep(block(BLOCK_BYTES, second, { bytes: wrong.subarray(BLOCK_BYTES), from: bob }));
  expect(await buffers.settle(0)).toMatchObject({ bad: [BLOCK_BYTES], areAllGood: false });
  expect(bad).toEqual([[0, BLOCK_BYTES, bob]]);
  buffers.keep(block(BLOCK_BYTES, second));
  expect(await buffers.settle(0)).toEqual({ buffer: bytes, bad: [], areAllGood: true });
});

test('blocks that came before their leaves are checked when these are here', async () => {
  const { buffers, bad } = setUp();
  buffers.keep(block(0, undefined, { bytes: wrong.subarray(0, BLOCK_BYTES), from: bob }));
  buffers.keep(block(BLOCK_BYTES, second));
  expect(await buffers.settle(0)).toMatchObject({ bad: [], areAllGood: false });
  buffers.check(0, leaves);
  expect(await buffers.settle(0)).toMatchObject({ bad: [0], areAllGood: false });
  expect(bad).toEqual([[0, 0, bob]]);
});

test('of right blocks those of peers on trial are told of, whether their leaves came before or after them', async () => {
  const { buffers, good } = setUp();
  buffers.keep(block(0, first));
  buffers.keep(block(BLOCK_BYTES, second, { from: bob, isTrial: true }));
  await buffers.settle(0);
  expect(good).toEqual([[0, BLOCK_BYTES, bob]]);
  buffers.keep(block(0, undefined, { piece: 1, isTrial: true }));
  buffers.keep(block(BLOCK_BYTES, undefined, { piece: 1, from: bob }));
  buffers.check(1, leaves);
  await buffers.settle(1);
  expect(good.slice(1)).toEqual([[1, 0, ada]]);
});

test('a wrong block of a peer on trial is bad as any other', async () => {
  const { buffers, bad, good } = setUp();
  buffers.keep(block(0, first, { bytes: wrong.subarray(0, BLOCK_BYTES), isTrial: true }));
  await buffers.settle(0);
  expect([bad, good]).toEqual([[[0, 0, ada]], []]);
});

test('a block in front of padding is checked at its own length, and what follows it is zeros', async () => {
  const { buffers, bad } = setUp(BLOCK_BYTES + 100);
  // The buffer that this piece gets was used: its bytes would be the padding of the next one.
  for (const begin of [0, BLOCK_BYTES]) buffers.keep(block(begin, undefined, { piece: 1 }));
  buffers.drop(1);
  const short = bytes.subarray(BLOCK_BYTES, BLOCK_BYTES + 100);
  buffers.keep(block(0, first));
  buffers.keep(block(BLOCK_BYTES, undefined, { bytes: short }));
  buffers.check(0, new Uint8Array([...first, ...leafHash(short)]));
  const piece = await buffers.settle(0);
  expect(piece?.areAllGood).toBe(true);
  expect(piece?.buffer.subarray(BLOCK_BYTES + 100).every((byte) => byte === 0)).toBe(true);
  expect(bad).toEqual([]);
});

test('a buffer that is still being hashed is not used again', async () => {
  const { buffers } = setUp();
  buffers.keep(block(0, first));
  buffers.drop(0);
  buffers.keep(block(0, undefined, { piece: 1, bytes: wrong.subarray(0, BLOCK_BYTES) }));
  buffers.keep(block(0, first, { piece: 2 }));
  expect(await buffers.settle(2)).toMatchObject({ bad: [] });
  expect(await buffers.settle(0)).toBeUndefined();
});
