import { CONTACT_BYTES, type Contact, type Key, type NodeId } from '../../../shared/src/ids.ts';
import {
  LOOKUP_PARALLELISM,
  MAX_PROVIDERS_PER_KEY,
  MAX_READ_PEERS,
  OPERATION_TIMEOUT_MS,
  QUESTION_TIMEOUT_MS,
  READ_QUORUM,
  REPLICA_WAIT_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { ContactCache } from './contact-cache.ts';
import { closestOf } from './lookup.ts';
import { Alarm } from './operation.ts';
import { type GetSubject, decodeRecord, encodeGet } from './payloads.ts';
import { isNewerOrSame } from './record-store.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { type NoAnswer, Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';
import type { SignedRecord } from './types.ts';
import type { VerificationOwner, Verifier } from './verifier.ts';

/** What was read. */
export interface Fetched {
  readonly record: SignedRecord | undefined;
  readonly providers: readonly Contact[];
  /** Set when nobody answered. */
  readonly why: NoAnswer | undefined;
}

/** Who reads. Called exactly once, unless cancelled. */
export interface FetchOwner {
  onFetched(fetched: Fetched): void;
}

/**
 * Reads a key: asks its root, then further of the closest peers until a quorum answered, and merges what they hold.
 * The newest record with a good signature wins; providers are united.
 */
export class FetchOperation implements RequestOwner, VerificationOwner {
  readonly #routing: Routing;
  readonly #verifier: Verifier;
  readonly #key: Key;
  readonly #subject: GetSubject;
  readonly #owner: FetchOwner;
  readonly #alarm = new Alarm(this);
  readonly #deadline: Millis;
  /** BOUNDED: by LOOKUP_PARALLELISM. */
  readonly #requests = new Set<Request>();
  /** BOUNDED: by MAX_READ_PEERS. */
  readonly #asked = new Set<NodeId>();
  /** Nearest first. BOUNDED: by MAX_READ_PEERS. */
  #ahead: Contact[] = [];
  /** BOUNDED: by MAX_PROVIDERS_PER_KEY. */
  readonly #providers = new Map<NodeId, Contact>();
  #record: SignedRecord | undefined;
  #verifyingCount = 0;
  #answerCount = 0;
  #why: NoAnswer | undefined;
  #isOver = false;

  constructor(routing: Routing, verifier: Verifier, key: Key, subject: GetSubject, owner: FetchOwner) {
    this.#routing = routing;
    this.#verifier = verifier;
    this.#key = key;
    this.#subject = subject;
    this.#owner = owner;
    this.#deadline = routing.core.now + OPERATION_TIMEOUT_MS;
  }

  /** `local`: what we hold ourselves. */
  start(local: { readonly record: SignedRecord | undefined; readonly providers: readonly Contact[] }): this {
    this.#record = local.record;
    for (const provider of local.providers) this.#providers.set(provider.id, provider);
    this.#send(this.#key, 0, this.#deadline);
    return this;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#routing.core.timers.clear(this.#alarm);
    for (const request of this.#requests) request.cancel();
  }

  onAnswer(request: Request, reply: ReplyFrame): void {
    this.#requests.delete(request);
    if (this.#isOver) return;
    this.#answerCount++;
    const answered = reply.trail[0]?.id;
    if (answered !== undefined) this.#asked.add(answered);
    this.#take(reply.payload);
    const found = [...this.#ahead, ...reply.closest.map(({ contact }) => contact)];
    this.#ahead = closestOf(this.#key, found, MAX_READ_PEERS).filter(({ id }) => id !== this.#routing.core.self.id);
    this.#proceed();
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
    const isFresh = record.expiresAt > this.#routing.core.wallNow;
    if (isValid && isFresh && (!this.#record || isNewerOrSame(record, this.#record))) this.#record = record;
    this.#proceed();
  }

  /** Something is here and the rest of the quorum takes too long. */
  onAlarm(): void {
    this.#finish();
  }

  #proceed(): void {
    const hasFound = this.#record !== undefined || this.#providers.size > 0;
    const wanted = hasFound ? READ_QUORUM : MAX_READ_PEERS;
    while (this.#answerCount + this.#requests.size < wanted && this.#requests.size < LOOKUP_PARALLELISM) {
      const next = this.#ahead.find(({ id }) => !this.#asked.has(id));
      if (!next || this.#asked.size >= MAX_READ_PEERS) break;
      this.#asked.add(next.id);
      const { core } = this.#routing;
      this.#send(next.id, ROUTE_EXACT, Math.min(this.#deadline, core.now + QUESTION_TIMEOUT_MS));
    }
    if (this.#requests.size === 0 && this.#verifyingCount === 0) this.#finish();
    else if (hasFound && !this.#routing.core.timers.has(this.#alarm)) {
      this.#routing.core.timers.set(this.#alarm, this.#routing.core.now + REPLICA_WAIT_MS, 'read quorum');
    }
  }

  #send(target: NodeId, flags: number, deadline: Millis): void {
    const payload = encodeGet(this.#key, this.#subject);
    const request = new Request(
      this.#routing,
      { kind: ROUTE_KIND.get, flags, target, payload, ways: [], deadline },
      this,
    );
    this.#requests.add(request);
    request.start();
  }

  #take(payload: Uint8Array): void {
    const { core } = this.#routing;
    if (this.#subject === 'providers') {
      for (const provider of decodeProviders(payload, core.contacts)) {
        if (this.#providers.size < MAX_PROVIDERS_PER_KEY) this.#providers.set(provider.id, provider);
      }
      return;
    }
    if (payload.length === 0) return;
    const record = decodeRecord(payload, core.contacts);
    if (record && record.key === this.#key && this.#verifier.verify(record, this)) this.#verifyingCount++;
  }

  #finish(): void {
    if (this.#isOver) return;
    this.cancel();
    const why = this.#answerCount === 0 ? this.#why : undefined;
    this.#owner.onFetched({ record: this.#record, providers: [...this.#providers.values()], why });
  }
}

/** The contacts of an answer to GET for providers; none when malformed. */
export function decodeProviders(bytes: Uint8Array, cache: ContactCache): Contact[] {
  const count = bytes[0] ?? 0;
  if (count > MAX_PROVIDERS_PER_KEY || bytes.length !== 1 + count * CONTACT_BYTES) return [];
  return Array.from({ length: count }, (_, i) => cache.read(bytes, 1 + i * CONTACT_BYTES));
}
