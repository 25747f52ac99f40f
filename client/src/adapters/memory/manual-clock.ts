import type { Millis } from '../../../../shared/src/machine.ts';
import type { Clock } from '../../ports/clock.ts';

/** Turns of the microtask queue that `settle` waits: more than any chain of awaits between two timers has. */
const SETTLE_TURNS = 200;

interface Timer {
  readonly at: Millis;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that moves when it is told to. Timers fire in order of time, then of setting. UNBOUNDED: by its owner's timers. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #wallOrigin: number;
  #now: Millis = 0;
  #order = 0;

  constructor(wallOrigin = 1_800_000_000_000) {
    this.#wallOrigin = wallOrigin;
  }

  now(): Millis {
    return this.#now;
  }

  wallNow(): number {
    return this.#wallOrigin + this.#now;
  }

  setTimer(at: Millis, fire: () => void): () => void {
    const timer: Timer = { at: Math.max(at, this.#now), order: this.#order++, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Moves on by `ms`, firing what comes due and letting promises settle before each timer and at the end. */
  async advance(ms: Millis): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const next = this.#earliest();
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.fire();
    }
    this.#now = end;
  }

  #earliest(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }
}

/** Lets every promise chain that does not wait for the outside world run to its end. */
export async function settle(): Promise<void> {
  for (let i = 0; i < SETTLE_TURNS; i++) await Promise.resolve();
}
