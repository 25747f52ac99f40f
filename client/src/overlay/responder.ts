import { hashToId } from '../../../shared/src/ids.ts';
import {
  ANNOUNCE_CONTACTS,
  BUCKET_CAPACITY,
  DELIVERY_MEMORY_MS,
  MAX_DELIVERIES,
  PASS_ON_MAX_AGE_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Callers } from './callers.ts';
import { closestAnswer } from './closest-answer.ts';
import { UNKNOWN_PLACE } from './coordinates.ts';
import type { Forward } from './forward.ts';
import type { HeldAnswers } from './held-answers.ts';
import type { Answer, Endpoint } from './endpoint.ts';
import type { Holdings } from './holdings.ts';
import { DELIVER_NAME_BYTES, decodeDeliver, decodeFind } from './payloads.ts';
import { RecordResponder } from './record-responder.ts';
import type { ReplyStatus } from './reply-frame.ts';
import type { Routing } from './request.ts';
import { ROUTE_ANNOUNCE, ROUTE_KIND } from './route-frame.ts';
import type { DeliveryId } from './types.ts';
import type { VirtualLinks } from './virtual-links.ts';

const NOTHING = new Uint8Array(0);

/** What a responder answers from. */
export interface ResponderParts {
  readonly holdings: Holdings;
  readonly callers: Callers;
  readonly virtualLinks: VirtualLinks;
  readonly heldAnswers: HeldAnswers;
}

/** Answers the messages that end at this peer. */
export class Responder implements Endpoint {
  readonly #routing: Routing;
  readonly #records: RecordResponder;
  readonly #callers: Callers;
  readonly #virtualLinks: VirtualLinks;
  readonly #heldAnswers: HeldAnswers;
  /** When each delivery came. BOUNDED: by MAX_DELIVERIES, the oldest leaves first. */
  readonly #deliveries = new Map<DeliveryId, Millis>();

  constructor(routing: Routing, parts: ResponderParts) {
    this.#routing = routing;
    this.#records = new RecordResponder(routing, parts.holdings);
    this.#callers = parts.callers;
    this.#virtualLinks = parts.virtualLinks;
    this.#heldAnswers = parts.heldAnswers;
  }

  intercepts(forward: Forward): boolean {
    return this.#records.intercepts(forward);
  }

  observe(forward: Forward, reply: Uint8Array): void {
    this.#records.observe(forward, reply);
  }

  consume(forward: Forward, payload: Uint8Array): Answer | undefined {
    switch (forward.kind) {
      case ROUTE_KIND.find:
        return this.#onFind(forward, payload);
      case ROUTE_KIND.get:
        return this.#records.onGet(forward, payload);
      case ROUTE_KIND.store:
        return this.#records.onStore(forward, payload);
      case ROUTE_KIND.publish:
        return this.#records.onPublish(forward, payload);
      case ROUTE_KIND.unpublish:
        return this.#records.onUnpublish(forward, payload);
      case ROUTE_KIND.deliver:
        return this.#onDeliver(forward, payload);
      case ROUTE_KIND.probe:
        return this.#virtualLinks.onProbe(forward, payload) ?? this.#invalid();
      case ROUTE_KIND.sync:
        return this.#records.onSync(forward, payload);
      case ROUTE_KIND.reply:
        return undefined;
    }
  }

  #onFind(forward: Forward, payload: Uint8Array): Answer {
    const find = decodeFind(payload);
    if (!find) return this.#invalid();
    const { core, table } = this.#routing;
    const { origin, from } = forward;
    // Whoever joins asks for itself, and is heard where it belongs: nobody can be announced to whom the sender chooses.
    const isAnnounced =
      (forward.flags & ROUTE_ANNOUNCE) !== 0 && find.key === origin.id && forward.target === origin.id;
    if (isAnnounced) {
      this.#callers.note(origin.id, find.referrers, core.now);
      // Its own word is no proof: it may be dialled, but is passed on only once somebody has a link to it.
      const proofAt = core.now - PASS_ON_MAX_AGE_MS;
      const entry = table.learn(origin, proofAt, core.now, undefined, UNKNOWN_PLACE, from);
      if (entry) for (const referrer of find.referrers) entry.addReferrer(referrer);
    }
    const count = isAnnounced ? ANNOUNCE_CONTACTS : BUCKET_CAPACITY;
    return {
      status: 'ok',
      payload: NOTHING,
      closest: closestAnswer(this.#routing, find.key, count, origin.id),
    };
  }

  #onDeliver(forward: Forward, payload: Uint8Array): Answer | undefined {
    const message = decodeDeliver(payload);
    if (!message) return this.#invalid();
    const { core } = this.#routing;
    const { protocol, body } = message;
    // With all that it says: whoever saw the number on its way can send something else under it, ahead of the message.
    const delivery = hashToId(payload.subarray(0, DELIVER_NAME_BYTES), forward.origin.publicKey, body);
    this.#callers.note(forward.origin.id, message.referrers, core.now);
    if (!this.#isFirstCopy(delivery)) return this.#onCopy(delivery, forward);
    const isHeld = protocol === 'signal' && this.#heldAnswers.hold(delivery, forward);
    const over = forward.from;
    core.emit({ kind: 'message', from: forward.origin, protocol, payload: body, over, ...(isHeld && { delivery }) });
    return isHeld ? undefined : { status: 'ok', payload: NOTHING, closest: [] };
  }

  /** It is acknowledged as the first copy was, or will be. */
  #onCopy(delivery: DeliveryId, forward: Forward): Answer | undefined {
    if (this.#heldAnswers.join(delivery, forward)) return undefined;
    return { status: 'ok', payload: this.#heldAnswers.writtenBack(delivery) ?? NOTHING, closest: [] };
  }

  #isFirstCopy(delivery: DeliveryId): boolean {
    const { now } = this.#routing.core;
    const seenAt = this.#deliveries.get(delivery);
    if (seenAt !== undefined && now - seenAt < DELIVERY_MEMORY_MS) return false;
    this.#deliveries.delete(delivery);
    for (const [oldest, at] of this.#deliveries) {
      if (this.#deliveries.size < MAX_DELIVERIES && now - at < DELIVERY_MEMORY_MS) break;
      this.#deliveries.delete(oldest);
    }
    this.#deliveries.set(delivery, now);
    return true;
  }

  #invalid(): Answer {
    this.#routing.core.counters.malformed++;
    return this.#refusal('invalid');
  }

  #refusal(status: ReplyStatus): Answer {
    return { status, payload: NOTHING, closest: [] };
  }
}
