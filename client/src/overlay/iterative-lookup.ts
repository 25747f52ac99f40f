import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import {
  BUCKET_CAPACITY,
  LOOKUP_CONFIRMED,
  LOOKUP_PARALLELISM,
  LOOKUP_SHORTLIST,
  MAX_VIA,
  QUESTION_TIMEOUT_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { type LookupOwner, closestOf } from './lookup.ts';
import { encodeFind } from './payloads.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';

/** new ──asked──► waiting ──answer──► answered; waiting ──silence, unreachable──► failed. */
type CandidateState = 'new' | 'waiting' | 'answered' | 'failed';

interface Candidate {
  readonly contact: Contact;
  /** The chain of referrers, first hop first; empty for peers from our own table. At most MAX_VIA. */
  readonly chain: readonly NodeId[];
  state: CandidateState;
}

/**
 * An iterative lookup after the paper: α questions at a time to the closest peers not asked yet, until the closest
 * ones have all answered. A peer without a link is asked through those who named it.
 */
export class IterativeLookup implements RequestOwner {
  readonly #routing: Routing;
  readonly #key: Key;
  readonly #deadline: Millis;
  readonly #owner: LookupOwner;
  /** Nearest first. BOUNDED: by LOOKUP_SHORTLIST. */
  #shortlist: Candidate[] = [];
  /** BOUNDED: by LOOKUP_PARALLELISM. */
  readonly #waiting = new Map<Request, Candidate>();
  #isOver = false;

  constructor(routing: Routing, key: Key, deadline: Millis, owner: LookupOwner) {
    this.#routing = routing;
    this.#key = key;
    this.#deadline = deadline;
    this.#owner = owner;
  }

  start(): this {
    for (const { contact } of this.#routing.table.closest(this.#key, BUCKET_CAPACITY, { isLinkedOnly: true }))
      this.#add(contact, []);
    this.#ask();
    return this;
  }

  cancel(): void {
    this.#isOver = true;
    for (const request of this.#waiting.keys()) request.cancel();
    this.#waiting.clear();
  }

  onAnswer(request: Request, reply: ReplyFrame): void {
    const candidate = this.#take(request, 'answered');
    if (!candidate) return;
    const chain = [...candidate.chain, candidate.contact.id].slice(0, MAX_VIA);
    for (const { contact } of reply.closest) this.#add(contact, chain);
    this.#ask();
  }

  onNoAnswer(request: Request): void {
    if (this.#take(request, 'failed')) this.#ask();
  }

  #take(request: Request, state: CandidateState): Candidate | undefined {
    const candidate = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (candidate) candidate.state = state;
    return this.#isOver ? undefined : candidate;
  }

  #add(contact: Contact, chain: readonly NodeId[]): void {
    const { id } = contact;
    if (id === this.#routing.core.self.id || this.#shortlist.some((candidate) => candidate.contact.id === id)) return;
    this.#shortlist.push({ contact, chain, state: 'new' });
    this.#shortlist.sort((a, b) => compareDistance(this.#key, a.contact.id, b.contact.id));
    if (this.#shortlist.length > LOOKUP_SHORTLIST) this.#shortlist.pop();
  }

  #ask(): void {
    for (;;) {
      const near = this.#shortlist.filter(({ state }) => state !== 'failed').slice(0, LOOKUP_CONFIRMED);
      const isSettled = near.every(({ state }) => state === 'answered');
      if (this.#routing.core.now >= this.#deadline || isSettled) return this.#finish();
      const next = near.find(({ state }) => state === 'new');
      if (!next || this.#waiting.size >= LOOKUP_PARALLELISM) return;
      this.#question(next);
    }
  }

  #question(candidate: Candidate): void {
    const { core } = this.#routing;
    candidate.state = 'waiting';
    const deadline = Math.min(this.#deadline, core.now + QUESTION_TIMEOUT_MS);
    const payload = encodeFind({ key: this.#key, referrers: [] });
    const { id } = candidate.contact;
    const ways = candidate.chain.length === 0 ? [] : [candidate.chain];
    const request = new Request(
      this.#routing,
      { kind: ROUTE_KIND.find, flags: ROUTE_EXACT, target: id, payload, ways, deadline, maxAttempts: 2 },
      this,
    );
    this.#waiting.set(request, candidate);
    request.start();
  }

  #finish(): void {
    this.cancel();
    const answered = this.#shortlist.filter(({ state }) => state === 'answered');
    const nearest = answered[0];
    if (!nearest) {
      this.#owner.onNotFound(this.#routing.table.linked.length === 0 ? 'no-links' : 'timeout');
      return;
    }
    const contacts = [...answered.map(({ contact }) => contact), this.#routing.core.self];
    const path = [...nearest.chain, nearest.contact.id];
    this.#owner.onFound({ closest: closestOf(this.#key, contacts, BUCKET_CAPACITY), hops: path.length, path });
  }
}
