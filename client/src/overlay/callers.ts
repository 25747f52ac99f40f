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
  /** BOUNDED: by MAX_CALLERS, the oldest leaves first. */
  readonly #callers = new Map<NodeId, Caller>();

  note(id: NodeId, referrers: readonly NodeId[], now: Millis): void {
    this.#callers.delete(id);
    this.sweep(now, MAX_CALLERS - 1);
    this.#callers.set(id, { referrers, heardAt: now });
  }

  /** Forgets those heard of too long ago, and the oldest beyond `most`. */
  sweep(now: Millis, most = MAX_CALLERS): void {
    for (const [oldest, { heardAt }] of this.#callers) {
      if (this.#callers.size <= most && now - heardAt < CALLER_MEMORY_MS) break;
      this.#callers.delete(oldest);
    }
  }

  referrersOf(id: NodeId, now: Millis): readonly NodeId[] {
    const caller = this.#callers.get(id);
    return caller && now - caller.heardAt < CALLER_MEMORY_MS ? caller.referrers : [];
  }
}
