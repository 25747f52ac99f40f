import {
  BLOCK_BYTES,
  INITIAL_PIPELINE,
  MAX_PIPELINE,
  MIN_PIPELINE,
  PIPELINE_MS,
  SLOW_START_RISE,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { RateMeter } from './rate-meter.ts';

/**
 * How many requests to keep outstanding to one peer. It begins with a few and grows by one with each block, which
 * doubles it every round trip, until the rate stops rising; from then on it is what the peer delivers in three seconds,
 * so that the pipe stays full over any round trip while a peer that slows down holds few blocks back. A snubbed peer
 * gets one request. (libtorrent `update_desired_queue_size`.)
 */
export class Pipeline {
  readonly meter = new RateMeter();
  isSnubbed = false;
  #limit = MAX_PIPELINE;
  #depth = INITIAL_PIPELINE;
  #isSlowStart = true;
  #lastRate = 0;

  get depth(): number {
    return this.isSnubbed ? 1 : Math.min(this.#depth, this.#limit);
  }

  /** The most requests that the peer says it queues (`reqq`, BEP 10). */
  setPeerLimit(requests: number): void {
    this.#limit = clamp(requests, 1, MAX_PIPELINE);
  }

  onBlock(bytes: number, now: Millis): void {
    this.meter.add(bytes, now);
    if (this.isSnubbed) {
      this.isSnubbed = false;
      this.#isSlowStart = true;
      this.#depth = MIN_PIPELINE;
    } else if (this.#isSlowStart && this.#depth < MAX_PIPELINE) this.#depth++;
  }

  /** Once a second. */
  tick(now: Millis): void {
    const rate = this.meter.perSecond(now);
    if (this.#isSlowStart && this.#lastRate > 0 && rate < this.#lastRate + SLOW_START_RISE) this.#isSlowStart = false;
    this.#lastRate = rate;
    if (!this.#isSlowStart) {
      this.#depth = clamp(Math.ceil((rate * PIPELINE_MS) / 1000 / BLOCK_BYTES), MIN_PIPELINE, MAX_PIPELINE);
    }
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
