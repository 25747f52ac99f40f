import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import {
  BUCKET_CAPACITY,
  MAX_REPLICATIONS_PER_CHECK,
  PASS_ON_MAX_AGE_MS,
  QUESTION_TIMEOUT_MS,
  REPLICATION,
  REPLICATION_CHECK_MS,
  REPLICATION_DELAY_MS,
  REPLICA_WAIT_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { isCloser } from '../../../shared/src/xor.ts';
import type { Forward } from './forward.ts';
import { Alarm } from './operation.ts';
import { encodePublish, encodeRecord } from './payloads.ts';
import type { HeldKey, ProviderStore } from './provider-store.ts';
import type { RecordStore } from './record-store.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA, type RouteKind } from './route-frame.ts';
import type { RoutingTable } from './routing-table.ts';

/** Something to be copied to the closest peers of a key. */
export interface Copy {
  readonly kind: RouteKind;
  readonly key: Key;
  readonly payload: Uint8Array;
  /** Takes note of who acknowledged. */
  readonly replicas: Set<NodeId> | undefined;
}

/** Keeps copies where they belong: at the closest peers of each key. */
export class Replication {
  readonly #routing: Routing;
  readonly #records: RecordStore;
  readonly #providers: ProviderStore;
  #nextCheck: Millis = Number.POSITIVE_INFINITY;
  #seenSiblings = -1;
  #cursor = 0;

  constructor(routing: Routing, records: RecordStore, providers: ProviderStore) {
    this.#routing = routing;
    this.#records = records;
    this.#providers = providers;
  }

  /** True when this peer is near enough to `key` to keep something for it. */
  isResponsible(key: Key): boolean {
    const { core, table } = this.#routing;
    const closest = table.closest(key, BUCKET_CAPACITY, { provenSince: core.now - PASS_ON_MAX_AGE_MS });
    const last = closest.at(-1);
    return closest.length < BUCKET_CAPACITY || !last || isCloser(key, core.self.id, last.contact.id);
  }

  /** Copies to the closest peers and then answers `forward`, which asked for it, with the number of copies. */
  spread(copy: Copy, forward: Forward): void {
    new Spread(this.#routing, copy, forward).start(replicaPeers(this.#routing, copy.key));
  }

  /** Hands copies to peers that became responsible, now and then and soon after the siblings changed. */
  tick(): void {
    const { core, table } = this.#routing;
    if (table.siblingVersion !== this.#seenSiblings) {
      this.#seenSiblings = table.siblingVersion;
      this.#nextCheck = Math.min(this.#nextCheck, core.now + REPLICATION_DELAY_MS);
    }
    if (core.now < this.#nextCheck) return;
    this.#nextCheck = core.now + REPLICATION_CHECK_MS;
    this.#check();
  }

  /** Gives everything held to the linked peers closest to it: we leave. */
  handOver(): void {
    const { table, forwarder } = this.#routing;
    for (const copy of this.#copies()) {
      const heirs = table
        .closest(copy.key, REPLICATION, { isLinkedOnly: true })
        .filter(({ contact }) => !copy.replicas?.has(contact.id));
      for (const { contact } of heirs.slice(0, HEIRS)) {
        const { kind, payload } = copy;
        const flags = ROUTE_EXACT | ROUTE_REPLICA;
        forwarder.originate(
          { kind, flags, target: contact.id, via: [], payload, lifetimeMs: QUESTION_TIMEOUT_MS },
          [],
          undefined,
        );
      }
    }
  }

  #check(): void {
    const copies = this.#copies();
    let handed = 0;
    for (let i = 0; i < copies.length && handed < MAX_REPLICATIONS_PER_CHECK; i++) {
      const copy = copies[this.#cursor++ % copies.length] as Copy;
      const peers = replicaPeers(this.#routing, copy.key);
      const isRoot = peers.every(({ id }) => isCloser(copy.key, this.#routing.core.self.id, id));
      if (!isRoot) continue;
      const missing = peers.filter(({ id }) => !copy.replicas?.has(id));
      if (missing.length === 0) continue;
      handed++;
      new Spread(this.#routing, copy, undefined).start(missing);
    }
  }

  #copies(): Copy[] {
    const { core } = this.#routing;
    const copies: Copy[] = [];
    for (const { record, replicas } of this.#records.values()) {
      copies.push({ kind: ROUTE_KIND.store, key: record.key, payload: encodeRecord(record), replicas });
    }
    for (const held of this.#providers.values()) {
      const copy = providerCopy(this.#providers, held, core.now);
      if (copy) copies.push(copy);
    }
    return copies;
  }
}

/** How many peers get what a leaving peer held. [peers] The other replicas are still there. */
const HEIRS = 2;

/** The announcements of a key as one copy; undefined when none is left. */
export function providerCopy(providers: ProviderStore, held: HeldKey, now: Millis): Copy | undefined {
  const notes = providers.notes(held, now);
  if (notes.length === 0) return undefined;
  return { kind: ROUTE_KIND.publish, key: held.key, payload: encodePublish(held.key, notes), replicas: held.replicas };
}

/** The peers that should hold `key` beside us: all of the closest when we are one of them, nearest first. */
function replicaPeers({ core, table }: { core: Routing['core']; table: RoutingTable }, key: Key): Contact[] {
  const closest = table.closest(key, REPLICATION, { provenSince: core.now - PASS_ON_MAX_AGE_MS });
  const others = closest.map(({ contact }) => contact);
  const last = others.at(-1);
  if (others.length === REPLICATION && last && isCloser(key, core.self.id, last.id)) others.pop();
  return others;
}

/** One round of copies to several peers. */
class Spread implements RequestOwner {
  readonly #routing: Routing;
  readonly #copy: Copy;
  readonly #forward: Forward | undefined;
  readonly #alarm = new Alarm(this);
  #openCount = 0;
  #copyCount = 1;

  constructor(routing: Routing, copy: Copy, forward: Forward | undefined) {
    this.#routing = routing;
    this.#copy = copy;
    this.#forward = forward;
  }

  start(peers: readonly Contact[]): void {
    const { core } = this.#routing;
    const { kind, payload } = this.#copy;
    this.#openCount = peers.length;
    for (const { id } of peers) {
      const deadline = core.now + QUESTION_TIMEOUT_MS;
      const flags = ROUTE_EXACT | ROUTE_REPLICA;
      new Request(
        this.#routing,
        { kind, flags, target: id, payload, ways: [], deadline, maxAttempts: 2 },
        this,
      ).start();
    }
    if (peers.length === 0) this.onAlarm();
    else if (this.#forward) core.timers.set(this.#alarm, core.now + REPLICA_WAIT_MS, 'replicas');
  }

  onAnswer(request: Request, reply: ReplyFrame): void {
    if (reply.status === 'ok') {
      this.#copyCount++;
      this.#copy.replicas?.add(request.question.target);
    }
    this.#ended();
  }

  onNoAnswer(): void {
    this.#ended();
  }

  onAlarm(): void {
    this.#routing.core.timers.clear(this.#alarm);
    const payload = new Uint8Array([Math.min(this.#copyCount, 255)]);
    if (this.#forward) this.#routing.forwarder.answer(this.#forward, { status: 'ok', payload, closest: [] });
  }

  #ended(): void {
    if (--this.#openCount === 0) this.onAlarm();
  }
}
