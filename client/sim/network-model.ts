import type { Millis, Rng } from '../../shared/src/machine.ts';
import { randomUnit } from '../../shared/src/machine.ts';

/** The network that a simulation runs on. */
export interface NetworkOptions {
  readonly seed: number;
  /** Median one-way latency between two peers. [ms] Default 68: half of King's median round trip (Li et al. 2005). */
  readonly latencyMs: Millis;
  /** Share of pairs of peers that can never connect. [0..1] */
  readonly brokenPairs: number;
  /** Share of dials that fail although the pair could connect. [0..1] */
  readonly dialLoss: number;
}

/** Spread of the latencies: standard deviation of their logarithm. King's p90 is about twice its median. */
const LATENCY_SIGMA = 0.55;

/** From offer to open link, besides the signals' own time. [ms] Measured range of WebRTC bring-up, log-normal. */
const SETUP_MEDIAN_MS = 2_000;
const SETUP_MIN_MS = 1_500;
const SETUP_MAX_MS = 3_000;

/** One-way latency to the signaling server. [ms] */
export const SERVER_LATENCY_MS = 40;

/** Latencies and failures of pairs: functions of the seed and the two peers, so that nothing has to be stored. */
export class NetworkModel {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** One-way latency between peers `a` and `b`, the same both ways and at all times. [ms] */
  latency(a: number, b: number): Millis {
    const { latencyMs } = this.#options;
    if (latencyMs === 0) return 0;
    const normal = normalFrom(this.#pairHash(a, b, 1), this.#pairHash(a, b, 2));
    return Math.min(Math.max(latencyMs * Math.exp(LATENCY_SIGMA * normal), 1), 15 * latencyMs);
  }

  canConnect(a: number, b: number): boolean {
    return this.#pairHash(a, b, 3) >= this.#options.brokenPairs;
  }

  isDialLost(rng: Rng): boolean {
    return this.#options.dialLoss > 0 && randomUnit(rng) < this.#options.dialLoss;
  }

  setupTime(rng: Rng): Millis {
    const time = SETUP_MEDIAN_MS * Math.exp(0.3 * normalFrom(randomUnit(rng), randomUnit(rng)));
    return Math.min(Math.max(time, SETUP_MIN_MS), SETUP_MAX_MS);
  }

  /** A uniform number in [0, 1) that belongs to the unordered pair. */
  #pairHash(a: number, b: number, salt: number): number {
    let hash =
      Math.imul(Math.min(a, b) + 1, 0x9e3779b1) ^
      Math.imul(Math.max(a, b) + 1, 0x85ebca77) ^
      (this.#options.seed + salt * 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return ((hash ^ (hash >>> 15)) >>> 0) / 0x1_0000_0000;
  }
}

/** A standard normal number from two uniform ones (Box and Muller). */
function normalFrom(a: number, b: number): number {
  return Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b);
}
