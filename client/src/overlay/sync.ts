import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_SYNC_ENTRIES,
  MAX_SYNC_PEERS,
  MAX_SYNC_SENT,
  MAX_SYNC_WANTED,
  SYNC_DELAY_MS,
  SYNC_MAX_MS,
  SYNC_MIN_MS,
  SYNC_PROVEN_MS,
  SYNC_QUIET_MS,
  SYNC_SHARED_MS,
  SYNC_SPREAD_MS,
  SYNC_URGENT_QUIET_MS,
} from '../../../shared/src/limits/records.ts';
import { type Millis, randomBelow } from '../../../shared/src/machine.ts';
import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import { Allowance, Allowances } from './admission.ts';
import type { Forward } from './forward.ts';
import type { Answer } from './endpoint.ts';
import type { Neighbourhood } from './neighbourhood.ts';
import type { ProviderStore } from './provider-store.ts';
import { isOwned } from './record-key.ts';
import type { RecordStore } from './record-store.ts';
import { providerCopy, recordCopy } from './replication.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { Request, type Routing, questionDeadline } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';
import { type Copy, Spread } from './spread.ts';
import { digestOf, fingerprintOf, partOf } from './sync-digest.ts';
import {
  type Item,
  type ItemName,
  decodeSync,
  decodeSyncAnswer,
  encodeSync,
  encodeSyncAnswer,
} from './sync-payloads.ts';

/** What we hold that one other replica should hold too. */
interface Shared {
  readonly peer: Contact;
  /** BOUNDED: by what is held. */
  readonly items: Item[];
}

/** An exchange of digests with a peer. */
interface Exchange {
  readonly at: Millis;
  /** Of what we shared with it then; undefined when it did not answer. */
  readonly fingerprint: number | undefined;
}

const EQUAL = new Uint8Array(0);

/**
 * Keeps the replicas of what is held alike. Now and then, and soon after siblings changed, each peer sends the others of
 * its replica sets a digest; only where digests differ do the two sides list what they have, offer what the other did not
 * list and ask for what they lack: views of who is a replica differ, and most of what is not listed is there. A quiet network pays some hundred bytes a minute, and nothing at all for nothing held.
 */
export class Sync {
  readonly #routing: Routing;
  readonly #neighbourhood: Neighbourhood;
  readonly #records: RecordStore;
  readonly #providers: ProviderStore;
  readonly #sending = new Allowance(4 * MAX_SYNC_SENT, MAX_SYNC_SENT / 2, 0);
  /** To each peer a quarter of that, so that one that wishes again and again leaves the others theirs. */
  readonly #sendingTo = new Allowances<NodeId>(4 * MAX_SYNC_PEERS, MAX_SYNC_SENT, MAX_SYNC_SENT / 8);
  /** The last exchange with each peer. */
  readonly #exchanges = new BoundedMap<NodeId, Exchange>(4 * MAX_SYNC_PEERS);
  /** BOUNDED: by the contacts of the table. */
  #shared = new Map<NodeId, Shared>();
  #sharedOf = '';
  #sharedAt: Millis = Number.NEGATIVE_INFINITY;
  #nextAt: Millis = Number.POSITIVE_INFINITY;
  #isUrgent = false;
  #seenSiblings = -1;

  constructor(routing: Routing, neighbourhood: Neighbourhood, records: RecordStore, providers: ProviderStore) {
    this.#routing = routing;
    this.#neighbourhood = neighbourhood;
    this.#records = records;
    this.#providers = providers;
  }

