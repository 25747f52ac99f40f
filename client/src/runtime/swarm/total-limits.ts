import type { RateLimits } from '../../api.ts';

/** What all torrents together may take and give a second: as a person set it, and no more than a call leaves. */
export class TotalLimits {
  readonly #apply: (limits: RateLimits) => void;
  #own: RateLimits = {};
  #cap: RateLimits = {};

  /** `apply` is told of the limits that hold, each time they may be others. */
  constructor(apply: (limits: RateLimits) => void) {
    this.#apply = apply;
  }

  /** A person wants this. */
  set(own: RateLimits): void {
    this.#own = own;
    this.#tell();
  }

  /** A call leaves this. */
  cap(most: RateLimits): void {
    if (most.down === this.#cap.down && most.up === this.#cap.up) return;
    this.#cap = most;
    this.#tell();
  }

  #tell(): void {
    const [own, cap] = [this.#own, this.#cap];
    this.#apply({ down: lesser(own.down, cap.down), up: lesser(own.up, cap.up) });
  }
}

/** Of two limits the one that holds; undefined for none. */
function lesser(one = Number.POSITIVE_INFINITY, other = Number.POSITIVE_INFINITY): number | undefined {
  const least = Math.min(one, other);
  return Number.isFinite(least) ? least : undefined;
}
