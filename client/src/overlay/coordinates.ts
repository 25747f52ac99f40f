import type { Millis } from '../../../shared/src/machine.ts';

/**
 * Where a peer is in the network, as one small integer that hundreds of contacts can hold: a point on a plane and a
 * height, in units of round-trip time. 9 bits x, 9 bits y, 6 bits height. UNKNOWN_PLACE: nobody said.
 */
export type PackedPlace = number;

export const UNKNOWN_PLACE: PackedPlace = 0;

/** Length of a place on the wire. [bytes] */
export const PLACE_BYTES = 3;

/** A unit of a packed place. [ms of round trip] A fraction of what predictions are off by. */
const UNIT_MS = 4;

/** Units from the middle to the edge of the plane. 255 are a second: no two places on Earth are farther apart. */
const EDGE = 255;

/** Largest height. [units] A quarter of a second of access line. */
const MAX_HEIGHT = 63;

/** Least height. [ms] Without one the height of two peers would have no direction to grow in. */
const MIN_HEIGHT_MS = UNIT_MS;

/** Most that one measurement moves us, and so most that one lie does. [ms] Links lie an order of magnitude farther apart. */
const MAX_STEP_MS = 50;

/** Share of the error that one measurement corrects, and that enters the estimate of the error: c_c and c_e of Dabek et al. 2004 §3.2. */
const GAIN = 0.25;

/** Error of a peer that knows nothing, and the largest that is told. [share of the round trip] */
const MAX_ERROR = 1;

/** Nobody is believed to be surer than that. [the same] Vivaldi's median error on King data is 11 %. */
const MIN_ERROR = 0.1;

/** Places are used and passed on of whoever is at least this sure of its own. [the same] */
export const USEFUL_ERROR = 0.5;

/** Measurements of which each counts fully: a newcomer finds its place with its first links. [measurements] */
const WARM_UP = 8;

/** Our place is told anew once it moved by this much. [ms] Ledlie, Gardner & Seltzer 2007 §5: what applications see should seldom change. */
const RETELL_MS = 12;

/** Round trips beyond it say more about a stalled tab than about the way. [ms] */
const MAX_SAMPLE_MS = 2_000;

/** Of a peer whose place is not known. [ms] About the median of King data. */
export const UNKNOWN_RTT_MS = 150;

/** `place` if it lies on the plane, else UNKNOWN_PLACE. */
export function knownPlace(place: PackedPlace): PackedPlace {
  return place >>> 15 === 0 || (place & 0x7fc0) === 0 ? UNKNOWN_PLACE : place;
}

/** The nearest place that can be told. [ms of round trip] */
export function packPlace(x: number, y: number, height: number): PackedPlace {
  const across = clamp(Math.round(x / UNIT_MS), -EDGE, EDGE) + EDGE + 1;
  const along = clamp(Math.round(y / UNIT_MS), -EDGE, EDGE) + EDGE + 1;
  return (across << 15) | (along << 6) | clamp(Math.round(height / UNIT_MS), 0, MAX_HEIGHT);
}

/**
 * Our own place by Vivaldi with heights (Dabek et al. 2004): every measured round trip pulls or pushes us along the line to the
 * peer, the more the surer it is and the less sure we are. What peers say about themselves is a claim: each moves us by a few steps at
 * most, and one whose place does not fit its round trip counts for less.
 */
export class Coordinates {
  #x = 0;
  #y = 0;
  #height = MIN_HEIGHT_MS;
  #sampleCount = 0;
  /** Running mean of how far predictions were off. [share of the round trip] */
  #error = MAX_ERROR;
  /** What we tell others, moved only when it is off by RETELL_MS. */
  #told: PackedPlace = packPlace(0, 0, MIN_HEIGHT_MS);

  /** What peers that measure us are told, together with the error. Who knows nothing yet is in the middle: somebody has to be the first. */
  get told(): PackedPlace {
    return this.#told;
  }

