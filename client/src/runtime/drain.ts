import type { Millis } from '../../../shared/src/machine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Link } from './links/types.ts';

/** How often queues that are to empty are looked at. [ms] A few of them are one round trip. */
const DRAIN_CHECK_MS = 25;

/** Longest wait for queues to empty. [ms] A megabyte, all that a control channel takes, at 5 Mbit/s. */
export const DRAIN_TIMEOUT_MS = 2_000;

/** Resolves when what was sent on the control channels of `links` has left this page, or does not leave in time. */
export function drained(links: () => Iterable<Link>, clock: Clock): Promise<void> {
  const until: Millis = clock.now() + DRAIN_TIMEOUT_MS;
  return new Promise((resolve) => {
    const look = (): void => {
      const isEmpty = [...links()].every((link) => link.queuedBytes === 0);
      if (isEmpty || clock.now() >= until) resolve();
      else clock.setTimer(clock.now() + DRAIN_CHECK_MS, look);
    };
    look();
  });
}
