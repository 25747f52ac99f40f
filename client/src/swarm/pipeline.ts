import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  INITIAL_PIPELINE,
  MAX_PIPELINE,
  MIN_PIPELINE,
  PIPELINE_MS,
  SLOW_START_RISE,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { RateMeter } from './rate-meter.ts';

/** A rate is measured as long as the last block is no older. [ms] What idles is not slow. */
const STEADY_MS = 1000;

/**
 * How many requests to keep outstanding to one peer. It begins with a few and grows by one with each block, which
 * doubles it every round trip, until the rate stops rising; from then on it is what the peer delivers in three seconds,
 * so that the pipe stays full over any round trip while a peer that slows down holds few blocks back. A snubbed peer
 * gets one request. (libtorrent `update_desired_queue_size`.)
 */
export class Pipeline {
  readonly meter = new RateMeter();
  /** Counts every block as a whole one: small files come in small blocks, and what waits is requests, not bytes. */
  readonly #pace = new RateMeter();
  isSnubbed = false;
  #limit = MAX_PIPELINE;
  #depth = INITIAL_PIPELINE;
  #isSlowStart = true;
  #lastRate = 0;
  /** [bytes/s, of whole blocks] As of the last second in which blocks came. */
  #steadyRate = 0;
  /** The shortest time from a request to its block. [ms] */
  #roundTripMs = Infinity;
  #lastBlockAt: Millis = 0;

  get depth(): number {
    return this.isSnubbed ? 1 : Math.min(this.#depth, this.#limit);
  }

  /** The requests to keep outstanding when all of them are to be answered in `ms`, and at least one. */
  depthFor(ms: number): number {
    if (this.#steadyRate === 0) return this.depth;
    const roundTripMs = this.#roundTripMs === Infinity ? 0 : this.#roundTripMs;
    return Math.min(this.depth, Math.max(1, Math.ceil((this.#steadyRate * (ms + roundTripMs)) / 1000 / BLOCK_BYTES)));
  }

  /**
   * How long the peer is likely to need for so many blocks, when it was last heard of `silentMs` ago: by its rate, but
   * what is late will be as late again. Infinity for one that is snubbed. [ms]
   */
  expectedMs(blocks: number, silentMs: Millis): number {
    if (this.isSnubbed) return Infinity;
    if (this.#steadyRate === 0) return silentMs;
    return this.#roundTripMs + Math.max(silentMs, (1000 * blocks * BLOCK_BYTES) / this.#steadyRate);
  }

  /** The peer sent blocks of late, so that it can be said what it will do. */
  get isKnown(): boolean {
    return this.#steadyRate > 0;
  }

  /** The most requests that the peer says it queues (`reqq`, BEP 10). */
  setPeerLimit(requests: number): void {
    this.#limit = clamp(requests, 1, MAX_PIPELINE);
  }

  /** A block came that was asked for at `askedAt`. */
  onBlock(bytes: number, now: Millis, askedAt: Millis = now): void {
    this.meter.add(bytes, now);
    this.#pace.add(BLOCK_BYTES, now);
    if (askedAt < now) this.#roundTripMs = Math.min(this.#roundTripMs, now - askedAt);
    this.#lastBlockAt = now;
    if (this.isSnubbed) {
      this.isSnubbed = false;
      this.#isSlowStart = true;
      this.#depth = MIN_PIPELINE;
    } else if (this.#isSlowStart && this.#depth < MAX_PIPELINE) this.#depth++;
  }

  /** Once a second. */
  tick(now: Millis): void {
    const rate = this.#pace.perSecond(now);
    if (this.#isSlowStart && this.#lastRate > 0 && rate < this.#lastRate + SLOW_START_RISE) this.#isSlowStart = false;
    this.#lastRate = rate;
    if (rate > 0 && now - this.#lastBlockAt < STEADY_MS) this.#steadyRate = rate;
    if (!this.#isSlowStart) {
      this.#depth = clamp(Math.ceil((rate * PIPELINE_MS) / 1000 / BLOCK_BYTES), MIN_PIPELINE, MAX_PIPELINE);
    }
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
