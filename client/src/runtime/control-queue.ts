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
  /** BOUNDED: by the links that are up, MAX_HELD_FRAMES each. */
  readonly #held = new Map<NodeId, Uint8Array[]>();

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
      if (frames.length > MAX_HELD_FRAMES) frames.shift();
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

  /** The link is gone, and what was held for it. */
  forget(peer: NodeId): void {
    this.#held.delete(peer);
  }
}
