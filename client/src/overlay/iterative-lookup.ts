import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import {
  BUCKET_CAPACITY,
  LOOKUP_CONFIRMED,
  LOOKUP_PARALLELISM,
  MAX_VIA,
  MAX_WAYS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { type Found, type LookupOwner, closestOf, pathOf } from './lookup.ts';
import { encodeFind } from './payloads.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { type NoAnswer, Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';
import { type Candidate, Shortlist } from './shortlist.ts';

/** Who audits. */
export interface AuditOwner extends LookupOwner {
  /** The closest peers have answered. True: wait for more contacts; `ask`, `deepen` or `finish` follows. */
  onSettled?(): boolean;
}

/** How carefully an iterative lookup asks. */
export interface IterativeOptions {
  readonly deadline: Millis;
  /** It ends when this many closest peers have answered. Default LOOKUP_CONFIRMED. */
  readonly confirmed?: number;
  /** Default LOOKUP_PARALLELISM. */
  readonly parallelism?: number;
  /** Peers that are neither asked nor found are those for whom it is false. Default: true for all. */
  readonly accepts?: (id: NodeId) => boolean;
}

/**
 * An iterative lookup after the paper: α questions at a time to the closest peers not asked yet, until the closest
 * ones have all answered. A peer without a link is asked through those who named it, first through one that did not if
 * only one did: then nobody can vouch alone for a peer that is not there.
 */
export class IterativeLookup implements RequestOwner {
  readonly #routing: Routing;
  readonly #key: Key;
  readonly #options: IterativeOptions;
  readonly #owner: AuditOwner;
  #confirmed: number;
  readonly #shortlist: Shortlist;
  /** BOUNDED: by the parallelism. */
  readonly #waiting = new Map<Request, Candidate>();
  /** Ways to the peers that answered, newest first. BOUNDED: by MAX_WAYS. */
  readonly #ends: (readonly NodeId[])[] = [];
  #isOver = false;

  constructor(routing: Routing, key: Key, options: IterativeOptions, owner: AuditOwner) {
    this.#routing = routing;
    this.#key = key;
    this.#shortlist = new Shortlist(key);
    this.#options = options;
    this.#owner = owner;
    this.#confirmed = options.confirmed ?? LOOKUP_CONFIRMED;
  }

  /** Starts from our own links. */
  start(): this {
    this.offerLinked(BUCKET_CAPACITY);
    this.ask();
    return this;
  }

  cancel(): void {
    this.#isOver = true;
    for (const request of this.#waiting.keys()) request.cancel();
    this.#waiting.clear();
  }

  /** Takes note of our own links closest to the key. */
  offerLinked(count: number): void {
    for (const { contact } of this.#routing.table.closest(this.#key, count, { isLinkedOnly: true }))
      this.#add(contact, undefined);
  }

  /** Takes note of contacts that the end of `way` named, of no more than an answer has to name. */
  offer(contacts: readonly Contact[], way: readonly NodeId[]): void {
    const chain = way.slice(-MAX_VIA);
    this.#ends.unshift(chain);
    if (this.#ends.length > MAX_WAYS) this.#ends.pop();
    for (const contact of contacts.slice(0, BUCKET_CAPACITY)) this.#add(contact, chain);
  }

  /** Asks on until `confirmed` closest peers have answered. */
  deepen(confirmed: number): void {
    this.#confirmed = Math.max(this.#confirmed, confirmed);
    this.ask();
  }

  /** The peers that answered, nearest first. */
  get answered(): Contact[] {
    return this.#shortlist.believed.map(({ contact }) => contact);
  }

  /** How many ends named `id` so far. */
  namersOf(id: NodeId): number {
    return this.#shortlist.get(id)?.ways.length ?? 0;
  }

  onAnswer(request: Request, reply: ReplyFrame, way: readonly NodeId[]): void {
    const candidate = this.#take(request, 'answered');
    if (!candidate) return;
    const { contact } = candidate;
    candidate.isVouched = !candidate.isDoubted || way !== candidate.ways[0];
    const path = [...way, contact.id];
    this.#owner.onTrail?.(pathOf(reply));
    this.offer(
      reply.closest.map((aged) => aged.contact),
      path,
    );
    this.ask();
  }

  onNoAnswer(request: Request): void {
    if (this.#take(request, 'failed')) this.ask();
  }

  /** Sends the questions that may leave now; ends the lookup when none is needed any more. */
  ask(): void {
    while (!this.#isOver) {
      const near = this.#shortlist.nearest(this.#confirmed);
      const isSettled = near.every(({ state }) => state === 'answered');
      if (this.#routing.core.now >= this.#options.deadline || isSettled) return this.#settle();
      const next = near.find(({ state }) => state === 'new');
      if (!next || this.#waiting.size >= (this.#options.parallelism ?? LOOKUP_PARALLELISM)) return;
      this.#question(next);
    }
  }

  #take(request: Request, state: 'answered' | 'failed'): Candidate | undefined {
    const candidate = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (candidate) candidate.state = state;
    if (candidate && state === 'failed') this.#shortlist.setAside(candidate);
    return this.#isOver ? undefined : candidate;
  }

  #add(contact: Contact, way: readonly NodeId[] | undefined): void {
    const { id } = contact;
    if (id === this.#routing.core.self.id || this.#options.accepts?.(id) === false) return;
    const at = way?.indexOf(id) ?? -1;
    if (way && at >= 0) return this.#add(contact, at === 0 ? undefined : way.slice(0, at));
    const held = this.#shortlist.get(id);
    if (held) {
      const isNew = way && !held.ways.some((other) => other.at(-1) === way.at(-1));
      if (!isNew || held.ways.length === 0 || held.ways.length >= MAX_WAYS) return;
      held.ways.push(way);
      if (held.state === 'failed' && held.askedCount < MAX_QUESTIONS) this.#shortlist.add(held);
      return;
    }
    this.#shortlist.add({
      contact,
      ways: way ? [way] : [],
      state: 'new',
      isVouched: false,
      isDoubted: false,
      askedCount: 0,
    });
  }

  #question(candidate: Candidate): void {
    const { core, answerTimes } = this.#routing;
    const { id } = candidate.contact;
    candidate.state = 'waiting';
    candidate.askedCount++;
    const ways = this.#waysTo(candidate);
    candidate.isDoubted = ways.length > candidate.ways.length;
    const timeoutMs = answerTimes.timeoutFor(2 + (ways[0]?.length ?? 0));
    const patienceMs = Math.min(timeoutMs, answerTimes.hedgeMs);
    const request = new Request(
      this.#routing,
      {
        kind: ROUTE_KIND.find,
        flags: ROUTE_EXACT,
        target: id,
        payload: encodeFind({ key: this.#key, referrers: [] }),
        ways,
        deadline: Math.min(this.#options.deadline, core.now + (MAX_COPIES - 1) * patienceMs + timeoutMs),
        maxAttempts: MAX_COPIES,
        patienceMs,
      },
      this,
    );
    this.#waiting.set(request, candidate);
    request.start();
  }

  /** One attempt for each; through others first when a single peer named the candidate. */
  #waysTo({ contact, ways }: Candidate): (readonly NodeId[])[] {
    if (ways.length !== 1) return ways;
    const named = ways[0]?.at(-1);
    const other = this.#ends.find((end) => end.at(-1) !== named && !end.includes(contact.id));
    return other ? [other, ...ways] : ways;
  }

  #settle(): void {
    if (!this.#owner.onSettled?.()) this.finish();
  }

  /** Ends the lookup with what was answered. */
  finish(): void {
    this.cancel();
    const [nearest] = this.#shortlist.believed;
    if (!nearest) {
      const why: NoAnswer = this.#routing.table.linked.length === 0 ? 'no-links' : 'timeout';
      this.#owner.onNotFound(why);
      return;
    }
    const path = [...(nearest.ways[0] ?? []), nearest.contact.id];
    const closest = closestOf(this.#key, [...this.answered, this.#routing.core.self], BUCKET_CAPACITY);
    const found: Found = { closest, hops: path.length, path };
    this.#owner.onFound(found);
  }
}

/** Questions to one candidate: a second one when somebody else names it after the first was lost. */
const MAX_QUESTIONS = 2;

/** Copies of one question, each another way. */
const MAX_COPIES = 3;
