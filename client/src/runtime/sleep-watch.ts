import { DOUBT_STALL_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * Knows that this device slept for as long as others wait for us, where its monotonic clock stood still meanwhile, as that
 * of browsers does on Linux and macOS: only the wall clock shows it. One that was set forward looks the same.
 */
export class SleepWatch {
  readonly #clock: Clock;
  /** Wall clock minus monotonic clock at the last look. [ms] */
  #lead: Millis;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lead = clock.wallNow() - clock.now();
  }

  /** How long the device slept so since the last look; 0 when it did not. */
  look(): Millis {
    const before = this.#lead;
    this.#lead = this.#clock.wallNow() - this.#clock.now();
    const sleptMs = this.#lead - before;
    return sleptMs > DOUBT_STALL_MS ? sleptMs : 0;
  }
}
