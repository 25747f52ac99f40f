/** Frames that are enough to tell: a third of a second of them where sixty come a second. */
const ENOUGH_FRAMES = 20;

/** Time that is enough to tell, however few frames came. [ms] */
const ENOUGH_MS = 1_000;

/** Frames that come slower than this do not make a movement. [ms] Fifteen a second; with fewer people see single pictures. */
const SMOOTH_FRAME_MS = 66;

/** Sees from the times of frames whether what moves on a page is drawn smoothly. */
export class FramePace {
  #first: number | undefined;
  #frames = 0;

  /** A frame came at `now` [ms]. Undefined until there were enough of them. */
  frame(now: number): 'smooth' | 'slow' | undefined {
    if (this.#first === undefined) {
      this.#first = now;
      return undefined;
    }
    this.#frames++;
    const elapsed = now - this.#first;
    if (this.#frames < ENOUGH_FRAMES && elapsed < ENOUGH_MS) return undefined;
    return elapsed / this.#frames <= SMOOTH_FRAME_MS ? 'smooth' : 'slow';
  }
}
