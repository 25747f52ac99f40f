import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import { CALLER_MEMORY_MS, MAX_CALLERS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';

interface Caller {
  readonly referrers: readonly NodeId[];
  readonly heardAt: Millis;
}

/**
 * Remembers through whom the peers that wrote to us can be reached. A newcomer has links before anybody around its id
 * knows it, so an answer by id alone would not find it.
 */
export class Callers {
  readonly #callers = new BoundedMap<NodeId, Caller>(MAX_CALLERS);

  note(id: NodeId, referrers: readonly NodeId[], now: Millis): void {
    this.#callers.set(id, { referrers, heardAt: now });
  }

  /** Forgets those heard of too long ago. */
  sweep(now: Millis): void {
    for (const [oldest, { heardAt }] of this.#callers.entries()) {
      if (now - heardAt < CALLER_MEMORY_MS) break;
      this.#callers.delete(oldest);
    }
  }

  referrersOf(id: NodeId, now: Millis): readonly NodeId[] {
    const caller = this.#callers.get(id);
    return caller && now - caller.heardAt < CALLER_MEMORY_MS ? caller.referrers : [];
  }
}
