/** Longest time that `setTimeout` waits. [ms] Browsers keep it in 32 bits, and wait for a longer one not at all. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The one host timer of a machine: set anew only when the machine wants to be called earlier than it will be. */
export class DeadlineTimer {
  readonly #fire: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Infinity;

  constructor(fire: () => void) {
    this.#fire = fire;
  }

  /** `at` is an instant of `performance.now`. A timer that is too early costs one empty call; moving it costs more. */
  arm(at: number): void {
    if (at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(
      () => {
        this.#at = Infinity;
        this.#fire();
      },
      Math.min(MAX_TIMEOUT_MS, Math.max(0, Math.ceil(at - performance.now()))),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#at = -Infinity;
  }
}
