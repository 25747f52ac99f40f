import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import { LOOKUP_PARALLELISM, LOOKUP_SHORTLIST, OPERATION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import {
  MAX_PROVIDERS_PER_KEY,
  MAX_READ_PEERS,
  MAX_STALENESS_MS,
  READ_QUORUM,
  REPLICATION,
  MAX_REPLICA_WAIT_MS,
  MIN_REPLICA_WAIT_MS,
} from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { FetchOwner, FetchQuestion, Fetched } from './fetch-question.ts';
import type { Holdings } from './holdings.ts';
import { closestOf, pathOf } from './lookup.ts';
import { Alarm } from './operation.ts';
import { type ReadPayload, decodeRead, encodeGet } from './payloads.ts';
import { decodeProviders } from './provider-list.ts';
import { type HolderAnswer, repair } from './read-repair.ts';
import { decodeRecord } from './record-payloads.ts';
import { isSameVersion, isSuccessor } from './record-store.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { type NoAnswer, Request, type RequestOwner, type Routing, questionDeadline } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';
import { REPLICA_HOPS } from './spread.ts';
import type { SignedRecord } from './types.ts';
import type { VerificationOwner } from './verifier.ts';
import { Versions } from './versions.ts';
import { WideSearch, judgeNamed } from './wide-search.ts';

/** Questions towards the key that a read sends past copies of no use. [questions] As many as a lookup has under way. */
const MAX_COPIES_PASSED = LOOKUP_PARALLELISM;

/** A copy, when a holder answered with it, and which question of ours it answers. */
interface CopyAnswer {
  readonly record: SignedRecord;
  readonly readAt: Millis;
  readonly request: Request;
}

/**
 * Reads a key: asks the way to it, then further of the closest peers until a quorum of holders answered. The newest
 * record with a good signature wins, and holders that answered with less get it (read repair); providers are united. A
 * read that finds nothing looks beside the key when what was named around it is not to be believed. A
 * copy of what a popular key holds, kept by a peer on the way or checked by a holder, ends the read at once. One of no use
 * is no answer: holders are asked past the hop that gave it, and peers beside the key when no holder answers at all.
 */
export class FetchOperation implements RequestOwner, VerificationOwner {
  readonly #routing: Routing;
  readonly #holdings: Holdings;
  readonly #question: FetchQuestion;
  readonly #owner: FetchOwner;
  readonly #alarm = new Alarm(this);
  #deadline: Millis;
  /** BOUNDED: by LOOKUP_PARALLELISM, after a wide search by MAX_READ_PEERS. */
  readonly #requests = new Set<Request>();
  /** BOUNDED: by MAX_READ_PEERS and the peers of a wide search. */
  readonly #asked = new Set<NodeId>();
  /** Nearest first. BOUNDED: by LOOKUP_SHORTLIST. */
  #named: readonly Contact[] = [];
  /** Those to ask. BOUNDED: by MAX_READ_PEERS, or the peers of a wide search. */
  #ahead: readonly Contact[] = [];
  /** Most peers asked. */
  #limit = MAX_READ_PEERS;
  #search: WideSearch | undefined;
  /** BOUNDED: by MAX_PROVIDERS_PER_KEY. */
  readonly #providers = new Map<NodeId, Contact>();
  readonly #versions = new Versions();
  /** BOUNDED: by the peers asked. */
  readonly #answers: HolderAnswer[] = [];
  /** The copy whose signature is being checked. */
  #copy: CopyAnswer | undefined;
  /** First hops through which copies of no use came. BOUNDED: by the peers asked and MAX_COPIES_PASSED. */
  readonly #misleading: NodeId[] = [];
  /** Questions towards the key that left for that. */
  #passedCount = 0;
  #isFresh: boolean;
  /** Somebody keeps copies of it. */
  #isPopular = false;
  #verifyingCount = 0;
  #why: Fetched['why'];
  #isOver = false;

  constructor(routing: Routing, holdings: Holdings, question: FetchQuestion, owner: FetchOwner) {
    this.#routing = routing;
    this.#holdings = holdings;
    this.#question = question;
    this.#owner = owner;
    this.#isFresh = question.isFresh;
    this.#deadline = routing.core.now + OPERATION_TIMEOUT_MS;
  }

  start(): this {
    const { record, providers, key } = this.#question;
    if (record) this.#versions.add(record, true);
    for (const provider of providers) this.#providers.set(provider.id, provider);
    this.#send(key, 0, this.#deadline);
    return this;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#routing.core.timers.clear(this.#alarm);
    this.#search?.cancel();
    for (const request of this.#requests) request.cancel();
  }

  onAnswer(request: Request, reply: ReplyFrame): void {
    this.#requests.delete(request);
    if (this.#isOver) return;
    this.#owner.onTrail?.(pathOf(reply));
    const id = reply.trail[0]?.id;
    const read = reply.status === 'ok' ? decodeRead(reply.payload) : undefined;
    if (read && this.#question.subject === 'record') this.#takeRecord(id, read, request);
    else if (read) this.#takeProviders(id, read, request);
    else this.#onRefused(request);
    if (this.#isOver) return;
    if (read?.copyAgeMs === undefined) {
      if (id !== undefined) this.#asked.add(id);
      if (!this.#search) this.#noteNamed(reply.closest.map(({ contact }) => contact));
    }
    this.#proceed();
  }

  /** A peer on the way is no holder: one that refuses must not be all that is heard of the key. */
  #onRefused(request: Request): void {
    this.#why = 'refused';
    if ((request.question.flags & ROUTE_EXACT) === 0) this.#askHolders(request);
  }

  #noteNamed(contacts: readonly Contact[]): void {
    this.#named = closestOf(this.#question.key, [...this.#named, ...contacts], LOOKUP_SHORTLIST);
    this.#ahead = this.#named.slice(0, MAX_READ_PEERS).filter(({ id }) => id !== this.#routing.core.self.id);
  }

  onNoAnswer(request: Request, why: NoAnswer): void {
    this.#requests.delete(request);
    if (this.#isOver) return;
    this.#why = why;
    this.#proceed();
  }

  onVerified(record: SignedRecord, isValid: boolean): void {
    if (this.#isOver) return;
    this.#verifyingCount--;
    const isGood = isValid && record.expiresAt > this.#routing.core.wallNow;
    if (this.#copy?.record === record) this.#onCopyVerified(this.#copy, isGood);
    else this.#versions.judge(record, isGood);
    if (!this.#isOver) this.#proceed();
  }

  /** Something is here and the rest of the quorum takes too long. Fresh reads wait for it: whoever asks for one needs the newest version. */
  onAlarm(): void {
    this.#finish();
  }

  #takeRecord(id: NodeId | undefined, { token, copyAgeMs, body }: ReadPayload, request: Request): void {
    const { core } = this.#routing;
    const decoded = body.length > 0 ? decodeRecord(body, core.contacts) : undefined;
    const { key, author = decoded?.author.id } = this.#question;
    const record = decoded?.key === key && decoded.author.id === author ? decoded : undefined;
    if (copyAgeMs !== undefined) {
      const isUsable = !this.#isFresh && copyAgeMs <= MAX_STALENESS_MS && record !== undefined;
      if (isUsable && this.#holdings.verifier.verify(record, this)) {
        this.#copy = { record, readAt: core.now - copyAgeMs, request };
        this.#verifyingCount++;
      } else this.#askHolders(request);
      return;
    }
    if (token !== undefined) this.#holdings.receivedTokens.note(key, token, core.now);
    if (id !== undefined) this.#answers.push({ id, record, token });
    if (!record || !this.#versions.add(record)) return;
    if (this.#holdings.verifier.verify(record, this)) this.#verifyingCount++;
    else this.#versions.judge(record, false);
  }

  #onCopyVerified({ record, readAt, request }: CopyAnswer, isGood: boolean): void {
    this.#copy = undefined;
    const { core } = this.#routing;
    const ours = this.#versions.newest();
    const isNewest = !ours || isSameVersion(ours, record) || isSuccessor(record, ours);
    if (!isGood || !isNewest || this.#holdings.cache.isRolledBack(record, core.now, core.wallNow))
      return this.#askHolders(request);
    this.#isPopular = true;
    this.#end(record, readAt);
  }

  /** The answer to `request`, a copy or a refusal, was of no use. */
  #askHolders({ answeredThrough, question }: Request): void {
    this.#misleading.push(...answeredThrough);
    const wasToHolder = (question.flags & ROUTE_EXACT) !== 0;
    if ((this.#isFresh && wasToHolder) || this.#passedCount === MAX_COPIES_PASSED) return;
    this.#isFresh = true;
    this.#passedCount++;
    this.#send(this.#question.key, 0, this.#deadline);
  }

  #takeProviders(id: NodeId | undefined, { token, copyAgeMs, body }: ReadPayload, request: Request): void {
    const { core } = this.#routing;
    const found = decodeProviders(body, core.contacts);
    const isOutOfDate = copyAgeMs !== undefined && (copyAgeMs > MAX_STALENESS_MS || found.length === 0);
    if (copyAgeMs !== undefined && (this.#isFresh || isOutOfDate)) return this.#askHolders(request);
    for (const provider of found) {
      if (this.#providers.size < MAX_PROVIDERS_PER_KEY) this.#providers.set(provider.id, provider);
    }
    if (copyAgeMs !== undefined) {
      this.#isPopular = true;
      return this.#end(undefined, core.now - copyAgeMs);
    }
    if (token !== undefined) this.#holdings.receivedTokens.note(this.#question.key, token, core.now);
    if (id !== undefined) this.#answers.push({ id, record: undefined, token });
  }

  #proceed(): void {
    const { core, answerTimes } = this.#routing;
    const hasFound = this.#versions.newest() !== undefined || this.#providers.size > 0;
    const wanted = hasFound ? READ_QUORUM : this.#limit;
    const parallelism = this.#search ? MAX_READ_PEERS : LOOKUP_PARALLELISM;
    while (this.#answers.length + this.#requests.size < wanted && this.#requests.size < parallelism) {
      const next = this.#ahead.find(({ id }) => !this.#asked.has(id));
      if (!next || this.#asked.size >= this.#limit) break;
      this.#asked.add(next.id);
      this.#send(next.id, ROUTE_EXACT, Math.min(this.#deadline, questionDeadline(this.#routing, next.id)));
    }
    if (this.#requests.size === 0 && this.#verifyingCount === 0) this.#conclude(hasFound);
    else if (hasFound && this.#answers.length > 0 && !this.#question.isFresh && !core.timers.has(this.#alarm)) {
      const waitMs = answerTimes.timeoutFor(REPLICA_HOPS, MAX_REPLICA_WAIT_MS, MIN_REPLICA_WAIT_MS);
      core.timers.set(this.#alarm, core.now + waitMs, 'read quorum');
    }
  }

  /**
   * Looks beside the key, once: when nothing was found and what was named around the key is too dense or too sparse to be
   * believed, or when copies of no use were all that came.
   */
  #conclude(hasFound: boolean): void {
    const { core, table } = this.#routing;
    const { key } = this.#question;
    const isMisled = this.#misleading.length > 0 && this.#answers.length === 0;
    if (this.#search || (hasFound && !isMisled)) return this.#finish();
    if (!isMisled && (this.#named.length === 0 || judgeNamed(table, key, this.#named) === 'plausible'))
      return this.#finish();
    core.counters.widened++;
    this.#deadline = core.now + OPERATION_TIMEOUT_MS;
    this.#search = new WideSearch(this.#routing, key, this.#deadline, {
      onPeers: (peers) => this.#widen(peers),
    }).start();
  }

  #widen(peers: readonly Contact[]): void {
    this.#ahead = peers.filter(({ id }) => !this.#asked.has(id));
    this.#limit = this.#asked.size + this.#ahead.length;
    this.#proceed();
  }

  #send(target: NodeId, flags: number, deadline: Millis): void {
    const { key, subject } = this.#question;
    const payload = encodeGet({ key, subject, isFresh: this.#isFresh });
    const avoid = this.#hopsToAvoid(target);
    const question = { kind: ROUTE_KIND.get, flags, target, payload, ways: [], deadline, avoid };
    const request = new Request(this.#routing, question, this);
    this.#requests.add(request);
    request.start();
  }

  /** None when there is no other link. */
  #hopsToAvoid(target: NodeId): readonly NodeId[] {
    const { linked } = this.#routing.table;
    const hops = this.#misleading.filter((id) => id !== target);
    return linked.some(({ contact }) => !hops.includes(contact.id)) ? hops : [];
  }

  #finish(): void {
    if (this.#isOver) return;
    const record = this.#versions.newest();
    const replicas = new Set(this.#ahead.slice(0, REPLICATION).map(({ id }) => id));
    if (record) {
      const asked = this.#answers.filter(({ id }) => replicas.has(id));
      repair(this.#routing.forwarder, record, asked);
    }
    this.#end(record, this.#routing.core.now);
  }

  #end(record: SignedRecord | undefined, readAt: Millis): void {
    this.cancel();
    const { cache, providerCache, neighbourhood } = this.#holdings;
    const { core } = this.#routing;
    const { key, subject } = this.#question;
    const providers = [...this.#providers.values()];
    if (record) cache.noteRead(record, readAt);
    if (record && (this.#isPopular || cache.isPopular(key, core.now))) {
      cache.offer(record, readAt, neighbourhood.peersBetween(key));
    }
    if (subject === 'providers' && (this.#isPopular || providerCache.isPopular(key, core.now))) {
      providerCache.offer(key, providers, readAt, neighbourhood.peersBetween(key));
    }
    const why = this.#answers.length === 0 ? this.#why : undefined;
    this.#owner.onFetched({ record, providers, why });
  }
}
