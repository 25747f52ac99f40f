import type { NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_ATTEMPTS,
  MIN_PATIENCE_MS,
  QUESTION_TIMEOUT_MS,
  REVERSE_STATE_MS,
  SIGNAL_HOLD_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { AnswerTimes } from './answer-times.ts';
import { learnContacts } from './contact-exchange.ts';
import type { Core, Timed } from './core.ts';
import type { Forward, ForwardOwner } from './forward.ts';
import type { Forwarder } from './forwarder.ts';
import { hasLane, laneFlags } from './lanes.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { ROUTE_EXACT, ROUTE_KIND, type RouteKind } from './route-frame.ts';
import type { RoutingTable } from './routing-table.ts';

/** Why a question of ours got no answer. */
export type NoAnswer = 'timeout' | 'unreachable' | 'no-links';

/** Who asked. Exactly one of the two is called, once, unless the request is cancelled. */
export interface RequestOwner {
  /** `way`: the intermediate targets of the copy that was answered. */
  onAnswer(request: Request, reply: ReplyFrame, way: readonly NodeId[]): void;
  onNoAnswer(request: Request, why: NoAnswer): void;
}

/** The parts of the machine that questions travel through. */
export interface Routing {
  readonly core: Core;
  readonly table: RoutingTable;
  readonly forwarder: Forwarder;
  readonly answerTimes: AnswerTimes;
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
  /** The same, shared by questions that must leave through different first hops: each adds its own. */
  readonly usedFirstHops?: NodeId[];
  /** Silence after which another copy leaves. [ms] Default: the measured p90 of answers. */
  readonly patienceMs?: Millis;
  /** The answer may wait at the other end for SIGNAL_HOLD_MS: copies leave that much later, and it does not say how long answers take. */
  readonly mayWait?: boolean;
}

const NO_VIA: readonly NodeId[] = [];

/**
 * One question and its copies. A copy leaves through another first hop when the answer is slow (hedging) or when hops
 * say that they cannot deliver. The first answer wins; the deadline always ends it.
 */
export class Request implements ForwardOwner, Timed {
  readonly question: Question;
  readonly #routing: Routing;
  readonly #owner: RequestOwner;
  /** With the way that each went. BOUNDED: by MAX_ATTEMPTS. */
  readonly #copies = new Map<Forward, readonly NodeId[]>();
  /** BOUNDED: by MAX_ATTEMPTS and the questions that share it. */
  readonly #usedFirstHops: NodeId[];
  #attemptCount = 0;
  #isOver = false;
  #isLaunching = false;
  readonly startedAt: Millis;
  /** The first hops that the copy which was answered was handed to; what a trail says of them nobody proves. */
  answeredThrough: readonly NodeId[] = NO_VIA;

  constructor(routing: Routing, question: Question, owner: RequestOwner) {
    this.question = question;
    this.#routing = routing;
    this.#owner = owner;
    this.#usedFirstHops = question.usedFirstHops ?? [...(question.avoid ?? [])];
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
    for (const copy of this.#copies.keys()) this.#routing.forwarder.abandon(copy);
  }

  onReply(forward: Forward, reply: ReplyFrame, over: NodeId | undefined): void {
    if (this.#isOver) return;
    this.cancel();
    this.answeredThrough = forward.hopsTried;
    const { core, table, answerTimes } = this.#routing;
    if (!this.question.mayWait) answerTimes.sample(core.now - forward.receivedAt, reply.hops);
    learnContacts(core, table, reply.closest, reply.trail[0]?.id, over);
    for (const hop of reply.trail) learnContacts(core, table, hop.samples, hop.id, over);
    this.#owner.onAnswer(this, reply, this.#copies.get(forward) ?? NO_VIA);
  }

  onUndelivered(forward: Forward): void {
    this.#copies.delete(forward);
    if (this.#isOver || this.#isLaunching) return;
    if (this.#canRetry()) this.#launch();
    this.#setTimer();
  }

  onTimer(): void {
    if (this.#isOver) return;
    const { core, table } = this.#routing;
    if (core.now >= this.question.deadline) return this.#end('timeout');
    if (this.#canRetry()) this.#launch();
    else if (this.#copies.size === 0) return this.#end(table.linked.length === 0 ? 'no-links' : 'unreachable');
    this.#setTimer();
  }

  #canRetry(): boolean {
    const most = Math.min(this.question.maxAttempts ?? MAX_ATTEMPTS, MAX_ATTEMPTS);
    return this.#attemptCount < most && this.#routing.table.linked.length > 0;
  }

  #launch(): void {
    const { core, forwarder } = this.#routing;
    const { kind, target, payload, ways, deadline } = this.question;
    const via = ways[this.#attemptCount++] ?? NO_VIA;
    const lifetimeMs = Math.min(deadline - core.now, REVERSE_STATE_MS);
    this.#isLaunching = true;
    const avoid = via.length > 0 ? NO_VIA : this.#usedFirstHops;
    const copy = forwarder.originate({ kind, flags: this.#flags(), target, via, payload, lifetimeMs }, avoid, this);
    this.#isLaunching = false;
    if (copy.isDone) return;
    this.#copies.set(copy, via);
    if (copy.candidate !== undefined) this.#usedFirstHops.push(copy.candidate);
  }

  /** Further copies of a search keep to lanes, or a peer next to the key that is silent would silence them all. */
  #flags(): number {
    const { kind, flags } = this.question;
    const isSearch = (kind === ROUTE_KIND.find || kind === ROUTE_KIND.get) && (flags & ROUTE_EXACT) === 0;
    return isSearch && this.#attemptCount > 1 && !hasLane(flags)
      ? flags | laneFlags(this.#attemptCount - 1, MAX_ATTEMPTS)
      : flags;
  }

  /** The next copy's turn or the deadline; at once when nothing is under way, but never inside the owner's own call. */
  #setTimer(): void {
    const { core, answerTimes } = this.#routing;
    const { deadline, patienceMs = answerTimes.hedgeMs, mayWait } = this.question;
    const soon = this.#copies.size === 0 ? core.now : core.now + patienceMs + (mayWait ? SIGNAL_HOLD_MS : 0);
    core.timers.set(
      this,
      Math.min(this.#canRetry() || this.#copies.size === 0 ? soon : deadline, deadline),
      'answer to a request',
    );
  }

  #end(why: NoAnswer): void {
    this.cancel();
    this.#owner.onNoAnswer(this, why);
  }
}

/** Hops to a peer without a link: one more than through who told of it. */
const UNLINKED_HOPS = 3;

/**
 * When a question to exactly `target` that may leave in two copies fails: the second has had the time of an answer then,
 * and a peer that is only busy has had its chance.
 */
export function questionDeadline({ core, table, answerTimes }: Routing, target: NodeId): Millis {
  const timeoutMs = answerTimes.hedgeMs + answerTimes.timeoutFor(table.link(target) ? 1 : UNLINKED_HOPS);
  return core.now + Math.min(Math.max(timeoutMs, MIN_PATIENCE_MS), QUESTION_TIMEOUT_MS);
}
