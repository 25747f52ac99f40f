/** A typed event emitter. A listener that throws does not keep the others from being called. */
export class Emitter<Events> {
  /** BOUNDED: by what the embedder registers; each `on` returns its own removal. */
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();

  /** Adds a listener and returns what removes it. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    // A wrapper of its own, so that a function registered twice is called twice and removed once.
    const entry = (payload: Events[E]): void => listener(payload);
    listeners.add(entry);
    return () => listeners.delete(entry);
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        // One that was told before it may have stopped it.
        if (this.#listeners.get(event)?.has(listener)) (listener as (payload: Events[E]) => void)(payload);
      } catch (error) {
        // Surfaces as an uncaught error of the page without breaking the node.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
