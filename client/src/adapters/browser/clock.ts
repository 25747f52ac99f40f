import type { Millis } from '../../../../shared/src/machine.ts';
import type { Clock } from '../../ports/clock.ts';

/** Longest delay a host timer takes; longer ones would fire at once. [ms] */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A timer that has neither fired nor been cancelled. */
export interface PendingTimer {
  readonly at: Millis;
  readonly fire: () => void;
}

/** BOUNDED: by what the page's nodes wait for. */
const pending = new Set<PendingTimer>();
let onSet = (_at: Millis): void => undefined;

/** The clock of the page. Monotonic time does not advance while a laptop sleeps in some browsers; wall time does. */
export const browserClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(at, fire) {
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, at - performance.now()));
    const clear = (): void => {
      clearTimeout(handle);
      pending.delete(timer);
    };
    const timer = {
      at,
      fire: () => {
        clear();
        fire();
      },
    };
    const handle = setTimeout(timer.fire, Math.ceil(delay));
    pending.add(timer);
    onSet(at);
    return clear;
  },
};

/** Tells `watch` of each timer that is set from now on, and nobody else. Returns all that are pending, now and later. */
export function watchTimers(watch: (at: Millis) => void): ReadonlySet<PendingTimer> {
  onSet = watch;
  return pending;
}