  /** What is told to others of us; UNKNOWN_PLACE until we know it. */
  get known(): PackedPlace {
    return this.isSettled ? this.#told : UNKNOWN_PLACE;
  }

  /** How far predictions of ours are off. [share of the round trip, 0..1] */
  get error(): number {
    return this.#error;
  }

  /** True when predictions are worth something. */
  get isSettled(): boolean {
    return this.#error <= USEFUL_ERROR && this.#sampleCount >= MIN_SAMPLES;
  }

  /** True while measurements are so few that those of all links should be gone through again with each. */
  get isWarmingUp(): boolean {
    return this.#sampleCount < REPLAYED_SAMPLES;
  }

  /**
   * Takes a measured round trip to a peer that says it is at `place`, give or take `error`. `direction`: any number that belongs to the
   * pair, for peers in one place.
   */
  measured(rttMs: Millis, place: PackedPlace, error: number, direction: number): void {
    if (place === UNKNOWN_PLACE || !(rttMs > 0) || rttMs > MAX_SAMPLE_MS) return;
    const dx = this.#x - xOf(place);
    const dy = this.#y - yOf(place);
    const across = Math.hypot(dx, dy);
    const heights = this.#height + heightOf(place);
    const distance = across + heights;
    const miss = Math.min(Math.abs(distance - rttMs) / rttMs, 2 * MAX_ERROR);
    const certainty = this.#error / (this.#error + clamp(error, MIN_ERROR, MAX_ERROR));
    // Whoever is far from where it says it is, by what we know so far, is believed less.
    const weight = miss > MAX_ERROR ? certainty / 2 : certainty;
    this.#sampleCount++;
    const gain = Math.max(GAIN, 1 - this.#sampleCount / WARM_UP) * weight;
    const step = clamp(gain * (rttMs - distance), -this.#maxStep, this.#maxStep);
    const [ux, uy] = across > 0 ? [dx / distance, dy / distance] : [Math.cos(direction), Math.sin(direction)];
    this.#x = clamp(this.#x + step * ux, -EDGE * UNIT_MS, EDGE * UNIT_MS);
    this.#y = clamp(this.#y + step * uy, -EDGE * UNIT_MS, EDGE * UNIT_MS);
    this.#height = clamp(this.#height + (step * heights) / distance, MIN_HEIGHT_MS, MAX_HEIGHT * UNIT_MS);
    this.#error = clamp(this.#error + GAIN * weight * (miss - this.#error), MIN_ERROR, MAX_ERROR);
    this.#retell();
  }

  /** Predicted round trip to whoever is at `place`. [ms] */
  rttTo(place: PackedPlace): Millis {
    if (place === UNKNOWN_PLACE) return UNKNOWN_RTT_MS;
    return Math.hypot(this.#x - xOf(place), this.#y - yOf(place)) + this.#height + heightOf(place);
  }

  /** The first few measurements may take us across the world. */
  get #maxStep(): number {
    return this.#sampleCount <= WARM_UP ? EDGE * UNIT_MS : MAX_STEP_MS;
  }

  #retell(): void {
    const told = this.#told;
    const moved = Math.hypot(this.#x - xOf(told), this.#y - yOf(told)) + Math.abs(this.#height - heightOf(told));
    if (moved >= RETELL_MS) this.#told = packPlace(this.#x, this.#y, this.#height);
  }
}

/** Fewer measurements say nothing about where on a plane we are. [measurements] */
const MIN_SAMPLES = 3;

/** While measurements are fewer, links are gone through again. [measurements] A few rounds over a newcomer's first links. */
const REPLAYED_SAMPLES = 64;

function xOf(place: PackedPlace): number {
  return ((place >>> 15) - EDGE - 1) * UNIT_MS;
}

function yOf(place: PackedPlace): number {
  return (((place >>> 6) & 0x1ff) - EDGE - 1) * UNIT_MS;
}

function heightOf(place: PackedPlace): number {
  return (place & 0x3f) * UNIT_MS;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
