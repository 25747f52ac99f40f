import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeadlineTimer } from './deadline-timer.ts';

const DAY_MS = 24 * 3600 * 1000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('a deadline that is farther off than a timer of the browser can be does not come at once, again and again', () => {
  let fired = 0;
  const at = performance.now() + 100 * DAY_MS;
  const timer = new DeadlineTimer(() => {
    fired++;
    timer.arm(at);
  });
  timer.arm(at);
  vi.advanceTimersByTime(1000);
  expect(fired).toBe(0);
});
