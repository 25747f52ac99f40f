/** What effects that are under way are about, by their numbers. The owner bounds how many there are. */
export class PendingEffects<What> {
  readonly #pending = new Map<number, What>();
  #next = 1;
  /** Effects with lower numbers are old. */
  #firstOfRun = 0;

  /** Gives the effect about `what` a number. */
  begin(what: What): number {
    const effect = this.#next++;
    this.#pending.set(effect, what);
    return effect;
  }

  /** A person has the torrent go on: what is under way began under what was so before. */
  beginRun(): void {
    this.#firstOfRun = this.#next;
  }

  isOld(effect: number): boolean {
    return effect < this.#firstOfRun;
  }

  /** The effect is done. Undefined when no such effect is under way. */
  take(effect: number): What | undefined {
    const what = this.#pending.get(effect);
    this.#pending.delete(effect);
    return what;
  }

  clear(): void {
    this.#pending.clear();
  }
}
