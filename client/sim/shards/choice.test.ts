import { expect, test } from 'vitest';
import { shardsOf } from './choice.ts';

test('as many threads as were asked for run a scenario, on however many cores', () => {
  expect([1, 2, 8].map((shards) => shardsOf({ nodes: 10, own: { shards } }, 2))).toEqual([1, 2, 8]);
});

test('when nobody says how many, large networks get one for each core, at most two, and small ones get one', () => {
  const chosen = (nodes: number, cores: number): number => shardsOf({ nodes, own: { shards: 0 } }, cores);
  expect([chosen(1_999, 2), chosen(2_000, 2), chosen(100_000, 64), chosen(100_000, 1)]).toEqual([1, 2, 2, 1]);
});

test('scenarios that cannot be told apart into shards have one thread', () => {
  expect(shardsOf({ nodes: 100_000, own: {} }, 8)).toBe(1);
});
