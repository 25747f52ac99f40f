/**
 * Time from one drawing of the page to the next on a device that does not draw smoothly. [ms] What changes without the
 * person is read, not followed, and each drawing takes such a device some 26 ms of its processors: of 24 tabs on two cores
 * that came and went, drawing took two fifths of all they did (measured in traces of `npm run soak`).
 */
const SLOW_PERIOD_MS = 2_000;

/** For this long after the person did something the page is drawn at once: they look at what comes of it. [ms] */
const ATTENTION_MS = 3_000;

/** Says when the page may be drawn again. */
export class DrawPace {
  #drawnAt = Number.NEGATIVE_INFINITY;
  #touchedAt = Number.NEGATIVE_INFINITY;

  /** The page was drawn at `now` [ms]. */
  drawn(now: number): void {
    this.#drawnAt = now;
  }

  /** The person did something at `now` [ms]. */
  touched(now: number): void {
    this.#touchedAt = now;
  }

  /** How long a drawing that is wanted at `now` [ms] has to wait. `isSlow`: this device does not draw smoothly. [ms] */
  wait(now: number, isSlow: boolean): number {
    if (!isSlow || now - this.#touchedAt < ATTENTION_MS) return 0;
    return Math.max(0, this.#drawnAt + SLOW_PERIOD_MS - now);
  }
}
