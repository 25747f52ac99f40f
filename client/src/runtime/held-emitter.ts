import { Emitter } from './emitter.ts';

/** Most events held; of more the oldest go. [events] A node is handed out long before it has as many to tell. */
const MAX_HELD_EVENTS = 256;

/** An emitter whose first events wait for `release`, so that they reach listeners that cannot be there yet. */
export class HeldEmitter<Events> extends Emitter<Events> {
  /** Undefined once released. BOUNDED: by MAX_HELD_EVENTS. */
  #held: (() => void)[] | undefined = [];

  override emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    if (!this.#held) {
      super.emit(event, payload);
      return;
    }
    this.#held.push(() => super.emit(event, payload));
    if (this.#held.length > MAX_HELD_EVENTS) this.#held.shift();
  }

  /** Tells what was held, in order, with what that causes behind it; everything else at once from then on. */
  release(): void {
    for (let tell = this.#held?.shift(); tell; tell = this.#held?.shift()) tell();
    this.#held = undefined;
  }
}
