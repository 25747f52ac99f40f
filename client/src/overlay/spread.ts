import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import { EXTRA_COPIES, MAX_REPLICA_WAIT_MS, MIN_REPLICA_WAIT_MS } from '../../../shared/src/limits/records.ts';
import { Alarm } from './operation.ts';
import { decodeToken } from './payloads.ts';
import type { ReplyFrame, ReplyStatus } from './reply-frame.ts';
import { Request, type RequestOwner, type Routing, questionDeadline } from './request.ts';
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
  /** It is to replace a certain version, or nothing: who holds none takes it, so nobody beside the replicas is asked before they agree. */
  readonly isConditional?: boolean;
}

/**
 * What came of copies, our own counted: enough of them, or a version in their place that forbids a majority. `mayBeHeld`:
 * some of the others took it all the same, or did not say.
 */
export type SpreadOutcome =
  | { readonly kind: 'copied'; readonly copies: number }
  | { readonly kind: 'conflict'; readonly status: ReplyStatus; readonly mayBeHeld: boolean };

/** Who has something copied. Called exactly once. */
export interface SpreadOwner {
  onSpread(outcome: SpreadOutcome): void;
}

/** What a replica says when it holds something that contradicts a copy. */
const CONFLICTS: ReadonlySet<ReplyStatus> = new Set(['stale-sequence', 'cas-mismatch', 'wrong-key']);

/** True for what is done only once a majority confirmed it: fewer copies of anything else are copies all the same. */
export function needsMajority({ kind, isConditional }: Copy): boolean {
  return kind === ROUTE_KIND.unpublish || isConditional === true;
}

/** How many of `count` replicas are most of them. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** Hops to the farthest of the replicas: most are linked, and know those that we are not linked to. */
export const REPLICA_HOPS = 2;

/**
 * One round of copies to the other replicas. The owner hears as soon as a majority holds it or cannot, or when the
 * wait is over; the rest goes on by itself. That a compare-and-swap was refused, or that what needs a majority has none, it
 * hears once every replica has answered or failed to.
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
  #silentCount = 0;
  /** What replicas say that forbid a majority. */
  #conflict: ReplyStatus | undefined;
  #majority = 1;
  #peerCount = 0;

  constructor(routing: Routing, copy: Copy, owner: SpreadOwner | undefined) {
    this.#routing = routing;
    this.#copy = copy;
    this.#owner = owner;
  }

  /**
   * `peers`: the replicas beside us. `spares`: who takes the place of those that do not answer; the first of them get a
   * copy in any case, for the day on which all replicas die at once. `holderCount`: further replicas that hold it already.
   */
  start(peers: readonly Contact[], spares: readonly Contact[] = [], holderCount = 0): void {
    this.#spares = [...spares];
    const { core, answerTimes } = this.#routing;
    this.#openCount = peers.length;
    this.#copyCount += holderCount;
    this.#peerCount = peers.length + holderCount;
    this.#majority = majorityOf(this.#peerCount + 1);
    for (const { id } of peers) this.#send(id, undefined);
    if (!this.#copy.isConditional) this.#sendExtras(spares);
    if (this.#copyCount >= this.#majority) this.#conclude();
    else if (this.#owner) {
      const waitMs = answerTimes.timeoutFor(REPLICA_HOPS, MAX_REPLICA_WAIT_MS, MIN_REPLICA_WAIT_MS);
      core.timers.set(this.#alarm, core.now + waitMs, 'replicas');
    }
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
    } else if (this.#contradicts(status)) {
      if (++this.#conflictCount > this.#peerCount + 1 - this.#majority) this.#conflict = status;
    }
    this.#ended();
  }

  onNoAnswer(): void {
    this.#silentCount++;
    const spare = this.#conflict ? undefined : this.#spares.shift();
    if (spare) this.#send(spare.id, undefined);
    else this.#ended();
  }

  /** What needs a majority waits on for it; a compare-and-swap that has none for every replica to say whether it took it. */
  onAlarm(): void {
    if (!needsMajority(this.#copy)) this.#conclude();
  }

  /** Whoever refuses an announcement lacks it, which others make up for; whoever refuses to drop it may have it. */
  #contradicts(status: ReplyStatus): boolean {
    const { kind } = this.#copy;
    return kind === ROUTE_KIND.unpublish || (kind === ROUTE_KIND.store && CONFLICTS.has(status));
  }

  #conclude(): void {
    const mayBeHeld = this.#copyCount > 1 || this.#silentCount > 0 || this.#openCount > 0;
    if (this.#conflict) this.#tell({ kind: 'conflict', status: this.#conflict, mayBeHeld });
    else this.#tell({ kind: 'copied', copies: this.#copyCount });
  }

  #sendExtras(spares: readonly Contact[]): void {
    for (const { id } of spares.slice(0, EXTRA_COPIES)) this.#request(id, undefined, NOBODY);
  }

  #send(target: NodeId, token: WriteToken | undefined): void {
    this.#request(target, token, this);
  }

  #request(target: NodeId, token: WriteToken | undefined, owner: RequestOwner): void {
    const payload = this.#copy.encode(token);
    const deadline = questionDeadline(this.#routing, target);
    const flags = ROUTE_EXACT | ROUTE_REPLICA;
    const question = { kind: this.#copy.kind, flags, target, payload, ways: [], deadline, maxAttempts: 2 };
    new Request(this.#routing, question, owner).start();
  }

  #ended(): void {
    this.#openCount--;
    const isRefused = this.#conflict !== undefined && !this.#copy.isConditional;
    if (this.#openCount === 0 || this.#copyCount >= this.#majority || isRefused) this.#conclude();
  }

  #tell(outcome: SpreadOutcome): void {
    const owner = this.#owner;
    if (!owner) return;
    this.#owner = undefined;
    this.#routing.core.timers.clear(this.#alarm);
    if (this.#copy.isConditional && this.#copyCount >= this.#majority) this.#sendExtras(this.#spares);
    owner.onSpread(outcome);
  }
}

/** For copies that count for nobody: a majority is of the replicas. */
const NOBODY: RequestOwner = { onAnswer: () => undefined, onNoAnswer: () => undefined };
