import type { NodeId } from '../../../shared/src/ids.ts';
import { HEDGE_MS, MAX_ATTEMPTS, REVERSE_STATE_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { learnContacts } from './contact-exchange.ts';
import type { Core, Timed } from './core.ts';
import type { Forward, ForwardOwner } from './forward.ts';
import type { Forwarder } from './forwarder.ts';
import type { ReplyFrame } from './reply-frame.ts';
import type { RouteKind } from './route-frame.ts';
import type { RoutingTable } from './routing-table.ts';

/** Why a question of ours got no answer. */
export type NoAnswer = 'timeout' | 'unreachable' | 'no-links';

/** Who asked. Exactly one of the two is called, once, unless the request is cancelled. */
export interface RequestOwner {
  onAnswer(request: Request, reply: ReplyFrame): void;
  onNoAnswer(request: Request, why: NoAnswer): void;
}

/** The parts of the machine that questions travel through. */
export interface Routing {
  readonly core: Core;
  readonly table: RoutingTable;
  readonly forwarder: Forwarder;
}

/** A question to the overlay. */
export interface Question {
  readonly kind: RouteKind;
  readonly flags: number;
  readonly target: NodeId;
  readonly payload: Uint8Array;
  /** Ways to reach the target, one per attempt; a plain attempt follows. Each is a list of intermediate targets. */
  readonly ways: readonly (readonly NodeId[])[];
  readonly deadline: Millis;
  readonly maxAttempts?: number;
  /** First hops not to take. */
  readonly avoid?: readonly NodeId[];
}

/**
 * One question and its copies. A copy leaves through another first hop when the answer is slow (hedging) or when hops
 * say that they cannot deliver. The first answer wins; the deadline always ends it.
 */
export class Request implements ForwardOwner, Timed {
  readonly question: Question;
  readonly #routing: Routing;
  readonly #owner: RequestOwner;
  /** BOUNDED: by MAX_ATTEMPTS. */
  readonly #copies: Forward[] = [];
  readonly #usedFirstHops: NodeId[];
  #attemptCount = 0;
  #isOver = false;
  #isLaunching = false;
  readonly startedAt: Millis;

  constructor(routing: Routing, question: Question, owner: RequestOwner) {
    this.question = question;
    this.#routing = routing;
    this.#owner = owner;
    this.#usedFirstHops = [...(question.avoid ?? [])];
    this.startedAt = routing.core.now;
  }

  /** Sends the first copy. The owner is told of failure only after this has returned. */
  start(): this {
    if (this.#routing.table.linked.length > 0) this.#launch();
    this.#setTimer();
    return this;
  }

  /** Ends the request; the owner hears nothing more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#routing.core.timers.clear(this);
    for (const copy of this.#copies) this.#routing.forwarder.abandon(copy);
  }

  onReply(_forward: Forward, reply: ReplyFrame): void {
    if (this.#isOver) return;
    this.cancel();
    const { core, table } = this.#routing;
    learnContacts(core, table, reply.closest, reply.trail[0]?.id);
    for (const hop of reply.trail) learnContacts(core, table, hop.samples, hop.id);
    this.#owner.onAnswer(this, reply);
  }

  onUndelivered(forward: Forward): void {
    const at = this.#copies.indexOf(forward);
    if (at >= 0) this.#copies.splice(at, 1);
    if (this.#isOver || this.#isLaunching) return;
    if (this.#canRetry()) this.#launch();
    this.#setTimer();
  }

  onTimer(): void {
    if (this.#isOver) return;
    const { core, table } = this.#routing;
    if (core.now >= this.question.deadline) return this.#end('timeout');
    if (this.#canRetry()) this.#launch();
    else if (this.#copies.length === 0) return this.#end(table.linked.length === 0 ? 'no-links' : 'unreachable');
    this.#setTimer();
  }

  #canRetry(): boolean {
    const most = Math.min(this.question.maxAttempts ?? MAX_ATTEMPTS, MAX_ATTEMPTS);
    return this.#attemptCount < most && this.#routing.table.linked.length > 0;
  }

  #launch(): void {
    const { core, forwarder } = this.#routing;
    const { kind, flags, target, payload, ways, deadline } = this.question;
    const via = ways[this.#attemptCount++] ?? NO_VIA;
    const lifetimeMs = Math.min(deadline - core.now, REVERSE_STATE_MS);
    this.#isLaunching = true;
    const avoid = via.length > 0 ? NO_VIA : this.#usedFirstHops;
    const copy = forwarder.originate({ kind, flags, target, via, payload, lifetimeMs }, avoid, this);
    this.#isLaunching = false;
    if (copy.isDone) return;
    this.#copies.push(copy);
    if (copy.candidate !== undefined) this.#usedFirstHops.push(copy.candidate);
  }

  /** The next copy's turn or the deadline; at once when nothing is under way, but never inside the owner's own call. */
  #setTimer(): void {
    const { core } = this.#routing;
    const soon = this.#copies.length === 0 ? core.now : core.now + HEDGE_MS * Math.max(1, this.#attemptCount);
    const { deadline } = this.question;
    core.timers.set(
      this,
      Math.min(this.#canRetry() || this.#copies.length === 0 ? soon : deadline, deadline),
      'answer to a request',
    );
  }

  #end(why: NoAnswer): void {
    this.cancel();
    this.#owner.onNoAnswer(this, why);
  }
}

const NO_VIA: readonly NodeId[] = [];
