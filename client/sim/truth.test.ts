import { expect, test } from 'vitest';
import { type Rng, seededRng } from '../../shared/src/machine.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import { Truth } from './truth.ts';
import { randomKey } from './workload.ts';

const keys = (rng: Rng, count: number): ReturnType<typeof randomKey>[] =>
  Array.from({ length: count }, () => randomKey(rng));

test('the nearest ids are those that sorting by distance puts first', () => {
  const rng = seededRng(3);
  const ids = keys(rng, 500);
  const truth = new Truth(ids);
  for (const key of keys(rng, 50)) {
    const sorted = ids.toSorted((a, b) => compareDistance(key, a, b));
    expect(truth.nearest(key, 20)).toEqual(sorted.slice(0, 20));
    expect(truth.closest(key)).toBe(sorted[0]);
  }
});

test('more ids than there are cannot be near', () => {
  const ids = keys(seededRng(4), 3);
  expect(new Truth(ids).nearest(ids[0] ?? randomKey(seededRng(1)), 8)).toHaveLength(3);
  expect(new Truth([]).closest(randomKey(seededRng(1)))).toBeUndefined();
});

test('ids come and go', () => {
  const rng = seededRng(5);
  const [first, second] = keys(rng, 2);
  if (!first || !second) throw new Error('two keys were made');
  const truth = new Truth([first]);
  truth.add(second);
  truth.add(second);
  expect([truth.size, truth.closest(second)]).toEqual([2, second]);
  expect([truth.has(first), truth.has(second)]).toEqual([true, true]);
  truth.remove(second);
  truth.remove(second);
  expect([truth.size, truth.closest(second)]).toEqual([1, first]);
  expect([truth.has(first), truth.has(second)]).toEqual([true, false]);
});
