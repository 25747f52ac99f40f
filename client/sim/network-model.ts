import type { Millis, Rng } from '../../shared/src/machine.ts';
import { randomUnit } from '../../shared/src/machine.ts';
import { REGIONS } from './regions.ts';

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

/** Where a peer is in the network. */
interface Place {
  /** On the plane of the core. [units of REGIONS] */
  readonly x: number;
  readonly y: number;
  /** Way from the core to the peer, which every message of its takes: the height of Dabek et al. 2004 §2.6. [the same] */
  readonly height: number;
}

/** Median height of a peer. [units of REGIONS, about ms] A wired access line takes 4 to 12 ms one way. */
const HEIGHT_MEDIAN = 6;

/** Spread of heights: standard deviation of their logarithm. Nine in ten are between a quarter of the median and four times it. */
const HEIGHT_SIGMA = 0.8;

/**
 * Spread of what routes of a pair add to, or save of, the way across the plane: standard deviation of its logarithm. With it
 * a fifth of all pairs have a way through a third peer that is a fifth shorter, as 22 % of the pairs of MIT's King
 * data do (Ledlie, Gardner & Seltzer 2007, §3.3).
 */
const PAIR_SIGMA = 0.12;

/** Latencies are in this proportion to distances: it makes the median over random pairs `latencyMs`. Measured over 500,000 pairs of 3,000 peers, three seeds. */
const MEDIAN_DISTANCE = 75.7;

/** Shortest way one way. [ms] Two peers in one room have browsers and access points between them. */
const MIN_LATENCY_MS = 1;

/**
 * No two peers are nearer than this. [ms] Whatever one does to another takes as long, so each shard of a run can go on for
 * so long without the others. Of random pairs two in 100,000 would be nearer, and 140 below 8 ms. Measured at 300 peers
 * in two shards: each waits for the other 15 % of its time with 4 ms, 12 % with 8 and 20 % with 2, and with n times the
 * peers √n times less.
 */
export const LATENCY_FLOOR_MS = 4;

/** From offer to open link, besides the signals' own time. [ms] Measured range of WebRTC bring-up, log-normal. */
const SETUP_MEDIAN_MS = 2_000;
const SETUP_MIN_MS = 1_500;
const SETUP_MAX_MS = 3_000;

/** One-way latency to the signaling server. [ms] */
export const SERVER_LATENCY_MS = 40;

/** What a random number is for: each use has its own. */
const SALT = { pairNoise: 1, connects: 3, region: 4, x: 5, y: 7, height: 9 } as const;

/**
 * Latencies and failures of pairs: functions of the seed and the two peers, so that nothing has to be stored. Latencies
 * are like those of the King data (Gummadi et al. 2002): a peer lives in a region, near ones of a near peer are near, every
 * peer has an access line of its own, and routes of pairs differ. Median 68 ms one way over random pairs and p90 twice that.
 */
export class NetworkModel {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** One-way latency between peers `a` and `b`, the same both ways and at all times. [ms] */
  latency(a: number, b: number): Millis {
    const { latencyMs } = this.#options;
    if (latencyMs === 0) return 0;
    const from = this.#placeOf(a);
    const to = this.#placeOf(b);
    const distance = Math.hypot(from.x - to.x, from.y - to.y) + from.height + to.height;
    const low = Math.min(a, b);
    const high = Math.max(a, b);
    const noise = Math.exp(PAIR_SIGMA * this.#normal(low, high, SALT.pairNoise));
    return Math.max((latencyMs / MEDIAN_DISTANCE) * distance * noise, MIN_LATENCY_MS);
  }

  canConnect(a: number, b: number): boolean {
    return this.#unit(Math.min(a, b), Math.max(a, b), SALT.connects) >= this.#options.brokenPairs;
  }

  isDialLost(rng: Rng): boolean {
    return this.#options.dialLoss > 0 && randomUnit(rng) < this.#options.dialLoss;
  }

  setupTime(rng: Rng): Millis {
    const time = SETUP_MEDIAN_MS * Math.exp(0.3 * normalFrom(randomUnit(rng), randomUnit(rng)));
    return Math.min(Math.max(time, SETUP_MIN_MS), SETUP_MAX_MS);
  }

  #placeOf(peer: number): Place {
    let left = this.#unit(peer, peer, SALT.region);
    const region = REGIONS.find(({ share }) => (left -= share) < 0) ?? REGIONS[0];
    return {
      x: region.x + region.spread * this.#normal(peer, peer, SALT.x),
      y: region.y + region.spread * this.#normal(peer, peer, SALT.y),
      height: HEIGHT_MEDIAN * Math.exp(HEIGHT_SIGMA * this.#normal(peer, peer, SALT.height)),
    };
  }

  /** A standard normal number that belongs to the two. Takes `salt` and the one after it. */
  #normal(a: number, b: number, salt: number): number {
    return normalFrom(this.#unit(a, b, salt), this.#unit(a, b, salt + 1));
  }

  /** A uniform number in [0, 1) that belongs to `a` and `b`. */
  #unit(a: number, b: number, salt: number): number {
    let hash = Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca77) ^ (this.#options.seed + salt * 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return ((hash ^ (hash >>> 15)) >>> 0) / 0x1_0000_0000;
  }
}

/** A standard normal number from two uniform ones (Box and Muller). */
function normalFrom(a: number, b: number): number {
  return Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b);
}
