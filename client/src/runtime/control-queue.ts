import type { NodeId } from '../../../shared/src/ids.ts';
import type { Link } from './links/types.ts';

/** Frames held for one congested link before the oldest is dropped: about a second of routing. [frames] */
const MAX_HELD_FRAMES = 256;

/**
 * Sends control frames, and holds them in order while a link's control channel is over its high-water mark. A frame that
 * the link refuses is dropped: none waits behind it.
 */
export class ControlQueue {
  readonly #links: () => ReadonlyMap<NodeId, Link>;
  /** BOUNDED: by the links that are up, MAX_HELD_FRAMES each; in a flush by what is said in it. */
  readonly #held = new Map<NodeId, Uint8Array[]>();
  #isFlushing = false;

  constructor(links: () => ReadonlyMap<NodeId, Link>) {
    this.#links = links;
  }

  /** Sends or holds a frame; a frame for a peer without a link is dropped. */
  send(to: NodeId, bytes: Uint8Array): void {
    const link = this.#links().get(to);
    if (!link) return;
    const frames = this.#held.get(to);
    if (frames) {
      frames.push(bytes);
      if (frames.length > MAX_HELD_FRAMES && !this.#isFlushing) frames.shift();
    } else if (this.#isFlushing) {
      this.#held.set(to, [bytes]);
    } else if (link.send(bytes) === 'wait') {
      this.#held.set(to, []);
    }
  }

  /** The link has room again: sends what was held. True when nothing is left. */
  drain(peer: NodeId): boolean {
    const frames = this.#held.get(peer) ?? [];
    const link = this.#links().get(peer);
    while (link && frames.length > 0) {
      if (link.send(frames.shift() as Uint8Array) === 'wait') return false;
    }
    this.#held.delete(peer);
    return true;
  }

  /**
   * Sends what is held and what `say` sends at once, over the high-water marks, of which nothing but the channel's own
   * limit is left: we leave, and who waits for room now says nothing any more. Those who get least come first, so that
   * a word of farewell does not wait for the records that others inherit.
   */
  flush(say: () => void): void {
    this.#isFlushing = true;
    say();
    this.#isFlushing = false;
    const least = [...this.#held].sort(([, a], [, b]) => a.length - b.length);
    this.#held.clear();
    for (const [peer, frames] of least) for (const bytes of frames) this.#links().get(peer)?.send(bytes);
  }

  /** The link is gone, and what was held for it. */
  forget(peer: NodeId): void {
    this.#held.delete(peer);
  }
}
