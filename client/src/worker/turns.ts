import type { InfoHash } from '../swarm/types.ts';

/** Carries requests for one torrent out one after the other, and those for different ones side by side. */
export class Turns {
  /** The newest request for an info-hash. BOUNDED: entries leave when they are done. */
  readonly #busy = new Map<InfoHash, Promise<unknown>>();
  /** How many requests wait to undo what earlier ones do. BOUNDED: entries leave when they begin. */
  readonly #undoing = new Map<InfoHash, number>();

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

  /** As `take`, for work that undoes what all earlier requests for the torrent do. */
  async takeToUndo<T>(infoHash: InfoHash, work: () => Promise<T>): Promise<T> {
    this.#countUndoing(infoHash, 1);
    return await this.take(infoHash, () => {
      this.#countUndoing(infoHash, -1);
      return work();
    });
  }

  /** What is done for the torrent now is undone next: it need not be done to the end. */
  isUndoneNext(infoHash: InfoHash): boolean {
    return this.#undoing.has(infoHash);
  }

  #countUndoing(infoHash: InfoHash, more: number): void {
    const count = (this.#undoing.get(infoHash) ?? 0) + more;
    if (count > 0) this.#undoing.set(infoHash, count);
    else this.#undoing.delete(infoHash);
  }
}
