import type { Key } from '../../../shared/src/ids.ts';
import { BUCKET_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import { CHECK_MS, MAX_CHECKS, REPLICATION } from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { closestAnswer } from './closest-answer.ts';
import { FetchOperation } from './fetch-operation.ts';
import type { FetchQuestion } from './fetch-question.ts';
import type { Forward } from './forward.ts';
import type { Answer } from './endpoint.ts';
import type { AgedContact } from './frame-fields.ts';
import type { Holdings } from './holdings.ts';
import { type GetPayload, type ReadPayload, decodeGet, decodeRead, encodeRead } from './payloads.ts';
import { decodeProviders, encodeProviders } from './provider-list.ts';
import { decodeRecord, encodeRecord } from './record-payloads.ts';
import type { Popularity } from './popularity.ts';
import { decodeReply } from './reply-frame.ts';
import type { Routing } from './request.ts';
import { routePayload } from './route-frame.ts';
import type { WriteToken } from './write-tokens.ts';

const NOTHING = new Uint8Array(0);

/** Answers what others want to read, as a holder or from a copy, and keeps copies of popular answers that pass. */
export class ReadResponder {
  readonly #routing: Routing;
  readonly #holdings: Holdings;
  /** Subjects and keys, popular ones, being checked. BOUNDED: by MAX_CHECKS. */
  readonly #checking = new Set<string>();

  constructor(routing: Routing, holdings: Holdings) {
    this.#routing = routing;
    this.#holdings = holdings;
  }

  /**
   * True when we are one of those to hold what a read on its way asks for, and do, or keep a copy that may answer it.
   * Whoever holds it beside them, as a spare or from before newcomers, lets reads pass and keeps copies as anybody on the way.
   */
  intercepts(forward: Forward): boolean {
    const { core } = this.#routing;
    const { neighbourhood, cache, providerCache, records, providers } = this.#holdings;
    const get = forward.bytes && decodeGet(routePayload(forward.bytes));
    if (!get || get.key !== forward.target) return false;
    const { key } = get;
    if (get.subject === 'providers') {
      if (providers.held(key) && neighbourhood.isReplica(key)) return true;
      providerCache.countRead(key, core.now);
      return !get.isFresh && providerCache.servable(key, core.now) !== undefined;
    }
    if (records.get(key, core.wallNow) && neighbourhood.isReplica(key)) return true;
    cache.countRead(key, core.now);
    return !get.isFresh && cache.servable(key, core.now, core.wallNow) !== undefined;
  }

  /**
   * An answer to GET passes on its way back. The hop next to the holder keeps a copy when the key is popular here: it is
   * the closest peer asked that did not hold it (Kademlia §2.3). Once it answers itself, the hop before it comes next. That
   * an answer calls itself a copy counts for nothing: anybody can say so.
   */
  observe(forward: Forward, bytes: Uint8Array): void {
    const { core } = this.#routing;
    const { cache, providerCache } = this.#holdings;
    const { target: key } = forward;
    const subject = forward.bytes && decodeGet(routePayload(forward.bytes))?.subject;
    const popularity = subject === 'record' ? cache : providerCache;
    if (!popularity.isPopular(key, core.now)) return;
    const reply = decodeReply(bytes, core.contacts);
    const read = reply?.trail.length === 1 && reply.status === 'ok' ? decodeRead(reply.payload) : undefined;
    if (read && subject === 'record') this.#keepRecord(key, read);
    else if (read) this.#keepProviders(key, read);
  }

  #keepProviders(key: Key, { copyAgeMs = 0, body }: ReadPayload): void {
    const { core } = this.#routing;
    const { providerCache, neighbourhood } = this.#holdings;
    const found = decodeProviders(body, core.contacts);
    providerCache.offer(key, found, core.now - copyAgeMs, neighbourhood.peersBetween(key));
  }

  #keepRecord(key: Key, { copyAgeMs = 0, body }: ReadPayload): void {
    const { core } = this.#routing;
    const { cache, verifier, neighbourhood } = this.#holdings;
    const record = body.length > 0 ? decodeRecord(body, core.contacts) : undefined;
    if (record?.key !== key) return;
    const readAt = core.now - copyAgeMs;
    verifier.verify(record, {
      onVerified: (_record, isValid) => {
        if (isValid) cache.offer(record, readAt, neighbourhood.peersBetween(key));
      },
    });
  }

  /** Undefined: malformed. */
  onGet(forward: Forward, payload: Uint8Array): Answer | undefined {
    const get = decodeGet(payload);
    if (!get) return undefined;
    const { core } = this.#routing;
    const { records, cache, tokens } = this.#holdings;
    const { key } = get;
    const token = tokens.issue(forward.origin.id, key, core.now);
    if (get.subject === 'providers') return this.#onGetProviders(forward, get, token);
    const held = records.get(key, core.wallNow)?.record;
    if (held && !get.isFresh) {
      const vouched = cache.servable(key, core.now, core.wallNow);
      this.#vouch(cache, vouched, {
        key,
        subject: 'record',
        author: undefined,
        isFresh: true,
        record: held,
        providers: [],
      });
    }
    const copy = get.isFresh ? undefined : cache.servable(key, core.now, core.wallNow);
    const record = copy?.record ?? held;
    if (record) core.counters.recordsServed++;
    if (copy) core.counters.copiesServed++;
    const read = {
      token: copy ? undefined : token,
      copyAgeMs: copy && Math.ceil(core.now - copy.readAt),
      body: record ? encodeRecord(record) : NOTHING,
    };
    const closest = copy ? [] : this.#closest(forward, key, record !== undefined);
    return { status: 'ok', payload: encodeRead(read), closest };
  }

  #onGetProviders(forward: Forward, { key, isFresh }: GetPayload, token: WriteToken): Answer {
    const { core } = this.#routing;
    const { providers, providerCache } = this.#holdings;
    const held = providers.get(key, core.now);
    const copy = isFresh ? undefined : providerCache.servable(key, core.now);
    if (held.length > 0 && !isFresh) {
      const question = { key, subject: 'providers', author: undefined, isFresh: true, record: undefined } as const;
      this.#vouch(providerCache, copy, { ...question, providers: held });
    }
    const read = {
      token: copy ? undefined : token,
      copyAgeMs: copy && Math.ceil(core.now - copy.readAt),
      body: encodeProviders(copy?.providers ?? held),
    };
    const closest = copy ? [] : this.#closest(forward, key, held.length > 0);
    return { status: 'ok', payload: encodeRead(read), closest };
  }

  /**
   * Checks what we hold of a popular key against a quorum now and then. For MAX_STALENESS_MS after it our answer alone ends a
   * read, and may be kept on its way: a hot key costs one answer a read, not four.
   */
  #vouch(popularity: Popularity, copy: { readonly readAt: Millis } | undefined, question: FetchQuestion): void {
    const { core } = this.#routing;
    const { key, subject } = question;
    if (!this.#holdings.neighbourhood.isReplica(key)) return;
    popularity.countRead(key, core.now);
    const isDue = !copy || core.now - copy.readAt > CHECK_MS;
    const check = `${subject} ${key}`;
    if (!isDue || !popularity.isPopular(key, core.now)) return;
    if (this.#checking.size >= MAX_CHECKS || this.#checking.has(check)) return;
    this.#checking.add(check);
    const owner = { onFetched: (): boolean => this.#checking.delete(check) };
    new FetchOperation(this.#routing, this.#holdings, question, owner).start();
  }

  /** Whoever finds nothing here is told enough to judge how dense the peers around the key are. */
  #closest(forward: Forward, key: Key, hasFound: boolean): AgedContact[] {
    return closestAnswer(this.#routing, key, hasFound ? REPLICATION : BUCKET_CAPACITY, forward.origin.id);
  }
}
