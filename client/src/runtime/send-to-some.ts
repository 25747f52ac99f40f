import type { NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Clock } from '../ports/clock.ts';

/** Silence after which one more receiver is tried. [ms] A message and its acknowledgement are there well within it. */
export const PATIENCE_MS = 1_000;

/** Receivers tried at once beyond those that still have to get it. [receivers] One for each silent second of a send of 10 s. */
export const MAX_HEDGES = 8;

/** Who is to get something. */
export interface Distribution {
  readonly receivers: readonly NodeId[];
  /** How many of them. */
  readonly wanted: number;
  /** After which it ends, whoever is silent. */
  readonly timeoutMs: Millis;
}

/** Delivers within `withinMs`. True when the receiver got it. Never rejects. */
type Send = (receiver: NodeId, withinMs: Millis) => Promise<boolean>;

/**
 * Sends to `wanted` different receivers at once and, in place of each that did not get it, to the next one not tried yet.
 * Those that are silent get company, so more than `wanted` may get it. Resolves to how many said so by the end.
 */
export function sendToSome({ receivers, wanted, timeoutMs }: Distribution, clock: Clock, send: Send): Promise<number> {
  const ahead = [...new Set(receivers)];
  const count = Number.isFinite(wanted) ? Math.min(Math.max(1, Math.floor(wanted)), ahead.length) : ahead.length;
  const deadline = clock.now() + timeoutMs;
  let hedgeCount = 0;
  let openCount = 0;
  let gotCount = 0;
  return new Promise((resolve) => {
    let cancelTimer = (): void => undefined;
    const end = (): void => {
      ahead.length = 0;
      cancelTimer();
      resolve(gotCount);
    };
    const goOn = (): void => {
      while (openCount < count - gotCount + hedgeCount && gotCount < count) {
        const receiver = ahead.shift();
        if (receiver === undefined) break;
        openCount++;
        void send(receiver, deadline - clock.now()).then(onSent);
      }
      if (gotCount >= count || openCount === 0) end();
    };
    const onSent = (isTaken: boolean): void => {
      openCount--;
      if (isTaken) gotCount++;
      goOn();
    };
    const onTimer = (): void => {
      if (clock.now() >= deadline) return end();
      hedgeCount = Math.min(hedgeCount + 1, MAX_HEDGES);
      setTimer();
      goOn();
    };
    const setTimer = (): void => {
      cancelTimer = clock.setTimer(Math.min(clock.now() + PATIENCE_MS, deadline), onTimer);
    };
    setTimer();
    goOn();
  });
}
