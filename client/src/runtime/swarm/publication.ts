import type { InfoHash } from '../../swarm/types.ts';
import type { SwarmHost } from './host.ts';

/** In which swarms the overlay names this peer as one that has something to give. */
export class Publication {
  readonly #host: Pick<SwarmHost, 'publish' | 'unpublish' | 'log'>;
  #published: readonly InfoHash[] = [];

  constructor(host: Pick<SwarmHost, 'publish' | 'unpublish' | 'log'>) {
    this.#host = host;
  }

  /** In these from now on, and no others. */
  set(swarms: readonly InfoHash[]): void {
    const before = this.#published;
    this.#published = swarms;
    for (const infoHash of before) if (!swarms.includes(infoHash)) this.#change(infoHash, false);
    for (const infoHash of swarms) if (!before.includes(infoHash)) this.#change(infoHash, true);
  }

  #change(infoHash: InfoHash, isPublished: boolean): void {
    const work = isPublished ? this.#host.publish(infoHash) : this.#host.unpublish(infoHash);
    void Promise.resolve(work).catch((error: unknown) => {
      // It waited for its turn, and is not wanted any more.
      if (this.#published.includes(infoHash) !== isPublished) return;
      this.#host.log.log('warn', isPublished ? 'announcing a torrent failed' : 'taking a torrent back failed', {
        infoHash: infoHash.slice(0, 8),
        error,
      });
    });
  }
}
