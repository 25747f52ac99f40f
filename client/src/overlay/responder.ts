import { Writer } from '../../../shared/src/bytes.ts';
import type { Contact, Key } from '../../../shared/src/ids.ts';
import {
  BUCKET_CAPACITY,
  DELIVERY_MEMORY_MS,
  MAX_DELIVERIES,
  PASS_ON_MAX_AGE_MS,
  REPLICATION,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { isCloser } from '../../../shared/src/xor.ts';
import type { Callers } from './callers.ts';
import { closestContacts } from './contact-exchange.ts';
import { addReferrer } from './entry.ts';
import type { Forward } from './forward.ts';
import type { Answer, Endpoint } from './forwarder.ts';
import { type AgedContact, type MessageId, contactBytes } from './frame-fields.ts';
import {
  decodeDeliver,
  decodeFind,
  decodeGet,
  decodePublish,
  decodeRecord,
  decodeUnpublish,
  encodeRecord,
} from './payloads.ts';
import type { ProviderStore } from './provider-store.ts';
import type { RecordStore } from './record-store.ts';
import type { ReplyStatus } from './reply-frame.ts';
import { type Replication, providerCopy } from './replication.ts';
import type { Routing } from './request.ts';
import { ROUTE_ANNOUNCE, ROUTE_KIND, ROUTE_REPLICA } from './route-frame.ts';
import type { SignedRecord } from './types.ts';
import type { VerificationOwner, Verifier } from './verifier.ts';

const NOTHING = new Uint8Array(0);

/** Answers the messages that end at this peer. */
export class Responder implements Endpoint {
  readonly #routing: Routing;
  readonly #records: RecordStore;
  readonly #providers: ProviderStore;
  readonly #replication: Replication;
  readonly #verifier: Verifier;
  readonly #callers: Callers;
  /** When each delivery came. BOUNDED: by MAX_DELIVERIES, the oldest leaves first. */
  readonly #deliveries = new Map<MessageId, Millis>();

  constructor(
    routing: Routing,
    stores: { readonly records: RecordStore; readonly providers: ProviderStore },
    replication: Replication,
    verifier: Verifier,
    callers: Callers,
  ) {
    this.#routing = routing;
    this.#records = stores.records;
    this.#providers = stores.providers;
    this.#replication = replication;
    this.#verifier = verifier;
    this.#callers = callers;
  }

  consume(forward: Forward, payload: Uint8Array): Answer | undefined {
    switch (forward.kind) {
      case ROUTE_KIND.find:
        return this.#onFind(forward, payload);
      case ROUTE_KIND.get:
        return this.#onGet(forward, payload);
      case ROUTE_KIND.store:
        return this.#onStore(forward, payload);
      case ROUTE_KIND.publish:
        return this.#onPublish(forward, payload);
      case ROUTE_KIND.unpublish:
        return this.#onUnpublish(forward, payload);
      case ROUTE_KIND.deliver:
        return this.#onDeliver(forward, payload);
      case ROUTE_KIND.reply:
        return undefined;
    }
  }

  #onFind(forward: Forward, payload: Uint8Array): Answer {
    const find = decodeFind(payload);
    if (!find) return this.#invalid();
    const { core, table } = this.#routing;
    if ((forward.flags & ROUTE_ANNOUNCE) !== 0) {
      this.#callers.note(forward.origin.id, find.referrers, core.now);
      // Its own word is no proof: it may be dialled, but is passed on only once somebody has a link to it.
      const entry = table.learn(forward.origin, core.now - PASS_ON_MAX_AGE_MS, core.now, undefined);
      if (entry) for (const referrer of find.referrers) addReferrer(entry, referrer);
    }
    return { status: 'ok', payload: NOTHING, closest: this.#closest(forward, find.key, BUCKET_CAPACITY) };
  }

  #onGet(forward: Forward, payload: Uint8Array): Answer {
    const get = decodeGet(payload);
    if (!get) return this.#invalid();
    const { core } = this.#routing;
    const found =
      get.subject === 'record'
        ? this.#records.get(get.key, core.wallNow)?.record
        : encodeProviders(this.#providers.get(get.key, core.now));
    const bytes = found instanceof Uint8Array ? found : found ? encodeRecord(found) : NOTHING;
    return { status: 'ok', payload: bytes, closest: this.#closest(forward, get.key, REPLICATION) };
  }

  #onStore(forward: Forward, payload: Uint8Array): Answer | undefined {
    const { core } = this.#routing;
    const record = decodeRecord(payload, core.contacts);
    if (!record) return this.#invalid();
    const status = this.#replication.isResponsible(record.key) ? this.#records.judge(record, core.wallNow) : 'refused';
    if (status !== 'ok') return this.#refusal(status);
    const storing = new Storing(this.#routing, this.#records, this.#replication, forward);
    return this.#verifier.verify(record, storing) ? undefined : this.#refusal('full');
  }

  #onPublish(forward: Forward, payload: Uint8Array): Answer | undefined {
    const { core } = this.#routing;
    const publish = decodePublish(payload, core.contacts);
    if (!publish) return this.#invalid();
    const { key, notes } = publish;
    if (!this.#replication.isResponsible(key)) return this.#refusal('refused');
    let status: ReplyStatus = 'ok';
    for (const note of notes) {
      const added = this.#providers.add(key, note, core.now);
      if (added !== 'ok') status = added;
    }
    const held = this.#providers.held(key);
    const copy = held && providerCopy(this.#providers, held, core.now);
    if ((forward.flags & ROUTE_REPLICA) !== 0 || !copy || status !== 'ok')
      return { status, payload: ONE_COPY, closest: [] };
    this.#replication.spread({ ...copy, payload }, forward);
    return undefined;
  }

  #onUnpublish(forward: Forward, payload: Uint8Array): Answer | undefined {
    const { core } = this.#routing;
    const unpublish = decodeUnpublish(payload, core.contacts);
    if (!unpublish) return this.#invalid();
    const { key, provider, secret } = unpublish;
    this.#providers.remove(key, provider.id, secret);
    if ((forward.flags & ROUTE_REPLICA) !== 0) return { status: 'ok', payload: ONE_COPY, closest: [] };
    this.#replication.spread({ kind: ROUTE_KIND.unpublish, key, payload, replicas: undefined }, forward);
    return undefined;
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

  /** The closest peers we know, ourselves included. */
  #closest(forward: Forward, key: Key, count: number): AgedContact[] {
    const { core, table } = this.#routing;
    const others = closestContacts(core, table, key, count, forward.origin.id);
    const at = others.findIndex(({ contact }) => isCloser(key, core.self.id, contact.id));
    others.splice(at < 0 ? others.length : at, 0, { contact: core.self, age: 0 });
    return others.slice(0, count);
  }

  #invalid(): Answer {
    this.#routing.core.counters.malformed++;
    return this.#refusal('invalid');
  }

  #refusal(status: ReplyStatus): Answer {
    return { status, payload: NOTHING, closest: [] };
  }
}

