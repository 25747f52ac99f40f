import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import {
  BUCKET_CAPACITY,
  MAX_CONFIRMATIONS,
  MAX_HOP_TIMEOUT_MS,
  MAX_PATH,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { compareDistance, isCloser } from '../../../shared/src/xor.ts';
import { encodeFind } from './payloads.ts';
import { type NoAnswer, Request, type RequestOwner, type Routing } from './request.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';

/** What a lookup found. */
export interface Found {
  /** Nearest first, at most k. */
  readonly closest: readonly Contact[];
  readonly hops: number;
  readonly path: readonly NodeId[];
}

/** Who looks up. Called exactly once, unless the lookup is cancelled. */
export interface LookupOwner {
  onFound(found: Found): void;
  onNotFound(why: NoAnswer): void;
  /** An answer came, from the end of `path`. */
  onTrail?(path: readonly NodeId[]): void;
}

/** How a recursive lookup is to leave. */
export interface LookupOptions {
  readonly deadline: Millis;
  /** When it has failed without a first answer. Default: the deadline. Peers named by then have time to answer for themselves. */
  readonly answerBy?: Millis;
  /** ROUTE_ANNOUNCE for a self-lookup. */
  readonly flags?: number;
  /** Peers through which we can be reached, for an announcement. */
  readonly referrers?: readonly NodeId[];
  /** First hops not to take. */
  readonly avoid?: readonly NodeId[];
}

/**
 * A recursive lookup: the question is handed on hop by hop to the peer closest to the key, which answers with the
 * closest peers it knows. When the answer names a closer peer that the answering one has no link to, that peer is
 * asked too, so that a missing link does not hide the true closest.
 */
export class RecursiveLookup implements RequestOwner {
  readonly #routing: Routing;
  readonly #key: Key;
  readonly #options: LookupOptions;
  readonly #owner: LookupOwner;
  #request: Request | undefined;
  #found: Found | undefined;
  #confirmationCount = 0;
  /** Peers that were named and did not answer. BOUNDED: by MAX_CONFIRMATIONS. */
  readonly #silent = new Set<NodeId>();
  /** The end of the last answer, and the peer asked since. */
  #answered: NodeId | undefined;
  #asked: NodeId | undefined;

  constructor(routing: Routing, key: Key, options: LookupOptions, owner: LookupOwner) {
    this.#routing = routing;
    this.#key = key;
    this.#options = options;
    this.#owner = owner;
  }

  start(): this {
    const { deadline, answerBy = deadline, flags = 0, referrers = [], avoid = [] } = this.#options;
    const payload = encodeFind({ key: this.#key, referrers });
    const question = { kind: ROUTE_KIND.find, flags, target: this.#key, payload, ways: [], deadline: answerBy, avoid };
    this.#request = new Request(this.#routing, question, this).start();
    return this;
  }

  cancel(): void {
    this.#request?.cancel();
  }

  onAnswer(_request: Request, reply: ReplyFrame): void {
    this.#answered = reply.trail[0]?.id;
    const path = pathOf(reply);
    this.#owner.onTrail?.(path);
    const before = this.#found;
    this.#found = {
      closest: this.#merge([...(before?.closest ?? []), ...reply.closest.map(({ contact }) => contact)]),
      hops: before ? before.hops + 1 : reply.hops,
      path: before ? [...before.path, ...path.slice(-1)].slice(0, MAX_PATH) : path,
    };
    this.#confirm();
  }

  onNoAnswer(_request: Request, why: NoAnswer): void {
    if (!this.#found) {
      this.#owner.onNotFound(why);
      return;
    }
    if (this.#asked !== undefined) this.#silent.add(this.#asked);
    this.#found = { ...this.#found, closest: this.#merge(this.#found.closest) };
    this.#confirm();
  }

  /** Asks the nearest peer named when it is nearer than the one that answered last. */
  #confirm(): void {
    const found = this.#found as Found;
    const answered = this.#answered;
    const nearest = found.closest[0];
    const { core, table, answerTimes } = this.#routing;
    // A link of ours vouches for its peer, unless what went over it lately was not acknowledged.
    const isKnown =
      !nearest ||
      nearest.id === core.self.id ||
      nearest.id === answered ||
      table.link(nearest.id)?.link?.isSuspect === false;
    const isWanted = nearest !== undefined && (answered === undefined || isCloser(this.#key, nearest.id, answered));
    if (isKnown || !isWanted || this.#confirmationCount >= MAX_CONFIRMATIONS) {
      this.#owner.onFound(found);
      return;
    }
    this.#confirmationCount++;
    this.#asked = nearest.id;
    const patienceMs = answerTimes.timeoutFor(2 + found.hops);
    // Whoever named it waits for it as long as a hop may be silent, which the second copy's answer may need, too.
    const deadline = Math.min(this.#options.deadline, core.now + MAX_HOP_TIMEOUT_MS + patienceMs);
    const payload = encodeFind({ key: this.#key, referrers: [] });
    const ways = answered === undefined ? [] : [[answered]];
    const question = {
      kind: ROUTE_KIND.find,
      flags: ROUTE_EXACT,
      target: nearest.id,
      payload,
      ways,
      deadline,
      maxAttempts: CONFIRMATION_ATTEMPTS,
      patienceMs,
    };
    this.#request = new Request(this.#routing, question, this).start();
  }

  #merge(contacts: readonly Contact[]): Contact[] {
    const believed = contacts.filter(({ id }) => !this.#silent.has(id));
    return closestOf(this.#key, [...believed, this.#routing.core.self], BUCKET_CAPACITY);
  }
}

/** Through the one who named the peer, then by id alone. [attempts] */
const CONFIRMATION_ATTEMPTS = 2;

/** The `count` closest of `contacts`, each once, nearest first. */
export function closestOf(key: Key, contacts: readonly Contact[], count: number): Contact[] {
  const unique = new Map(contacts.map((contact) => [contact.id, contact]));
  return [...unique.values()].sort((a, b) => compareDistance(key, a.id, b.id)).slice(0, count);
}

/** The peers that a question passed, first hop first. */
export function pathOf(reply: ReplyFrame): NodeId[] {
  return reply.trail
    .map(({ id }) => id)
    .reverse()
    .slice(0, MAX_PATH);
}
