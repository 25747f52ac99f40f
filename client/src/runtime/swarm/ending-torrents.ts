import type { InfoHash } from '../../swarm/types.ts';

/** Torrents that the worker still ends. Until it has, what it reports may be of what was, and not of the same begun again. */
export class EndingTorrents {
  /** How many times each is being ended. BOUNDED: by what a person removes. */
  readonly #counts = new Map<InfoHash, number>();
  readonly #onEnded: (infoHash: InfoHash) => void;

  /** `onEnded` is told when what is reported of a torrent is of what runs now: a first report of it may have been missed. */
  constructor(onEnded: (infoHash: InfoHash) => void) {
    this.#onEnded = onEnded;
  }

  has(infoHash: InfoHash): boolean {
    return this.#counts.has(infoHash);
  }

  /** The torrent counts as ending until `work` is done, and every other one for it. Rejects as `work` does. */
  async until<T>(infoHash: InfoHash, work: Promise<T>): Promise<T> {
    this.#counts.set(infoHash, (this.#counts.get(infoHash) ?? 0) + 1);
    try {
      return await work;
    } finally {
      const left = (this.#counts.get(infoHash) ?? 1) - 1;
      if (left > 0) this.#counts.set(infoHash, left);
      else {
        this.#counts.delete(infoHash);
        this.#onEnded(infoHash);
      }
    }
  }
}
