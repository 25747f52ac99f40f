import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_FORWARDS_PER_TARGET, MAX_UNREACHABLE, UNREACHABLE_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';

interface TargetState {
  inFlight: number;
  unreachableUntil: Millis;
  reachedUntil: Millis;
}

/**
 * What this node remembers about the exact targets of messages it forwards, so that a dead target causes no storm:
 * a few messages in flight at a time, and none for a while after one could not be delivered.
 */
export class Targets {
  readonly #targets = new BoundedMap<NodeId, TargetState>(MAX_UNREACHABLE);

  /** True when a message for `target` may be tried now. */
  admits(target: NodeId, now: Millis): boolean {
    const state = this.#targets.get(target);
    if (!state || now < state.reachedUntil) return true;
    return now >= state.unreachableUntil && state.inFlight < MAX_FORWARDS_PER_TARGET;
  }

  /** True when nothing keeps a message for `target` back but those in flight. */
  isBusy(target: NodeId, now: Millis): boolean {
    return !this.admits(target, now) && !this.isUnreachable(target, now);
  }

  isUnreachable(target: NodeId, now: Millis): boolean {
    const state = this.#targets.get(target);
    return state !== undefined && now < state.unreachableUntil;
  }

  started(target: NodeId): void {
    this.#state(target).inFlight++;
  }

  ended(target: NodeId): void {
    const state = this.#targets.get(target);
    if (state && state.inFlight > 0) state.inFlight--;
  }

  /** An answer of the target passed. */
  reached(target: NodeId, now: Millis): void {
    const state = this.#state(target);
    state.reachedUntil = now + UNREACHABLE_MS;
    state.unreachableUntil = 0;
  }

  unreachable(target: NodeId, now: Millis): void {
    const state = this.#state(target);
    state.unreachableUntil = now + UNREACHABLE_MS;
    state.reachedUntil = 0;
  }

  /** The target has a link to us again. */
  forget(target: NodeId): void {
    this.#targets.delete(target);
  }

  /** Forgets targets of which nothing is remembered any more. */
  sweep(now: Millis): void {
    for (const [target, state] of this.#targets.entries()) {
      if (state.inFlight === 0 && now >= state.unreachableUntil && now >= state.reachedUntil)
        this.#targets.delete(target);
    }
  }

  #state(target: NodeId): TargetState {
    const held = this.#targets.get(target);
    if (held) return held;
    const state = { inFlight: 0, unreachableUntil: 0, reachedUntil: 0 };
    this.#targets.set(target, state);
    return state;
  }
}
