import type { NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_PATH,
  MAX_REPLY_BY_ID_RATES,
  REPLY_BY_ID_BURST_BYTES,
  REPLY_BY_ID_BYTES_PER_SECOND,
  REVERSE_STATE_MS,
  SAMPLES_PER_HOP,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { Allowances } from './admission.ts';
import { sampleLinked } from './contact-exchange.ts';
import type { Core } from './core.ts';
import type { Endpoint } from './endpoint.ts';
import type { Forward, ForwardOwner } from './forward.ts';
import type { AgedContact } from './frame-fields.ts';
import type { Messages } from './messages.ts';
import { appendHop, decodeReply, replyMessageId } from './reply-frame.ts';
import { ROUTE_EXACT, ROUTE_KIND, type RouteFrame } from './route-frame.ts';
import type { RoutingTable } from './routing-table.ts';
import type { Targets } from './targets.ts';

/** A message of ours, before it has an id. */
export type Outgoing = Pick<RouteFrame, 'kind' | 'flags' | 'target' | 'via' | 'payload' | 'lifetimeMs'>;

/** Sends messages of our own. */
export interface Originator {
  /** `avoid`: first hops not to take. The owner may be told of failure before this returns. */
  originate(outgoing: Outgoing, avoid: readonly NodeId[], owner: ForwardOwner | undefined): Forward;
}

/** Brings replies back the way the question came, or by id when that way broke, and hands over those to our own. */
export class ReplyPath {
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #messages: Messages;
  readonly #targets: Targets;
  readonly #originator: Originator;
  /** By the neighbour that brought the questions: their origins are claims. */
  readonly #byId = new Allowances<NodeId>(MAX_REPLY_BY_ID_RATES, REPLY_BY_ID_BURST_BYTES, REPLY_BY_ID_BYTES_PER_SECOND);
  #endpoint: Endpoint | undefined;

  constructor(core: Core, table: RoutingTable, messages: Messages, targets: Targets, originator: Originator) {
    this.#core = core;
    this.#table = table;
    this.#messages = messages;
    this.#targets = targets;
    this.#originator = originator;
  }

  /** Names who sees answers to others pass. Called once, while the machine is put together. */
  attach(endpoint: Endpoint): void {
    this.#endpoint = endpoint;
  }

  /** The reply to `forward` is here. Hops on the way back only append to it; its origin alone reads it. */
  pass(forward: Forward, bytes: Uint8Array, over: NodeId | undefined): void {
    if (forward.isExact) this.#targets.reached(forward.target, this.#core.now);
    if (forward.from !== undefined) {
      const samples =
        forward.kind === ROUTE_KIND.find
          ? sampleLinked(this.#core, this.#table, SAMPLES_PER_HOP, forward.origin.id)
          : NO_SAMPLES;
      const isLong = forward.hops >= MAX_PATH;
      if (forward.kind === ROUTE_KIND.get && !forward.isExact) this.#endpoint?.observe(forward, bytes);
      this.sendBack(forward, isLong ? bytes : appendHop(bytes, { id: this.#core.self.id, samples }));
      this.#messages.finish(forward);
      return;
    }
    this.#messages.finish(forward);
    const reply = decodeReply(bytes, this.#core.contacts);
    if (reply) forward.owner?.onReply(forward, reply, over);
    else this.#onMalformed(forward);
  }

  /** Any hop may have spoilt it, and none of them read it: nobody is blamed, and the question goes another way. */
  #onMalformed(forward: Forward): void {
    this.#core.counters.malformed++;
    forward.owner?.onUndelivered(forward);
  }

  /** A reply whose way back broke, routed to us by id. */
  onRouted(payload: Uint8Array, over: NodeId | undefined): void {
    const bytes = new Uint8Array(payload.length + 2);
    bytes.set(payload, 2);
    const id = replyMessageId(bytes);
    const forward = id === undefined ? undefined : this.#messages.get(id);
    if (forward && !forward.isDone && forward.from === undefined) this.pass(forward, bytes, over);
    else this.#core.counters.dropped++;
  }

  /** To the hop that the question came from, or by id. */
  sendBack({ from, origin }: Forward, reply: Uint8Array): void {
    if (from !== undefined && this.#table.link(from)) return this.#core.send(from, reply);
    if (reply.length > REPLY_BY_ID_MAX_BYTES) return;
    if (from !== undefined && !this.#byId.take(from, this.#core.now, reply.length)) return;
    const payload = reply.subarray(2);
    const target = origin.id;
    this.#originator.originate(
      { kind: ROUTE_KIND.reply, flags: ROUTE_EXACT, target, via: [], payload, lifetimeMs: REPLY_LIFETIME_MS },
      [],
      undefined,
    );
  }
}

/** Only lookups teach: answers to signals and reads are many, and their way back is the same peers again. */
const NO_SAMPLES: readonly AgedContact[] = [];

/** A reply that must be routed by id needs room for an envelope. [bytes] */
const REPLY_BY_ID_MAX_BYTES = 15 * 1024;

/** Life of a reply that is routed by id. [ms] */
const REPLY_LIFETIME_MS: Millis = REVERSE_STATE_MS / 2;
