import type { Counters } from '../src/overlay/counters.ts';
import { FRAME } from '../src/overlay/link-frames.ts';

/** A type of frame, by its name. */
export type FrameName = keyof typeof FRAME;

/** Every type of frame there is. */
export const FRAME_NAMES = Object.keys(FRAME) as readonly FrameName[];

/** Something counted for each type of frame. */
type ByType = Record<FrameName, number>;

/** What several peers sent, by type of frame. */
export class SentTotals {
  readonly frames: ByType = zeros();
  readonly bytes: ByType = zeros();

  add(counters: Counters): this {
    for (const name of FRAME_NAMES) {
      this.frames[name] += counters.sentFrames(FRAME[name]);
      this.bytes[name] += counters.sentBytes(FRAME[name]);
    }
    return this;
  }

  /** The sum of several, whichever shard they come from. */
  static of(parts: readonly Pick<SentTotals, 'frames' | 'bytes'>[]): SentTotals {
    const sum = new SentTotals();
    for (const { frames, bytes } of parts) {
      for (const name of FRAME_NAMES) {
        sum.frames[name] += frames[name];
        sum.bytes[name] += bytes[name];
      }
    }
    return sum;
  }

  /** Routed messages, acknowledgements and replies. */
  get routedFrames(): number {
    return this.frames.route + this.frames.ack + this.frames.reply;
  }
}

function zeros(): ByType {
  return { ping: 0, pong: 0, bye: 0, contacts: 0, route: 0, ack: 0, reply: 0, links: 0 };
}
