import type { Counters } from '../src/overlay/counters.ts';
import { FRAME } from '../src/overlay/link-frames.ts';

/** A type of frame, by its name. */
export type FrameName = keyof typeof FRAME;

/** Every type of frame there is. */
export const FRAME_NAMES = Object.keys(FRAME) as readonly FrameName[];

/** What several peers sent, by type of frame. */
export class SentTotals {
  readonly #frames = zeros();
  readonly #bytes = zeros();

  add(counters: Counters): this {
    for (const name of FRAME_NAMES) {
      this.#frames[name] += counters.sentFrames(FRAME[name]);
      this.#bytes[name] += counters.sentBytes(FRAME[name]);
    }
    return this;
  }

  copy(): SentTotals {
    const copied = new SentTotals();
    for (const name of FRAME_NAMES) {
      copied.#frames[name] = this.#frames[name];
      copied.#bytes[name] = this.#bytes[name];
    }
    return copied;
  }

  frames(name: FrameName): number {
    return this.#frames[name];
  }

  bytes(name: FrameName): number {
    return this.#bytes[name];
  }

  /** Routed messages, acknowledgements and replies. */
  get routedFrames(): number {
    return this.#frames.route + this.#frames.ack + this.#frames.reply;
  }
}

function zeros(): Record<FrameName, number> {
  return { ping: 0, pong: 0, bye: 0, contacts: 0, route: 0, ack: 0, reply: 0 };
}
