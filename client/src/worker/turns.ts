import type { InfoHash } from '../swarm/types.ts';

/** Carries requests for one torrent out one after the other, and those for different ones side by side. */
export class Turns {
  /** The newest request for an info-hash. BOUNDED: entries leave when they are done. */
  readonly #busy = new Map<InfoHash, Promise<unknown>>();

  /** Runs `work` when all earlier requests for the torrent are done, however they ended. */
  async take<T>(infoHash: InfoHash, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(infoHash) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#busy.set(infoHash, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(infoHash) === mine) this.#busy.delete(infoHash);
    }
  }
}
