/** What effects that are under way are about, by their numbers. The owner bounds how many there are. */
export class PendingEffects<What> {
  readonly #pending = new Map<number, What>();
  #next = 1;

  /** Gives the effect about `what` a number. */
  begin(what: What): number {
    const effect = this.#next++;
    this.#pending.set(effect, what);
    return effect;
  }

  /** The number that the next effect gets: those under way have lower ones. */
  get next(): number {
    return this.#next;
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
