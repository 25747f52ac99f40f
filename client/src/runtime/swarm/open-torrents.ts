import { MAX_COMPLETE_TWINS } from '../../../../shared/src/limits/storage.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { OpenTorrent } from './open-torrent.ts';

/** The torrents of this node, oldest first. BOUNDED: by MAX_TORRENTS, which what earlier tabs of the profile had may exceed. */
export class OpenTorrents extends Map<InfoHash, OpenTorrent> {
  /**
   * The torrent that others know by this hash: what it goes by here, or the other hash of a hybrid one whose metadata is here
   * (BEP 52).
   */
  find(swarm: InfoHash): OpenTorrent | undefined {
    const own = this.get(swarm);
    if (own) return own;
    for (const torrent of this.values()) if (torrent.session.places.twin === swarm) return torrent;
    return undefined;
  }

  /** It is one of those that are announced by both of their hashes when they are complete, too. */
  isAmongOldest(infoHash: InfoHash): boolean {
    let left = MAX_COMPLETE_TWINS;
    for (const other of this.keys()) {
      if (other === infoHash) return true;
      if (--left === 0) return false;
    }
    return false;
  }
}
