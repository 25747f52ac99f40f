import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import { QUESTION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import { EXTRA_COPIES, REPLICA_WAIT_MS } from '../../../shared/src/limits/records.ts';
import { Alarm } from './operation.ts';
import { decodeToken } from './payloads.ts';
import type { ReplyFrame, ReplyStatus } from './reply-frame.ts';
import { Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA, type RouteKind } from './route-frame.ts';
import type { WriteToken } from './write-tokens.ts';

/** Something to be copied to the closest peers of a key. */
export interface Copy {
  readonly kind: RouteKind;
  readonly key: Key;
  /** The message, with the write token of a holder that asked for one. */
  readonly encode: (token?: WriteToken) => Uint8Array;
  /** Takes note of who acknowledged. */
  readonly replicas: Set<NodeId> | undefined;
}

/** What came of copies, our own counted: enough of them, or a version in their place that forbids a majority. */
export type SpreadOutcome =
  | { readonly kind: 'copied'; readonly copies: number }
  | { readonly kind: 'conflict'; readonly status: ReplyStatus };

/** Who has something copied. Called exactly once. */
export interface SpreadOwner {
  onSpread(outcome: SpreadOutcome): void;
}

/** What a replica says when it holds something that contradicts a copy. */
const CONFLICTS: ReadonlySet<ReplyStatus> = new Set(['stale-sequence', 'cas-mismatch', 'wrong-key']);

/**
 * One round of copies to the other replicas. The owner hears as soon as a majority holds it (or cannot), or when the
 * wait is over; the rest goes on by itself.
 */
export class Spread implements RequestOwner {
  readonly #routing: Routing;
  readonly #copy: Copy;
  #owner: SpreadOwner | undefined;
  readonly #alarm = new Alarm(this);
  /** Sent a second time, with a token. BOUNDED: by the peers of the round. */
  readonly #retried = new Set<NodeId>();
  /** BOUNDED: by SPARE_REPLICAS. */
  #spares: Contact[] = [];
  #openCount = 0;
  #copyCount = 1;
  #conflictCount = 0;
  #majority = 1;
  #peerCount = 0;

  constructor(routing: Routing, copy: Copy, owner: SpreadOwner | undefined) {
    this.#routing = routing;
    this.#copy = copy;
    this.#owner = owner;
  }

  /**
   * `peers`: the replicas beside us. `spares`: who takes the place of those that do not answer; the first of them get a
   * copy in any case, for the day on which all replicas die at once.
   */
  start(peers: readonly Contact[], spares: readonly Contact[] = []): void {
    this.#spares = [...spares];
    const { core } = this.#routing;
    this.#openCount = peers.length;
    this.#peerCount = peers.length;
    this.#majority = Math.floor((peers.length + 1) / 2) + 1;
    for (const { id } of peers) this.#send(id, undefined);
    for (const { id } of spares.slice(0, EXTRA_COPIES)) this.#request(id, undefined, NOBODY);
    if (peers.length === 0) this.onAlarm();
    else if (this.#owner) core.timers.set(this.#alarm, core.now + REPLICA_WAIT_MS, 'replicas');
  }

  onAnswer(request: Request, { status, payload }: ReplyFrame): void {
    const { target } = request.question;
    const token = status === 'bad-token' && !this.#retried.has(target) ? decodeToken(payload) : undefined;
    if (token !== undefined) {
      this.#retried.add(target);
      return this.#send(target, token);
    }
    if (status === 'ok') {
      this.#copyCount++;
      this.#copy.replicas?.add(target);
    } else if (CONFLICTS.has(status) && this.#copy.kind === ROUTE_KIND.store) {
      if (++this.#conflictCount > this.#peerCount + 1 - this.#majority) this.#tell({ kind: 'conflict', status });
    }
    this.#ended();
  }

  onNoAnswer(): void {
    const spare = this.#spares.shift();
    if (spare) this.#send(spare.id, undefined);
    else this.#ended();
  }

  onAlarm(): void {
    this.#tell({ kind: 'copied', copies: this.#copyCount });
  }

  #send(target: NodeId, token: WriteToken | undefined): void {
    this.#request(target, token, this);
  }

  #request(target: NodeId, token: WriteToken | undefined, owner: RequestOwner): void {
    const payload = this.#copy.encode(token);
    const deadline = this.#routing.core.now + QUESTION_TIMEOUT_MS;
    const flags = ROUTE_EXACT | ROUTE_REPLICA;
    const question = { kind: this.#copy.kind, flags, target, payload, ways: [], deadline, maxAttempts: 2 };
    new Request(this.#routing, question, owner).start();
  }

  #ended(): void {
    if (--this.#openCount === 0 || this.#copyCount >= this.#majority) this.onAlarm();
  }

  #tell(outcome: SpreadOutcome): void {
    const owner = this.#owner;
    this.#owner = undefined;
    this.#routing.core.timers.clear(this.#alarm);
    owner?.onSpread(outcome);
  }
}

/** For copies that count for nobody: a majority is of the replicas. */
const NOBODY: RequestOwner = { onAnswer: () => undefined, onNoAnswer: () => undefined };
