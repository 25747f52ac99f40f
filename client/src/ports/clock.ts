import type { Millis } from '../../../shared/src/machine.ts';

/** Time and one-shot timers for the edges. Machines are given `now` instead. */
export interface Clock {
  /** Monotonic. */
  now(): Millis;
  /** Wall-clock time since the Unix epoch, for signed records and sealed messages only. [ms] */
  wallNow(): number;
  /** Calls `fire` once, no earlier than `at`. Returns what cancels it. */
  setTimer(at: Millis, fire: () => void): () => void;
}
