import { expect, test } from 'vitest';
import { STAND_IN_DEPTHS, STAND_IN_PEERS } from '../../../shared/src/limits/records.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import { keyAt } from './record-test-kit.ts';
import { standInPoints } from './wide-search.ts';

const key = keyAt('a5c3');

test('each point differs from the key in the one bit that it names, and is in a subtree half as large as the one before', () => {
  const points = standInPoints(key, 1_000);
  expect(points).toHaveLength(STAND_IN_DEPTHS);
  expect(points.map(({ point }) => commonPrefixBits(key, point))).toEqual(points.map(({ depth }) => depth));
  for (const { point, depth } of points) {
    const rest = standInPoints(point, 1_000).find((back) => back.depth === depth);
    expect(rest?.point).toBe(key);
  }
  const [first = 0] = points.map(({ depth }) => depth);
  expect(points.map(({ depth }) => depth)).toEqual(points.map((_, i) => first + i));
});

test.each([100, 1_000, 10_000, 100_000])('of %i peers about a replica set is in the widest subtree', (size) => {
  const [widest] = standInPoints(key, size);
  const expected = size / 2 ** ((widest?.depth ?? 0) + 1);
  expect(expected).toBeGreaterThanOrEqual(STAND_IN_PEERS / Math.SQRT2);
  expect(expected).toBeLessThanOrEqual(STAND_IN_PEERS * Math.SQRT2);
});

test('estimates that differ by a factor of four have a subtree in common', () => {
  const depths = (size: number): number[] => standInPoints(key, size).map(({ depth }) => depth);
  expect(depths(4_000).filter((depth) => depths(1_000).includes(depth))).not.toEqual([]);
});

test('where everybody is known the points are at the root, and none is left out', () => {
  expect(standInPoints(key, 2).map(({ depth }) => depth)).toEqual([0, 1, 2]);
});
