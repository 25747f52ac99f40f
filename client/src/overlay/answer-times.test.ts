import { expect, test } from 'vitest';
import {
  HEDGE_MS,
  MAX_HEDGE_MS,
  MIN_HEDGE_MS,
  MIN_QUESTION_TIMEOUT_MS,
  QUESTION_TIMEOUT_MS,
} from '../../../shared/src/limits/overlay.ts';
import { randomUnit, seededRng } from '../../../shared/src/machine.ts';
import { AnswerTimes } from './answer-times.ts';

function timesOf(samples: readonly number[], hops = 1): AnswerTimes {
  const times = new AnswerTimes();
  for (const sample of samples) times.sample(sample, hops);
  return times;
}

test('before the first answer hedging and timeouts are those of the limits', () => {
  expect([new AnswerTimes().hedgeMs, new AnswerTimes().timeoutFor(1)]).toEqual([HEDGE_MS, QUESTION_TIMEOUT_MS]);
});

test('nine answers in ten come before the second copy would leave', () => {
  const rng = seededRng(3);
  const draw = (): number => 200 + 800 * randomUnit(rng) ** 2;
  const times = timesOf(Array.from({ length: 500 }, draw));
  let early = 0;
  for (let i = 0; i < 2_000; i++) {
    const elapsed = draw();
    if (elapsed <= times.hedgeMs) early++;
    times.sample(elapsed, 1);
  }
  expect(early / 2_000).toBeGreaterThan(0.87);
  expect(early / 2_000).toBeLessThan(0.93);
});

test('one very late answer moves the hedging by a tenth at most', () => {
  const times = timesOf(Array.from({ length: 100 }, () => 400));
  const before = times.hedgeMs;
  times.sample(60_000, 1);
  expect(times.hedgeMs).toBeLessThanOrEqual(1.1 * before + 1);
});

test('the timeout grows with the hops that an answer has to cross', () => {
  const times = timesOf([400, 440, 360, 420], 2);
  expect(times.timeoutFor(1)).toBeLessThan(times.timeoutFor(3));
  expect(times.timeoutFor(3)).toBeGreaterThan(3 * 200);
});

test('no measurement moves hedging or timeouts beyond their caps, whatever hops an answer claims', () => {
  for (const sample of [0, 1, 1e9]) {
    for (const hops of [0, 1, 255, Number.MAX_SAFE_INTEGER]) {
      const times = timesOf([sample, sample, sample], hops);
      expect(times.hedgeMs).toBeGreaterThanOrEqual(MIN_HEDGE_MS);
      expect(times.hedgeMs).toBeLessThanOrEqual(MAX_HEDGE_MS);
      expect(times.timeoutFor(1)).toBeGreaterThanOrEqual(MIN_QUESTION_TIMEOUT_MS);
      expect(times.timeoutFor(24)).toBeLessThanOrEqual(QUESTION_TIMEOUT_MS);
    }
  }
});
