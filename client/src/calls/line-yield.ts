import {
  YIELD_BASE_MINUTES,
  YIELD_FLOOR_DOWN,
  YIELD_FLOOR_UP,
  YIELD_FRUITLESS,
  YIELD_GROWTH,
  YIELD_HELPED,
  YIELD_HOLD_DOWN_MS,
  YIELD_HOLD_UP_MS,
  YIELD_RELEASE_MS,
  YIELD_START_GROWTH,
  YIELD_TARGET_MS,
} from '../../../shared/src/limits/calls.ts';
import type { Millis } from '../../../shared/src/machine.ts';

const MINUTE_MS = 60_000;

/** In which direction files move, and so how far and how often they are slowed. */
export interface YieldRules {
  /** They are not slowed below this. [bytes/s] */
  readonly floor: number;
  /** Pause after they were slowed before they are again. [ms] */
  readonly holdMs: Millis;
}

export const YIELD_UP: YieldRules = { floor: YIELD_FLOOR_UP, holdMs: YIELD_HOLD_UP_MS };
export const YIELD_DOWN: YieldRules = { floor: YIELD_FLOOR_DOWN, holdMs: YIELD_HOLD_DOWN_MS };

/**
 * How fast files may move in one direction while a call goes on. Both go through one line, in front of which what it cannot
 * take at once is kept: files fill that queue, and sound and picture wait in it. So the queue is watched as LEDBAT does
 * (RFC 6817): what media takes longer than the shortest time it took waits somewhere. More than `YIELD_TARGET_MS` halves the
 * files, less than half of it lets them grow, at first quickly. Where slowing them changes nothing it is somebody else's
 * queue, as the other side's, and they are let go for a while.
 */
export class LineYield {
  readonly #rules: YieldRules;
  /** Shortest delay of each of the last minutes, the newest last. BOUNDED: by YIELD_BASE_MINUTES. */
  readonly #shortest: Millis[] = [];
  #minuteEndsAt: Millis = Number.NEGATIVE_INFINITY;
  #waitedMs: Millis = 0;
  #cap: number;
  #heldUntil: Millis = Number.NEGATIVE_INFINITY;
  #growth = YIELD_START_GROWTH;
  /** What media waited when files were last slowed, since it last did not; undefined when they were not. */
  #slowedAtMs: Millis | undefined;
  /** How often in a row slowing changed nothing, and what files might move before. [bytes/s] */
  #fruitless = 0;
  #capBefore = 0;
  #freeUntil: Millis = Number.NEGATIVE_INFINITY;

  /** `cap`: what files may move at first. [bytes/s] Infinity: until there is a queue they are not slowed. */
  constructor(rules: YieldRules, cap: number) {
    this.#rules = rules;
    this.#cap = Math.max(rules.floor, cap);
  }

  /** What files may move together. [bytes/s] */
  get cap(): number {
    return this.#cap;
  }

  /** What the last delay was longer than the shortest. [ms] */
  get waitedMs(): Millis {
    return this.#waitedMs;
  }

  /** What media took, from an instant that stays the same, was measured while files moved so much. [ms, bytes/s] */
  measured(now: Millis, delayMs: Millis, moved: number): void {
    if (!Number.isFinite(delayMs)) return;
    this.#note(now, delayMs);
    const waitedMs = delayMs - Math.min(...this.#shortest);
    const isQuiet = waitedMs < YIELD_TARGET_MS / 2;
    if (isQuiet) this.#slowedAtMs = undefined;
    // A single long one may be the other side's busy processor.
    if (Math.min(waitedMs, this.#waitedMs) > YIELD_TARGET_MS && now >= this.#freeUntil) this.#slowDown(now, moved);
    else if (isQuiet && now >= this.#heldUntil) this.#speedUp(moved);
    this.#waitedMs = waitedMs;
  }

  #note(now: Millis, delayMs: Millis): void {
    if (now >= this.#minuteEndsAt) {
      this.#minuteEndsAt = now + MINUTE_MS;
      this.#shortest.push(delayMs);
      if (this.#shortest.length > YIELD_BASE_MINUTES) this.#shortest.shift();
    }
    const newest = this.#shortest.length - 1;
    this.#shortest[newest] = Math.min(delayMs, this.#shortest[newest] ?? delayMs);
  }

  #slowDown(now: Millis, moved: number): void {
    if (now < this.#heldUntil || this.#isInVain(now)) return;
    const before = this.#cap;
    if (this.#fruitless === 0) this.#capBefore = before;
    this.#heldUntil = now + this.#rules.holdMs;
    this.#growth = YIELD_GROWTH;
    this.#cap = Math.max(this.#rules.floor, Math.min(before, moved) / 2);
    this.#slowedAtMs = this.#cap < before ? this.#waitedMs : undefined;
  }

  /** Files were slowed, and media waits as before. True when that was once too often. */
  #isInVain(now: Millis): boolean {
    const isFruitless = this.#slowedAtMs !== undefined && this.#waitedMs > YIELD_HELPED * this.#slowedAtMs;
    this.#fruitless = isFruitless ? this.#fruitless + 1 : 0;
    if (this.#fruitless < YIELD_FRUITLESS) return false;
    this.#fruitless = 0;
    this.#slowedAtMs = undefined;
    this.#cap = this.#capBefore;
    this.#freeUntil = now + YIELD_RELEASE_MS;
    return true;
  }

  /** Only as far as it is made use of: what never moved says nothing about the line. */
  #speedUp(moved: number): void {
    if (moved >= this.#cap / 2) this.#cap *= this.#growth;
  }
}
