import type { Key, NodeId } from '../../../shared/src/ids.ts';
import {
  BUCKET_CAPACITY,
  LANE_ATTEMPTS,
  LANE_CONFIRMED,
  LANE_PATIENCE,
  LOOKUP_CONFIRMED,
  LOOKUP_PARALLELISM,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Timed } from './core.ts';
import { judgeDensity } from './density.ts';
import { type AuditOwner, IterativeLookup } from './iterative-lookup.ts';
import { laneFlags } from './lanes.ts';
import { type Found, type LookupOwner, pathOf } from './lookup.ts';
import { estimateNetworkSize } from './network-size.ts';
import { encodeFind } from './payloads.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { type NoAnswer, Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_KIND } from './route-frame.ts';

/**
 * A recursive lookup in d copies that take disjoint ways, and an audit of what they answer:
 *
 *     asking ──two copies answered, or p90──► confirming ──the closest answered for themselves──► judging ──► found
 *                                                 ▲                                                 │
 *                                                 └── copies disagree, answers too sparse: again ───┘
 *
 * Nothing that a copy brings is believed by itself: the closest peers named must answer, asked through other copies'
 * ways. What the copies leave in doubt is asked once more through first hops not taken yet, the oldest links first, and more
 * peers must answer.
 */
export class DisjointLookup implements RequestOwner, AuditOwner, Timed {
  readonly #routing: Routing;
  readonly #key: Key;
  readonly #count: number;
  readonly #deadline: Millis;
  readonly #owner: LookupOwner;
  readonly #audit: IterativeLookup;
  /** Copies without an answer yet. BOUNDED: by twice MAX_LANES. */
  readonly #lanes = new Set<Request>();
  /** The way of each copy that was answered. BOUNDED: by twice MAX_LANES. */
  readonly #paths: NodeId[][] = [];
  /** BOUNDED: by twice MAX_LANES times LANE_ATTEMPTS. */
  readonly #usedFirstHops: NodeId[] = [];
  #denseCount = 0;
  #isPatient = true;
  #isDeep = false;

  constructor(routing: Routing, key: Key, count: number, deadline: Millis, owner: LookupOwner) {
    this.#routing = routing;
    this.#key = key;
    this.#count = count;
    this.#deadline = deadline;
    this.#owner = owner;
    const options = { deadline, confirmed: LANE_CONFIRMED, parallelism: Math.max(LOOKUP_PARALLELISM, count / 2) };
    this.#audit = new IterativeLookup(routing, key, options, this);
  }

  start(): this {
    this.#audit.offerLinked(BUCKET_CAPACITY);
    this.#launch();
    return this;
  }

  cancel(): void {
    this.#routing.core.timers.clear(this);
    for (const lane of this.#lanes) lane.cancel();
    this.#lanes.clear();
    this.#audit.cancel();
  }

  onAnswer(lane: Request, reply: ReplyFrame): void {
    this.#lanes.delete(lane);
    const path = pathOf(reply);
    this.#owner.onTrail?.(path);
    const contacts = reply.closest.map(({ contact }) => contact);
    const ids = contacts.map(({ id }) => id);
    if (judgeDensity(this.#key, ids, estimateNetworkSize(this.#routing.table)) !== 'sparse') this.#denseCount++;
    this.#paths.push(path);
    this.#audit.offer(contacts, path);
    this.#proceed();
  }

  onNoAnswer(lane: Request, _why: NoAnswer): void {
    this.#lanes.delete(lane);
    this.#proceed();
  }

  /** Nine in ten answers would be here: what is missing is not waited for once half of the copies were answered. */
  onTimer(): void {
    this.#isPatient = false;
    this.#proceed();
  }

  onTrail(path: readonly NodeId[]): void {
    this.#owner.onTrail?.(path);
  }

  onFound(found: Found): void {
    this.cancel();
    const path = this.#paths[0] ?? found.path;
    this.#owner.onFound({ ...found, hops: path.length, path });
  }

  onNotFound(why: NoAnswer): void {
    this.cancel();
    this.#owner.onNotFound(why);
  }

  /** True while copies are missing, or what came is not to be believed and is looked into. */
  onSettled(): boolean {
    if (this.#routing.core.now >= this.#deadline) return false;
    if (this.#isWaiting()) return true;
    if (this.#isDeep || this.#isCredible()) return false;
    this.#isDeep = true;
    this.#launch();
    this.#audit.deepen(LOOKUP_CONFIRMED);
    return true;
  }

  /** Sends as many copies, each through a first hop that none has taken. */
  #launch(): void {
    const { core, answerTimes } = this.#routing;
    const patienceMs = answerTimes.hedgeMs;
    const deadline = Math.min(this.#deadline, core.now + Math.ceil(LANE_PATIENCE * patienceMs));
    const payload = encodeFind({ key: this.#key, referrers: [] });
    const usedFirstHops = this.#usedFirstHops;
    const starts = this.#isDeep ? this.#oldestLinks() : [];
    for (let lane = 0; lane < this.#count; lane++) {
      const flags = laneFlags(lane, this.#count);
      const ways = starts.slice(LANE_ATTEMPTS * lane, LANE_ATTEMPTS * (lane + 1)).map((id) => [id]);
      const question = { kind: ROUTE_KIND.find, flags, target: this.#key, payload, ways, deadline, usedFirstHops };
      const request = new Request(this.#routing, { ...question, patienceMs, maxAttempts: LANE_ATTEMPTS }, this);
      this.#lanes.add(request);
      request.start();
    }
    core.timers.set(this, core.now + patienceMs, 'slow copies of a lookup');
  }

  /**
   * The links not asked yet that we have had for longest, wherever they lead. Who wants to stand between us and a part of the
   * network links to us later than those we met by chance, and then has all the links that lead there.
   */
  #oldestLinks(): NodeId[] {
    const unused = this.#routing.table.linked.filter(({ contact }) => !this.#usedFirstHops.includes(contact.id));
    unused.sort((a, b) => (a.link?.since ?? 0) - (b.link?.since ?? 0));
    return unused.map(({ contact }) => contact.id);
  }

  #proceed(): void {
    if (this.#paths.length >= 2 || !this.#isPatient || this.#lanes.size === 0) this.#audit.ask();
  }

  #isWaiting(): boolean {
    if (this.#lanes.size === 0) return false;
    return this.#isDeep || this.#isPatient || 2 * this.#paths.length < this.#count;
  }

  /** Two answers are as dense as the network, and two peers named the closest peer that answered. */
  #isCredible(): boolean {
    const nearest = this.#audit.answered[0];
    return nearest !== undefined && this.#denseCount >= 2 && this.#audit.namersOf(nearest.id) !== 1;
  }
}