const ONE_COPY = new Uint8Array([1]);

/** A STORE between the check of its signature and its answer. */
class Storing implements VerificationOwner {
  readonly #routing: Routing;
  readonly #records: RecordStore;
  readonly #replication: Replication;
  readonly #forward: Forward;

  constructor(routing: Routing, records: RecordStore, replication: Replication, forward: Forward) {
    this.#routing = routing;
    this.#records = records;
    this.#replication = replication;
    this.#forward = forward;
  }

  onVerified(record: SignedRecord, isValid: boolean): void {
    const { core, forwarder } = this.#routing;
    const status = isValid ? this.#records.put(record, core.wallNow) : 'invalid';
    if (status !== 'ok' || (this.#forward.flags & ROUTE_REPLICA) !== 0) {
      forwarder.answer(this.#forward, { status, payload: status === 'ok' ? ONE_COPY : NOTHING, closest: [] });
      return;
    }
    const replicas = this.#records.get(record.key, core.wallNow)?.replicas;
    const payload = encodeRecord(record);
    this.#replication.spread({ kind: ROUTE_KIND.store, key: record.key, payload, replicas }, this.#forward);
  }
}

/** The answer to GET for providers: a count and their contacts. */
export function encodeProviders(providers: readonly Contact[]): Uint8Array {
  const writer = new Writer(1 + 64 * providers.length).u8(providers.length);
  for (const provider of providers) writer.bytes(contactBytes(provider));
  return writer.done();
}
