import { expect, test } from 'vitest';
import { FramePace } from './frame-pace.ts';

/** What is told of frames that come every `gapMs`, and when. [ms] */
function watch(gapMs: number): { readonly verdict: string | undefined; readonly after: number } {
  const pace = new FramePace();
  for (let now = 500; now < 10_000; now += gapMs) {
    const verdict = pace.frame(now);
    if (verdict) return { verdict, after: now - 500 };
  }
  return { verdict: undefined, after: 10_000 };
}

test('sixty or thirty frames a second are smooth, and that is known within a second', () => {
  expect(watch(1000 / 60).verdict).toBe('smooth');
  expect(watch(1000 / 60).after).toBeLessThan(400);
  expect(watch(1000 / 30)).toMatchObject({ verdict: 'smooth' });
});

test('ten frames a second are slow, and so is one', () => {
  expect(watch(100)).toEqual({ verdict: 'slow', after: 1_000 });
  expect(watch(1_500)).toEqual({ verdict: 'slow', after: 1_500 });
});

test('one late frame among many does not make a page slow', () => {
  const pace = new FramePace();
  const verdicts = Array.from({ length: 25 }, (_, i) => pace.frame(16 * i + (i > 10 ? 200 : 0)));
  expect(verdicts.find((verdict) => verdict !== undefined)).toBe('smooth');
});
