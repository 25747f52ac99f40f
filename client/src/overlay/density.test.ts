import { expect, test } from 'vitest';
import { ID_BYTES, type NodeId, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import { type Rng, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { judgeDensity, sizeByDensity } from './density.ts';

const SIZE = 200;

function randomId(rng: Rng): NodeId {
  return nodeIdFromBytes(randomBytes(rng, ID_BYTES));
}

/** A key, and the 20 closest of `count` random peers. */
function around(seed: number, count: number): { key: NodeId; ids: NodeId[] } {
  const rng = seededRng(seed);
  const key = randomId(rng);
  const ids = Array.from({ length: count }, () => randomId(rng)).sort((a, b) => compareDistance(key, a, b));
  return { key, ids: ids.slice(0, 20) };
}

function shareOf(count: number, verdict: string): number {
  let hits = 0;
  for (let seed = 0; seed < 300; seed++) {
    const { key, ids } = around(seed, count);
    if (judgeDensity(key, ids, SIZE) === verdict) hits++;
  }
  return hits / 300;
}

test('the density around a key tells the size of the network', () => {
  const sizes = Array.from({ length: 200 }, (_, seed) => {
    const { key, ids } = around(seed, SIZE);
    return sizeByDensity(key, ids);
  }).sort((a, b) => a - b);
  expect(sizes[100]).toBeGreaterThan(0.9 * SIZE);
  expect(sizes[100]).toBeLessThan(1.1 * SIZE);
});

test('honest answers pass', () => {
  expect(shareOf(SIZE, 'plausible')).toBeGreaterThan(0.99);
});

test('answers that name only the tenth of the peers that collude are sparse', () => {
  expect(shareOf(SIZE / 10, 'sparse')).toBeGreaterThan(0.99);
});

test('answers full of ids made for the key are dense', () => {
  expect(shareOf(10 * SIZE, 'dense')).toBeGreaterThan(0.99);
});

test('an answer that names nobody is sparse unless nobody else is there', () => {
  const { key } = around(1, 1);
  expect(judgeDensity(key, [], SIZE)).toBe('sparse');
  expect(judgeDensity(key, [], 1)).not.toBe('dense');
});

test('a network of three is plausible when all three are named', () => {
  const { key, ids } = around(2, 3);
  expect(judgeDensity(key, ids.slice(0, 2), 3)).toBe('plausible');
});
