import type { NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Clock } from '../ports/clock.ts';

/** Our wall clock is right while it is this near to the others'. [ms] Readings are off by a message's way and a busy page. */
const TOLERANCE_MS = 10_000;

/** Wall clock and monotonic clock that drift apart by more were torn apart: somebody set the one, or the other slept. [ms] */
const STEP_MS = 60_000;

/**
 * The wall clock that peers agree on, so that a device whose own is hours off takes part like any other: its records
 * would count as expired, and its letters as old. It is our own one, corrected by the median of what the server's and
 * the linked peers' own clocks show: a few that are wrong, or lie, move nobody who is right.
 */
export class NetworkClock implements Clock {
  readonly #own: Clock;
  readonly #changed: () => void;
  /** How far clocks are ahead of ours, by whose they are. [ms] BOUNDED: by the links that are up, and the server. */
  readonly #readings = new Map<NodeId | 'server', number>();
  /** Wall clock minus monotonic clock when the readings were taken. [ms] */
  #base: number;
  #aheadMs = 0;

  /** `changed`: the wall clock has jumped. */
  constructor(own: Clock, changed: () => void) {
    this.#own = own;
    this.#changed = changed;
    this.#base = own.wallNow() - own.now();
  }

  now(): Millis {
    return this.#own.now();
  }

  wallNow(): number {
    this.#noticeStep();
    return this.#own.wallNow() + this.#aheadMs;
  }

  setTimer(at: Millis, fire: () => void): () => void {
    return this.#own.setTimer(at, fire);
  }

  /** `whose` clock is `aheadMs` ahead of ours. */
  heard(whose: NodeId | 'server', aheadMs: number): void {
    this.#noticeStep();
    this.#readings.set(whose, aheadMs);
    this.#judge();
  }

  forget(peer: NodeId): void {
    if (this.#readings.delete(peer)) this.#judge();
  }

  /** Readings are relative to our own clock, and say nothing once that was set. */
  #noticeStep(): void {
    const base = this.#own.wallNow() - this.#own.now();
    if (Math.abs(base - this.#base) <= STEP_MS) return;
    this.#base = base;
    this.#readings.clear();
    this.#judge();
  }

  /** Of two in the middle the one nearer to our own counts: one other clock alone moves nobody. */
  #judge(): void {
    const sorted = [0, ...this.#readings.values()].sort((a, b) => a - b);
    const lower = sorted[(sorted.length - 1) >> 1] ?? 0;
    const upper = sorted[sorted.length >> 1] ?? 0;
    const median = Math.abs(lower) < Math.abs(upper) ? lower : upper;
    const aheadMs = Math.abs(median) > TOLERANCE_MS ? Math.round(median) : 0;
    const isJump = Math.abs(aheadMs - this.#aheadMs) > TOLERANCE_MS;
    this.#aheadMs = aheadMs;
    if (isJump) this.#changed();
  }
}