  /** Starts a round when one is due. */
  tick(): void {
    const { core, table } = this.#routing;
    if (this.#records.size + this.#providers.size === 0) {
      this.#nextAt = Number.POSITIVE_INFINITY;
      this.#isUrgent = false;
      this.#seenSiblings = -1;
      return;
    }
    if (table.siblingVersion !== this.#seenSiblings) {
      this.#seenSiblings = table.siblingVersion;
      if (!this.#isUrgent) this.#nextAt = core.now + SYNC_DELAY_MS + randomBelow(core.rng, SYNC_SPREAD_MS);
      this.#isUrgent = true;
    }
    if (core.now < this.#nextAt) return;
    const partners = [...this.#share().values()];
    const due = partners.filter((shared) => this.#isDue(shared, this.#isUrgent ? SYNC_URGENT_QUIET_MS : SYNC_QUIET_MS));
    this.#isUrgent &&= partners.some((shared) => this.#isDue(shared, 0) && !due.includes(shared));
    const pause = SYNC_MIN_MS + randomBelow(core.rng, SYNC_MAX_MS - SYNC_MIN_MS);
    this.#nextAt = core.now + (this.#isUrgent ? SYNC_URGENT_QUIET_MS : pause);
    due.sort((a, b) => b.items.length - a.items.length);
    for (const shared of due.slice(0, MAX_SYNC_PEERS)) this.#compareWith(shared);
  }

  /** True after a minute, and after `quietMs` when we share something else with the peer than at the last exchange. */
  #isDue({ peer, items }: Shared, quietMs: Millis): boolean {
    if (!this.#livedLately(peer.id)) return false;
    const last = this.#exchanges.get(peer.id);
    const since = this.#routing.core.now - (last?.at ?? Number.NEGATIVE_INFINITY);
    return since > SYNC_QUIET_MS || (since > quietMs && last?.fingerprint !== fingerprintOf(items));
  }

  /** A digest to the dead is carried around them before it is given up. */
  #livedLately(id: NodeId): boolean {
    const { core, table } = this.#routing;
    const entry = table.get(id);
    return entry !== undefined && entry.proof >= core.now - SYNC_PROVEN_MS;
  }

  /**
   * Answers a digest with what differs, a wish with copies, and an offer with a wish. Undefined: malformed. A wish that did
   * not come over its peer's own link may be another's, who would have copies sent to a third: it is asked back by an offer.
   */
  consume({ origin, from }: Forward, bytes: Uint8Array): Answer | undefined {
    const payload = decodeSync(bytes);
    if (!payload) return undefined;
    const items = this.#share().get(origin.id)?.items ?? [];
    if (payload.kind === 'wanted') {
      const wanted = indexOf(payload.names);
      const granted = items.filter((item) => wanted.has(nameOf(item)));
      if (from === origin.id) this.#sendAll(origin, granted);
      else if (granted.length > 0) this.#offer(origin, granted);
      return { status: 'ok', payload: EQUAL, closest: [] };
    }
    if (payload.kind === 'offered') {
      const names = payload.items.filter((item) => this.#isWanted(item));
      return { status: 'ok', payload: names.length === 0 ? EQUAL : encodeSync({ kind: 'wanted', names }), closest: [] };
    }
    if (from === origin.id) this.#noteExchange(origin.id, items);
    const hashes = digestOf(items, payload.salt);
    const differing = hashes.flatMap((hash, part) => (hash === payload.hashes[part] ? [] : [part]));
    const answer = differing.length === 0 ? EQUAL : encodeSyncAnswer(listParts(items, differing));
    return { status: 'ok', payload: answer, closest: [] };
  }

  #compareWith({ peer, items }: Shared): void {
    const { core } = this.#routing;
    const salt = core.rng.nextUint32();
    const payload = encodeSync({ kind: 'digest', salt, hashes: digestOf(items, salt) });
    this.#noteExchange(peer.id, items);
    this.#ask(
      peer.id,
      payload,
      (reply) => (reply.status === 'ok' ? this.#reconcile(peer, items, reply) : this.#noteExchange(peer.id)),
      () => this.#noteExchange(peer.id),
    );
  }

  #reconcile(peer: Contact, items: readonly Item[], { payload }: ReplyFrame): void {
    const theirs = payload.length > 0 ? decodeSyncAnswer(payload) : undefined;
    if (payload.length > 0 && !theirs) return;
    const index = indexOf(theirs?.items ?? []);
    const lacking: Item[] = [];
    for (const item of items) {
      if (isLackedBy(index, theirs?.parts ?? 0, item)) lacking.push(item);
      else this.#replicasOf(item)?.add(peer.id);
    }
    for (let i = 0; i < lacking.length && i < MAX_SYNC_SENT; i += MAX_SYNC_WANTED) {
      this.#offer(peer, lacking.slice(i, i + MAX_SYNC_WANTED));
    }
    const wanted = (theirs?.items ?? []).filter((item) => this.#isWanted(item)).slice(0, MAX_SYNC_WANTED);
    if (wanted.length > 0) this.#ask(peer.id, encodeSync({ kind: 'wanted', names: wanted }), () => undefined);
  }

  /** Sends what the peer wants of `items`; the rest it has, or is none of its. */
  #offer(peer: Contact, items: readonly Item[]): void {
    this.#ask(peer.id, encodeSync({ kind: 'offered', items }), ({ status, payload }) => {
      const wish = status === 'ok' && payload.length > 0 ? decodeSync(payload) : undefined;
      if (status !== 'ok' || (payload.length > 0 && wish?.kind !== 'wanted')) return;
      const wanted = indexOf(wish?.kind === 'wanted' ? wish.names : []);
      for (const item of items) if (!wanted.has(nameOf(item))) this.#replicasOf(item)?.add(peer.id);
      this.#sendAll(
        peer,
        items.filter((item) => wanted.has(nameOf(item))),
      );
    });
  }

  /** Without `items` nothing was compared, for there was no answer or the peer has too much to do: it is due again soon. */
  #noteExchange(id: NodeId, items?: readonly Item[]): void {
    this.#exchanges.set(id, { at: this.#routing.core.now, fingerprint: items && fingerprintOf(items) });
  }

  /** True when a peer's version is news to us, and ours to keep. */
  #isWanted(item: Item): boolean {
    const { core } = this.#routing;
    if (!this.#neighbourhood.isResponsible(item.key)) return false;
    if (item.kind !== 'providers') {
      const held = this.#records.get(item.key, core.wallNow)?.record;
      if (held && isOwned(held) !== (item.kind === 'owned')) return item.kind === 'owned';
      return (held?.sequence ?? -1) < item.version;
    }
    const held = this.#providers.held(item.key);
    return !held || this.#providers.versionOf(held, core.now) !== item.version;
  }

  #replicasOf({ kind, key }: ItemName): Set<NodeId> | undefined {
    const held = kind === 'providers' ? this.#providers.held(key) : this.#records.get(key, this.#routing.core.wallNow);
    return held?.replicas;
  }

  #sendAll(peer: Contact, names: readonly ItemName[]): void {
    const { now } = this.#routing.core;
    for (const name of names.slice(0, MAX_SYNC_SENT)) {
      const copy = this.#copyOf(name);
      if (!copy) continue;
      if (!this.#sendingTo.take(peer.id, now) || !this.#sending.take(now)) return;
      new Spread(this.#routing, copy, undefined).start([peer]);
    }
  }

  #copyOf({ kind, key }: ItemName): Copy | undefined {
    const { core } = this.#routing;
    if (kind !== 'providers') {
      const held = this.#records.get(key, core.wallNow);
      return held && recordCopy(held);
    }
    const held = this.#providers.held(key);
    return held && providerCopy(this.#providers, held, core.now);
  }

  #ask(
    target: NodeId,
    payload: Uint8Array,
    onAnswer: (reply: ReplyFrame) => void,
    onNoAnswer: () => void = () => undefined,
  ): void {
    const deadline = questionDeadline(this.#routing, target);
    const question = { kind: ROUTE_KIND.sync, flags: ROUTE_EXACT, target, payload, ways: [], deadline, maxAttempts: 2 };
    const owner = { onAnswer: (_request: Request, reply: ReplyFrame): void => onAnswer(reply), onNoAnswer };
    new Request(this.#routing, question, owner).start();
  }

  /** What is held, by the peers that should hold it too. */
  #share(): ReadonlyMap<NodeId, Shared> {
    const { core, table } = this.#routing;
    const state = `${this.#records.version} ${this.#providers.version} ${table.siblingVersion}`;
    // A neighbour can bring news and ask in turns: what is much is sorted as seldom.
    const goodForMs = state === this.#sharedOf ? SYNC_SHARED_MS : this.#records.size + this.#providers.size;
    if (core.now - this.#sharedAt < Math.min(goodForMs, SYNC_SHARED_MS)) return this.#shared;
    this.#sharedOf = state;
    this.#sharedAt = core.now;
    this.#shared = new Map();
    for (const { record } of this.#records.values()) {
      this.#shareOne({ kind: isOwned(record) ? 'owned' : 'record', key: record.key, version: record.sequence });
    }
    for (const held of this.#providers.values()) {
      this.#shareOne({ kind: 'providers', key: held.key, version: this.#providers.versionOf(held, core.now) });
    }
    return this.#shared;
  }

  #shareOne(item: Item): void {
    if (!this.#neighbourhood.isReplica(item.key)) return;
    for (const peer of this.#neighbourhood.replicaPeers(item.key)) {
      const shared = this.#shared.get(peer.id);
      if (shared) shared.items.push(item);
      else this.#shared.set(peer.id, { peer, items: [item] });
    }
  }
}

/** The items of `parts` as far as they fit; only parts that fit are marked as complete. */
function listParts(items: readonly Item[], parts: readonly number[]): { parts: number; items: Item[] } {
  let complete = 0;
  const listed: Item[] = [];
  for (const part of parts) {
    const inPart = items.filter(({ key }) => partOf(key) === part);
    const room = MAX_SYNC_ENTRIES - listed.length;
    if (inPart.length <= room) complete |= 1 << part;
    listed.push(...inPart.slice(0, room));
  }
  return { parts: complete, items: listed };
}

function indexOf<T extends ItemName>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [nameOf(item), item]));
}

function nameOf({ kind, key }: ItemName): string {
  return `${kind} ${key}`;
}

/** True when a peer that listed `parts` completely, and `theirs` in all, should get `item`. */
function isLackedBy(theirs: ReadonlyMap<string, Item>, parts: number, item: Item): boolean {
  const their = theirs.get(nameOf(item));
  if (!their) return (parts & (1 << partOf(item.key))) !== 0;
  return item.kind === 'providers' ? their.version !== item.version : their.version < item.version;
}
