import { expect, it } from 'vitest';
import { LIST_KEYS, stepRound, targetOf } from './roving.ts';

it('goes up and down a list and to its ends, without running over them', () => {
  expect(targetOf('ArrowDown', 1, 3, LIST_KEYS)).toBe(2);
  expect(targetOf('ArrowDown', 2, 3, LIST_KEYS)).toBe(2);
  expect(targetOf('ArrowUp', 0, 3, LIST_KEYS)).toBe(0);
  expect(targetOf('Home', 2, 3, LIST_KEYS)).toBe(0);
  expect(targetOf('End', 0, 3, LIST_KEYS)).toBe(2);
});

it('leaves every other key, and an empty list, alone', () => {
  expect(targetOf('Tab', 0, 3, LIST_KEYS)).toBeUndefined();
  expect(targetOf('ArrowRight', 0, 3, LIST_KEYS)).toBeUndefined();
  expect(targetOf('End', -1, 0, LIST_KEYS)).toBeUndefined();
});

it('round a ring the first step forth leads to the first, the first one back to the last, and the ends meet', () => {
  expect([stepRound(-1, 1, 3), stepRound(-1, -1, 3)]).toEqual([0, 2]);
  expect([stepRound(2, 1, 3), stepRound(0, -1, 3)]).toEqual([0, 2]);
  expect(stepRound(0, 1, 1)).toBe(0);
});
