import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_TOMBSTONES, TOMBSTONE_MARGIN_MS, TOMBSTONE_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';

interface Tombstone {
  /** Reports of life up to this instant are older than what we know. */
  readonly notBefore: Millis;
  readonly forgetAt: Millis;
  /** Dials to it that failed in a row. */
  readonly failureCount: number;
}

/**
 * Remembers who was seen dying, so that hearsay from before the death does not bring the dead back. Any report that
 * is newer than the death is believed: a peer that only lost its link to us returns as soon as another peer has proof.
 */
export class Tombstones {
  readonly #dead = new BoundedMap<NodeId, Tombstone>(MAX_TOMBSTONES);

  /** `banMs` keeps the peer out whatever is reported. */
  add(id: NodeId, now: Millis, banMs = 0, failureCount = 0): void {
    this.#dead.set(id, {
      notBefore: now + Math.max(TOMBSTONE_MARGIN_MS, banMs),
      forgetAt: now + Math.max(TOMBSTONE_MS, 2 * banMs),
      failureCount,
    });
  }

  /** True when a proof of life at `proofAt` says nothing about a peer that died. */
  refutes(id: NodeId, proofAt: Millis, now: Millis): boolean {
    const tombstone = this.#at(id, now);
    return tombstone !== undefined && proofAt <= tombstone.notBefore;
  }

  /** True while the death of `id` is remembered. */
  has(id: NodeId, now: Millis): boolean {
    return this.#at(id, now) !== undefined;
  }

  /** How often dials to `id` failed, as far as that is remembered. */
  failures(id: NodeId): number {
    return this.#dead.get(id)?.failureCount ?? 0;
  }

  clear(id: NodeId): void {
    this.#dead.delete(id);
  }

  #at(id: NodeId, now: Millis): Tombstone | undefined {
    const tombstone = this.#dead.get(id);
    if (!tombstone || now < tombstone.forgetAt) return tombstone;
    this.#dead.delete(id);
    return undefined;
  }
}
