import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRng } from '../../shared/src/machine.ts';
import { newContact } from './new-node.ts';
import { readIndex } from './peer-index.ts';
import { peerSeed, workloadSeed } from './seeds.ts';

test('a contact tells the index of its peer', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), (index) => {
      expect(readIndex(newContact(seededRng(1), index))).toBe(index);
    }),
  );
});

test('every peer of a network has a seed of its own, and in another network another', () => {
  const seedsOf = (seed: number): number[] => Array.from({ length: 100_000 }, (_, index) => peerSeed(seed, index));
  const [first, second] = [seedsOf(1), seedsOf(2)];
  expect(new Set(first).size).toBe(100_000);
  expect(first.filter((seed, index) => seed === second[index])).toEqual([]);
});

test('the first shard of a run chooses as the only one does, the others otherwise', () => {
  expect(workloadSeed(7, 0)).toBe(7);
  expect(new Set([0, 1, 2, 3, 4, 5, 6, 7].map((shard) => workloadSeed(7, shard))).size).toBe(8);
});
