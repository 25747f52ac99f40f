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
import type { Forward } from './forward.ts';
import type { Answer, Endpoint } from './endpoint.ts';
import type { MessageId } from './frame-fields.ts';
import type { Holdings } from './holdings.ts';
import { decodeDeliver, decodeFind } from './payloads.ts';
import { RecordResponder } from './record-responder.ts';
import type { ReplyStatus } from './reply-frame.ts';
import type { Routing } from './request.ts';
import { ROUTE_ANNOUNCE, ROUTE_KIND } from './route-frame.ts';
import type { VirtualLinks } from './virtual-links.ts';

const NOTHING = new Uint8Array(0);

/** Answers the messages that end at this peer. */
export class Responder implements Endpoint {
  readonly #routing: Routing;
  readonly #records: RecordResponder;
  readonly #callers: Callers;
  readonly #virtualLinks: VirtualLinks;
  /** When each delivery came. BOUNDED: by MAX_DELIVERIES, the oldest leaves first. */
  readonly #deliveries = new Map<MessageId, Millis>();

  constructor(routing: Routing, holdings: Holdings, callers: Callers, virtualLinks: VirtualLinks) {
    this.#routing = routing;
    this.#records = new RecordResponder(routing, holdings);
    this.#callers = callers;
    this.#virtualLinks = virtualLinks;
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
    const isAnnounced = (forward.flags & ROUTE_ANNOUNCE) !== 0;
    if (isAnnounced) {
      this.#callers.note(forward.origin.id, find.referrers, core.now);
      // Its own word is no proof: it may be dialled, but is passed on only once somebody has a link to it.
      const entry = table.learn(forward.origin, core.now - PASS_ON_MAX_AGE_MS, core.now, undefined);
      if (entry) for (const referrer of find.referrers) entry.addReferrer(referrer);
    }
    const count = isAnnounced ? ANNOUNCE_CONTACTS : BUCKET_CAPACITY;
    return {
      status: 'ok',
      payload: NOTHING,
      closest: closestAnswer(this.#routing, find.key, count, forward.origin.id),
    };
  }

  #onDeliver(forward: Forward, payload: Uint8Array): Answer {
    const message = decodeDeliver(payload);
    if (!message) return this.#invalid();
    const { core } = this.#routing;
    this.#callers.note(forward.origin.id, message.referrers, core.now);
    if (this.#isFirstCopy(message.delivery)) {
      core.emit({ kind: 'message', from: forward.origin, protocol: message.protocol, payload: message.body });
    }
    return { status: 'ok', payload: NOTHING, closest: [] };
  }

  #isFirstCopy(delivery: MessageId): boolean {
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
