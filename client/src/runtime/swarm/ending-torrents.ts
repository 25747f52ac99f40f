import type { InfoHash } from '../../swarm/types.ts';

/** Torrents that the worker still ends. Until it has, what it reports may be of what was, and not of the same begun again. */
export class EndingTorrents {
  /** How many times each is being ended. BOUNDED: by what a person removes. */
  readonly #counts = new Map<InfoHash, number>();

  has(infoHash: InfoHash): boolean {
    return this.#counts.has(infoHash);
  }

  /** The torrent counts as ending until `work` is done, and every other one for it. Rejects as `work` does. */
  async until(infoHash: InfoHash, work: Promise<void>): Promise<void> {
    this.#counts.set(infoHash, (this.#counts.get(infoHash) ?? 0) + 1);
    try {
      await work;
    } finally {
      const left = (this.#counts.get(infoHash) ?? 1) - 1;
      if (left > 0) this.#counts.set(infoHash, left);
      else this.#counts.delete(infoHash);
    }
  }
}
