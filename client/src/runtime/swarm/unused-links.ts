import type { NodeId } from '../../../../shared/src/ids.ts';
import { UNUSED_LINK_MS } from '../../../../shared/src/limits/storage.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Link } from '../links/types.ts';

/** What is asked about links, and done with them. */
export interface UnusedLinksOwner {
  readonly clock: Clock;
  /** True while a torrent has a channel on the link to the peer, or one on its way. */
  isUsed(peer: NodeId): boolean;
  /** No torrent needs the link to the peer. */
  release(peer: NodeId): void;
}

/**
 * Gives links up that others opened, to exchange a torrent as they said, and use for none. Whoever has used one gives it up
 * with the last channel; of those who never do nobody else would, and the places of swarms are few.
 */
export class UnusedLinks {
  readonly #owner: UnusedLinksOwner;
  /** Ends of waiting, by peer. BOUNDED: by the links that are up. */
  readonly #waiting = new Map<NodeId, () => void>();

  constructor(owner: UnusedLinksOwner) {
    this.#owner = owner;
  }

  /** The link is up, or was before anybody watched. */
  watch({ peer: { id }, isOfferer }: Link): void {
    this.forget(id);
    if (isOfferer) return;
    const { clock } = this.#owner;
    const cancel = clock.setTimer(clock.now() + UNUSED_LINK_MS, () => {
      this.#waiting.delete(id);
      if (!this.#owner.isUsed(id)) this.#owner.release(id);
    });
    this.#waiting.set(id, cancel);
  }

  /** The link is gone. */
  forget(peer: NodeId): void {
    this.#waiting.get(peer)?.();
    this.#waiting.delete(peer);
  }

  stop(): void {
    for (const peer of [...this.#waiting.keys()]) this.forget(peer);
  }
}
