import type { NodeId } from '../../../../shared/src/ids.ts';
import { MAX_REFUSED_PEERS } from '../../../../shared/src/limits/storage.ts';
import { BoundedMap } from '../../../../shared/src/bounded-map.ts';
import type { InfoHash } from '../../swarm/types.ts';

interface Refusal {
  readonly infoHash: InfoHash;
  readonly peer: NodeId;
}

/**
 * Peers that asked for a torrent which was not being served. They rest before they ask again, so they are called back as
 * soon as it is: a page that was just reloaded is asked before it has its torrents back.
 */
export class RefusedPeers {
  /** BOUNDED: by MAX_REFUSED_PEERS, the oldest forgotten first. */
  readonly #refused = new BoundedMap<string, Refusal>(MAX_REFUSED_PEERS);

  note(infoHash: InfoHash, peer: NodeId): void {
    this.#refused.set(`${infoHash}/${peer}`, { infoHash, peer });
  }

  /** Those who asked for the torrent; they are forgotten. */
  take(infoHash: InfoHash): NodeId[] {
    const found = [...this.#refused.entries()].filter(([, refusal]) => refusal.infoHash === infoHash);
    for (const [key] of found) this.#refused.delete(key);
    return found.map(([, { peer }]) => peer);
  }
}
