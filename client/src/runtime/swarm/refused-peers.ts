import type { NodeId } from '../../../../shared/src/ids.ts';
import { MAX_REFUSED_PEERS } from '../../../../shared/src/limits/storage.ts';
import { type Brought, crowdedOut } from '../../overlay/shares.ts';
import type { InfoHash } from '../../swarm/types.ts';

/** `from` asked for the torrent. */
interface Refusal extends Brought {
  readonly infoHash: InfoHash;
  readonly from: NodeId;
}

/**
 * Peers that asked for a torrent which was not being served. They rest before they ask again, so they are called back as
 * soon as it is: a page that was just reloaded is asked before it has its torrents back. Where no room is left, whoever asked
 * for most gives way.
 */
export class RefusedPeers {
  /** By torrent and peer, oldest first. BOUNDED: by MAX_REFUSED_PEERS. */
  readonly #refused = new Map<string, Refusal>();

  note(infoHash: InfoHash, from: NodeId): void {
    const refusal = { infoHash, from };
    if (this.#refused.size >= MAX_REFUSED_PEERS && !this.#refused.has(keyOf(refusal))) {
      const leaving = crowdedOut([...this.#refused.values()], from);
      if (!leaving) return;
      this.#refused.delete(keyOf(leaving));
    }
    this.#refused.set(keyOf(refusal), refusal);
  }

  /** Those who asked for the torrent; they are forgotten. */
  take(infoHash: InfoHash): NodeId[] {
    return this.#remove((refusal) => refusal.infoHash === infoHash).map(({ from }) => from);
  }

  /** The link to the peer is gone: it is not called back, and asks by itself once it is linked again. */
  forget(peer: NodeId): void {
    this.#remove(({ from }) => from === peer);
  }

  #remove(isOver: (refusal: Refusal) => boolean): Refusal[] {
    const found = [...this.#refused.values()].filter(isOver);
    for (const refusal of found) this.#refused.delete(keyOf(refusal));
    return found;
  }
}

function keyOf({ infoHash, from }: Refusal): string {
  return `${infoHash}/${from}`;
}
