import type { Clock } from '../../ports/clock.ts';

/** Longest delay a host timer takes; longer ones would fire at once. [ms] */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The clock of the page. Monotonic time does not advance while a laptop sleeps in some browsers; wall time does. */
export const browserClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(at, fire) {
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, at - performance.now()));
    const timer = setTimeout(fire, Math.ceil(delay));
    return () => clearTimeout(timer);
  },
};
