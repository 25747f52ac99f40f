import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_ATTEMPTS,
  MAX_HELD_ANSWER_BYTES,
  MAX_HELD_SIGNALS,
  REVERSE_STATE_MS,
  SIGNAL_HOLD_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Core, Timed } from './core.ts';
import type { Forward } from './forward.ts';
import type { Forwarder } from './forwarder.ts';
import { encodeWrittenBack } from './payloads.ts';
import type { DeliveryId } from './types.ts';

/** A signal that was handed over and is not acknowledged yet. */
interface Held {
  /** Its copies. BOUNDED: by MAX_ATTEMPTS. */
  readonly copies: Forward[];
  readonly until: Millis;
}

/** What was written back in an acknowledgement, for copies of the signal that come late. */
interface WrittenBack {
  readonly payload: Uint8Array;
  readonly until: Millis;
}

/**
 * The acknowledgement of a signal waits a little for what its reader writes back, and takes that along: an offer and its
 * answer are one way there and back, not two, as where TCP lets an acknowledgement wait for data. What is written back
 * later travels by itself.
 */
export class HeldAnswers implements Timed {
  readonly #core: Core;
  readonly #forwarder: Forwarder;
  /** The oldest first. BOUNDED: by MAX_HELD_SIGNALS. */
  readonly #held = new Map<DeliveryId, Held>();
  readonly #writtenBack = new BoundedMap<DeliveryId, WrittenBack>(MAX_HELD_SIGNALS);

  constructor(core: Core, forwarder: Forwarder) {
    this.#core = core;
    this.#forwarder = forwarder;
  }

  /** Keeps the acknowledgement of a signal back. False when too many wait already: it is to be given at once. */
  hold(delivery: DeliveryId, forward: Forward): boolean {
    if (this.#held.size >= MAX_HELD_SIGNALS) return false;
    const until = this.#core.now + SIGNAL_HOLD_MS;
    this.#held.set(delivery, { copies: [forward], until });
    if (this.#held.size === 1) this.#core.timers.set(this, until, 'held acknowledgement');
    return true;
  }

  /** Another copy of a signal that was here before. True when it waits with the first; no more do than a request sends. */
  join(delivery: DeliveryId, forward: Forward): boolean {
    const copies = this.#held.get(delivery)?.copies;
    if (!copies || copies.length >= MAX_ATTEMPTS) return false;
    copies.push(forward);
    return true;
  }

  /** What was written back for a signal that was here before; undefined for nothing. */
  writtenBack(delivery: DeliveryId): Uint8Array | undefined {
    return this.#writtenBack.get(delivery)?.payload;
  }

  /** Writes `body` back to `peer` in the acknowledgement of its signal; how many hops that came. Undefined when it no longer waits. */
  writeBack(delivery: DeliveryId, peer: NodeId, body: Uint8Array): number | undefined {
    const held = this.#held.get(delivery);
    const first = held?.copies.find(({ isDone }) => !isDone);
    if (!held || !first || first.origin.id !== peer || body.length > MAX_HELD_ANSWER_BYTES) return undefined;
    const payload = encodeWrittenBack({ from: this.#core.self, body });
    this.#writtenBack.set(delivery, { payload, until: this.#core.now + REVERSE_STATE_MS });
    this.#release(delivery, held.copies, payload);
    return first.hops;
  }

  /** Acknowledges those that have waited long enough. */
  onTimer(): void {
    for (const [delivery, { copies, until }] of this.#held) {
      if (until > this.#core.now) {
        this.#core.timers.set(this, until, 'held acknowledgement');
        return;
      }
      this.#release(delivery, copies, NOTHING);
    }
  }

  /** Forgets what no copy can come for any more. */
  sweep(now: Millis): void {
    for (const [delivery, { until }] of this.#writtenBack.entries()) {
      if (until > now) return;
      this.#writtenBack.delete(delivery);
    }
  }

  #release(delivery: DeliveryId, copies: readonly Forward[], payload: Uint8Array): void {
    this.#held.delete(delivery);
    if (this.#held.size === 0) this.#core.timers.clear(this);
    for (const copy of copies) this.#forwarder.answer(copy, { status: 'ok', payload, closest: [] });
  }
}

const NOTHING = new Uint8Array(0);
