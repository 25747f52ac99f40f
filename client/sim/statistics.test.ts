import { expect, test } from 'vitest';
import { Samples, mean, shareOf, spread } from './statistics.ts';

test('the spread is the population standard deviation', () => {
  expect(spread([2, 4, 4, 4, 5, 5, 7, 9])).toBe(2);
  expect(spread([3])).toBe(0);
  expect(spread([])).toBe(0);
});

test('nothing measured has the mean and the percentiles 0', () => {
  expect([mean([]), new Samples().mean, new Samples().percentile(0.99)]).toEqual([0, 0, 0]);
});

test('a percentile is the nearest rank, however many values there are', () => {
  const samples = Samples.of(Array.from({ length: 1_000 }, (_, i) => 1_000 - i));
  expect([0, 0.5, 0.99, 1].map((share) => samples.percentile(share))).toEqual([1, 500, 990, 1_000]);
  samples.add(0);
  expect(samples.percentile(0)).toBe(0);
  expect(samples.size).toBe(1_001);
});

test('a histogram counts everything once, what lies beyond in the last bin', () => {
  expect(Samples.of([0, 9, 10, 25, 1_000]).histogram(10, 3)).toEqual([2, 1, 2]);
});

test('a share of nothing is not a figure', () => {
  expect(shareOf(0, 0)).toBeNull();
  expect(shareOf(2, 3, 3)).toBe(0.667);
});
