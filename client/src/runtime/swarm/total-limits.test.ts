import { expect, test } from 'vitest';
import type { RateLimits } from '../../api.ts';
import { TotalLimits } from './total-limits.ts';

function told(): { readonly limits: TotalLimits; readonly applied: RateLimits[] } {
  const applied: RateLimits[] = [];
  return { limits: new TotalLimits((each) => applied.push(each)), applied };
}

test('of what a person set and what a call leaves the lesser holds, each way for itself, until the call is over', () => {
  const { limits, applied } = told();
  limits.set({ down: 100, up: 500 });
  limits.cap({ down: 200, up: 50 });
  limits.cap({});
  expect(applied).toEqual([
    { down: 100, up: 500 },
    { down: 100, up: 50 },
    { down: 100, up: 500 },
  ]);
});

test('a call that leaves as much as before changes nothing', () => {
  const { limits, applied } = told();
  limits.cap({ down: undefined, up: 50 });
  limits.cap({ down: undefined, up: 50 });
  expect(applied).toEqual([{ down: undefined, up: 50 }]);
});
