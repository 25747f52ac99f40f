import type { NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_CANDIDATES,
  MAX_DETOURS,
  MAX_FORWARDS,
  MAX_FORWARD_BYTES,
  MAX_HOPS,
  MAX_PATH,
  MAX_VIA,
  REVERSE_STATE_MS,
  SAMPLES_PER_HOP,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { sampleLinked } from './contact-exchange.ts';
import type { Core, Timed } from './core.ts';
import type { Entry } from './entry.ts';
import { Forward, type ForwardOwner } from './forward.ts';
import { type AgedContact, type MessageId, readMessageId } from './frame-fields.ts';
import { type AckFrame, type AckStatus, decodeAck, encodeAck } from './link-frames.ts';
import { type ReplyStatus, appendHop, decodeReply, encodeReply, replyMessageId } from './reply-frame.ts';
import { hasLane, nextLaneHop } from './lanes.ts';
import { ROUTE_KIND, type RouteFrame, decodeRoute, encodeRoute, insertVia, patchRoute } from './route-frame.ts';
import type { RoutingTable } from './routing-table.ts';
import { SeenMessages } from './seen-messages.ts';
import { Targets } from './targets.ts';
import type { VirtualLinks } from './virtual-links.ts';

/** What the end of a route answers. */
export interface Answer {
  readonly status: ReplyStatus;
  readonly payload: Uint8Array;
  readonly closest: readonly AgedContact[];
}

/** Handles messages that end at this peer. */
export interface Endpoint {
  /** The answer, or undefined when it comes later through `Forwarder.answer`. */
  consume(forward: Forward, payload: Uint8Array): Answer | undefined;
  /** True when a message of others about a stored key is to end here, although closer peers are known. */
  intercepts(forward: Forward): boolean;
  /** An answer to a GET of others passes. */
  observe(forward: Forward, reply: Uint8Array): void;
}

/** A message of ours, before it has an id. */
export type Outgoing = Pick<RouteFrame, 'kind' | 'flags' | 'target' | 'via' | 'payload' | 'lifetimeMs'>;

/**
 * Carries routed messages hop by hop: picks the next hop, waits for its acknowledgement, turns to another when it is
 * silent or cannot help, and brings the reply back the way the question came, or by id when that way broke.
 * Distance to the target falls with every hop; only the first hop and a few steps next to an exact target are exempt.
 */
export class Forwarder implements Timed {
  readonly targets = new Targets();
  readonly #core: Core;
  readonly #table: RoutingTable;
  /** Messages that wait for something, in order of arrival. BOUNDED: by MAX_FORWARDS and, through `sweep`, by REVERSE_STATE_MS. */
  readonly #forwards = new Map<MessageId, Forward>();
  readonly #seen = new SeenMessages();
  #virtualLinks: VirtualLinks | undefined;
  #heldBytes = 0;
  /** When our timer is set for; infinite when it is not. */
  #timerAt: Millis = Number.POSITIVE_INFINITY;
  #endpoint: Endpoint | undefined;

  constructor(core: Core, table: RoutingTable) {
    this.#core = core;
    this.#table = table;
  }

  /** Names who handles messages that end here, and who knows the ways to peers that we cannot connect to. Called once, while the machine is put together. */
  attach(endpoint: Endpoint, virtualLinks: VirtualLinks): void {
    this.#endpoint = endpoint;
    this.#virtualLinks = virtualLinks;
  }

  /** Messages under way. */
  get size(): number {
    return this.#forwards.size;
  }

  /** Sends a message of ours. `avoid`: first hops not to take. The owner may be told of failure before this returns. */
  originate(outgoing: Outgoing, avoid: readonly NodeId[], owner: ForwardOwner | undefined): Forward {
    const frame: RouteFrame = { ...outgoing, id: this.#newId(), hops: 0, detours: 0, origin: this.#core.self };
    const forward = this.#remember(new Forward(frame, encodeRoute(frame), undefined, owner, avoid, this.#core.now));
    this.#advance(forward);
    return forward;
  }

  /** Gives up a message of ours: its answer is dropped when it comes. */
  abandon(forward: Forward): void {
    this.#finish(forward);
  }

  /** False: malformed. */
  onRoute(from: NodeId, bytes: Uint8Array): boolean {
    if (bytes.length > 10 && this.#isCopy(from, readMessageId(bytes, 2))) return true;
    const frame = decodeRoute(bytes, this.#core.contacts);
    if (!frame) return false;
    if (frame.origin.id === this.#core.self.id || this.#heldBytes + bytes.length > MAX_FORWARD_BYTES) {
      this.#core.counters.dropped++;
      this.#ack(from, frame.id, 'cannot');
      return true;
    }
    this.#advance(this.#remember(new Forward(frame, bytes, from, undefined, NO_IDS, this.#core.now)));
    return true;
  }

  /** A message that is here already, or was: another way may still be open to it, this one is not. */
  #isCopy(from: NodeId, id: MessageId): boolean {
    const open = this.#forwards.get(id);
    if (!open && !this.#seen.has(id)) return false;
    this.#core.counters.duplicates++;
    this.#ack(from, id, open?.from === from ? 'accepted' : 'cannot');
    return true;
  }

  /** False: malformed. */
  onAck(from: NodeId, bytes: Uint8Array): boolean {
    const ack = decodeAck(bytes);
    if (!ack) return false;
    const forward = this.#forwards.get(ack.id);
    if (!forward || forward.isDone || forward.candidate !== from) this.#core.counters.dropped++;
    else this.#acked(forward, from, ack);
    return true;
  }

  /** False: malformed. Hops on the way back only append to a reply; its origin alone reads it. */
  onReply(from: NodeId, bytes: Uint8Array): boolean {
    const id = replyMessageId(bytes);
    if (id === undefined) return false;
    const forward = this.#forwards.get(id);
    if (!forward || forward.isDone || !forward.wasSentTo(from)) {
      this.#core.counters.dropped++;
      return true;
    }
    if (!forward.isAcked && forward.candidate === from) this.#sampleRtt(forward, from);
    return this.#deliverReply(forward, bytes);
  }

  /** The answer to a message that ended here. */
  answer(forward: Forward, { status, payload, closest }: Answer): void {
    if (forward.isDone) return;
    const trail = [{ id: this.#core.self.id, samples: [] }];
    this.#sendBack(forward, encodeReply({ id: forward.id, status, hops: forward.hops, payload, closest, trail }));
    this.#finish(forward);
  }

  /** The earliest hop timeout may be over. Few messages are under way at a time: looking through them is cheapest. */
  onTimer(): void {
    const { now, graceUntil } = this.#core;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const overdue: Forward[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const forward of this.#forwards.values()) {
      if (forward.timeoutAt <= now && now < graceUntil) forward.timeoutAt = graceUntil;
      if (forward.timeoutAt <= now) overdue.push(forward);
      else if (forward.timeoutAt < next) next = forward.timeoutAt;
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
    for (const forward of overdue) this.#onHopTimeout(forward);
  }

  #wakeAt(at: Millis): void {
    if (at >= this.#timerAt) return;
    this.#timerAt = at;
    this.#core.timers.set(this, at, 'hop acknowledgement');
  }

  #onHopTimeout(forward: Forward): void {
    if (forward.isDone || forward.isAcked) return;
    this.#core.counters.hopTimeouts++;
    const link = forward.candidate === undefined ? undefined : this.#table.link(forward.candidate)?.link;
    if (link && link.lastHeard < forward.sentAt) link.isSuspect = true;
    this.#retry(forward);
  }

  /** A link is gone: what waits for its answer is sent another way. */
  onLinkLost(peer: NodeId): void {
    for (const forward of [...this.#forwards.values()]) {
      if (!forward.isDone && forward.candidate === peer) this.#retry(forward);
    }
  }

  /** Forgets what is too old to be answered. */
  sweep(): void {
    const before = this.#core.now - REVERSE_STATE_MS;
    this.#seen.turn(this.#core.now);
    this.targets.sweep(this.#core.now);
    for (const forward of this.#forwards.values()) {
      if (forward.receivedAt > before) return;
      this.#finish(forward);
    }
  }

  #acked(forward: Forward, from: NodeId, { status }: AckFrame): void {
    if (!forward.isAcked) this.#sampleRtt(forward, from);
    if (status === 'accepted') {
      forward.isAcked = true;
      forward.timeoutAt = Number.POSITIVE_INFINITY;
    } else if (status === 'unreachable' && forward.isExact) {
      this.#fail(forward, 'unreachable');
    } else {
      this.#retry(forward);
    }
  }

  #deliverReply(forward: Forward, bytes: Uint8Array): boolean {
    if (forward.isExact) this.targets.reached(forward.target, this.#core.now);
    if (forward.from !== undefined) {
      const samples =
        forward.kind === ROUTE_KIND.find
          ? sampleLinked(this.#core, this.#table, SAMPLES_PER_HOP, forward.origin.id)
          : NO_SAMPLES;
      const isLong = forward.hops >= MAX_PATH;
      if (forward.kind === ROUTE_KIND.get && !forward.isExact) this.#endpoint?.observe(forward, bytes);
      this.#sendBack(forward, isLong ? bytes : appendHop(bytes, { id: this.#core.self.id, samples }));
      this.#finish(forward);
      return true;
    }
    const reply = decodeReply(bytes, this.#core.contacts);
    if (!reply) return false;
    this.#finish(forward);
    forward.owner?.onReply(forward, reply);
    return true;
  }

  /** A reply whose way back broke, routed to us by id. */
  #onRoutedReply(payload: Uint8Array): void {
    const bytes = new Uint8Array(payload.length + 2);
    bytes.set(payload, 2);
    const id = replyMessageId(bytes);
    const forward = id === undefined ? undefined : this.#forwards.get(id);
    if (forward && !forward.isDone && forward.from === undefined) this.#deliverReply(forward, bytes);
    else this.#core.counters.dropped++;
  }

  #sendBack(forward: Forward, reply: Uint8Array): void {
    if (forward.from !== undefined && this.#table.link(forward.from)) {
      this.#core.send(forward.from, reply);
      return;
    }
    if (reply.length > REPLY_BY_ID_MAX_BYTES) return;
    const payload = reply.subarray(2);
    const target = forward.origin.id;
    this.originate(
      { kind: ROUTE_KIND.reply, flags: 1, target, via: [], payload, lifetimeMs: REPLY_LIFETIME_MS },
      NO_IDS,
      undefined,
    );
  }

  /** Sends `forward` to its next hop, or ends it here. */
  #advance(forward: Forward): void {
    this.#passVia(forward);
    if (forward.isExact && forward.target === this.#core.self.id) return this.#consume(forward);
    if (this.#isIntercepted(forward)) return this.#consume(forward);
    const elapsed = this.#core.now - forward.receivedAt;
    if (forward.hops >= MAX_HOPS || elapsed >= forward.lifetimeMs) return this.#fail(forward, 'cannot');
    forward.throughTo = undefined;
    if (forward.isStrict) return this.#handOver(forward);
    const next = forward.isExact ? this.#nextExactHop(forward) : this.#nextClosestHop(forward);
    if (next) return this.#sendOn(forward, next);
    if (!forward.isExact && forward.from !== undefined) return this.#consume(forward);
    if (forward.via.length > 0) {
      this.#skipVia(forward, forward.via.length);
      return this.#advance(forward);
    }
    if (forward.isExact) this.#giveUpTarget(forward);
    this.#fail(forward, 'unreachable');
  }

  /** A message about a stored key, on its way to the closest peer, that this one can deal with. */
  #isIntercepted(forward: Forward): boolean {
    const { kind } = forward;
    if (kind < ROUTE_KIND.store || kind > ROUTE_KIND.unpublish || forward.isExact) return false;
    return forward.from !== undefined && forward.candidateCount === 0 && this.#endpoint?.intercepts(forward) === true;
  }

  /** To the named peer over our link to it, or back. */
  #handOver(forward: Forward): void {
    const next = forward.excluded.includes(forward.leg) ? undefined : this.#table.link(forward.leg);
    if (next) this.#sendOn(forward, next);
    else this.#fail(forward, 'cannot');
  }

  #passVia(forward: Forward): void {
    const at = forward.via.indexOf(this.#core.self.id);
    if (at >= 0) this.#skipVia(forward, at + 1);
  }

  #skipVia(forward: Forward, count: number): void {
    forward.via = forward.via.slice(count);
    forward.passedVia += count;
  }

  #nextClosestHop(forward: Forward): Entry | undefined {
    if (forward.candidateCount >= MAX_CANDIDATES) return undefined;
    const { leg, excluded, origin } = forward;
    const isFirst = forward.from === undefined;
    if (!isFirst && !forward.isExact && hasLane(forward.flags))
      return nextLaneHop(this.#table, leg, forward.flags, excluded, origin.id);
    const direct = this.#table.nextHop(leg, excluded, origin.id, !isFirst);
    const bar = direct?.contact.id ?? (isFirst ? undefined : this.#core.self.id);
    const through = forward.via.length < MAX_VIA && this.#virtualLinks?.closerHop(leg, bar, excluded, origin.id);
    if (!through) return direct;
    forward.throughTo = forward.isExact ? undefined : through.peer;
    return through.relay;
  }

  #nextExactHop(forward: Forward): Entry | undefined {
    const { leg, excluded } = forward;
    const direct = this.#table.link(leg);
    if (direct && !excluded.includes(leg)) return direct;
    const relayed = this.#virtualLinks?.exactHop(leg, excluded);
    if (relayed && forward.candidateCount < MAX_CANDIDATES) return relayed.relay;
    const isLastLeg = forward.via.length === 0;
    if (isLastLeg && !forward.isCounted) {
      if (!this.targets.admits(leg, this.#core.now)) return undefined;
      forward.isCounted = true;
      this.targets.started(leg);
    }
    const told = this.#referrerHop(forward, leg);
    if (told) return told;
    const closer = this.#nextClosestHop(forward);
    if (closer || !isLastLeg || forward.detours >= MAX_DETOURS || forward.candidateCount >= 2) return closer;
    return this.#isNear(leg) ? this.#table.nextHop(leg, excluded, forward.origin.id, false) : undefined;
  }

  /** A linked peer that told us of `target`, and so most likely has a link to it: the way between two islands. */
  #referrerHop(forward: Forward, target: NodeId): Entry | undefined {
    if (forward.detours >= MAX_DETOURS || forward.candidateCount >= MAX_CANDIDATES) return undefined;
    for (const id of this.#table.get(target)?.referrers ?? []) {
      const entry = id === forward.origin.id || forward.excluded.includes(id) ? undefined : this.#table.link(id);
      if (entry && !entry.link?.isSuspect) return entry;
    }
    return undefined;
  }

  /** True when a living `target` would be among our siblings. */
  #isNear(target: NodeId): boolean {
    const last = this.#table.siblings.at(-1);
    return (
      !last || compareDistance(this.#core.self.id, target, last.contact.id) <= 0 || this.#table.siblings.length < 4
    );
  }

  #sendOn(forward: Forward, next: Entry): void {
    const { id } = next.contact;
    const bytes = forward.bytes;
    const link = next.link;
    if (!bytes || !link) return;
    const isFirstTry = forward.candidateCount === 0;
    const isDetour = forward.from !== undefined && compareDistance(forward.leg, id, this.#core.self.id) > 0;
    const lifetime = forward.lifetimeMs - (this.#core.now - forward.receivedAt) - Math.round((link.rtt.mean ?? 0) / 2);
    forward.excluded.push(id);
    forward.candidateCount++;
    forward.sentAt = this.#core.now;
    forward.isAcked = false;
    const { hops, detours, passedVia, throughTo } = forward;
    const patched = patchRoute(bytes, hops + 1, Math.max(lifetime, 0), detours + (isDetour ? 1 : 0), passedVia);
    this.#core.send(id, throughTo === undefined ? patched : insertVia(patched, throughTo));
    forward.timeoutAt = Math.ceil(this.#core.now + link.rtt.timeout);
    this.#wakeAt(forward.timeoutAt);
    if (isFirstTry) this.#ack(forward.from, forward.id, 'accepted');
    else this.#core.counters.reroutes++;
  }

  #retry(forward: Forward): void {
    forward.timeoutAt = Number.POSITIVE_INFINITY;
    if (forward.candidateCount < MAX_CANDIDATES) this.#advance(forward);
    else if (forward.isExact || forward.from === undefined) this.#fail(forward, 'cannot');
    else this.#consume(forward);
  }

  #consume(forward: Forward): void {
    const { bytes } = forward;
    forward.timeoutAt = Number.POSITIVE_INFINITY;
    const frame = bytes && decodeRoute(bytes, this.#core.contacts);
    if (!frame) return this.#finish(forward);
    if (frame.kind === ROUTE_KIND.reply) {
      this.#ack(forward.from, forward.id, 'accepted');
      this.#finish(forward);
      return this.#onRoutedReply(frame.payload);
    }
    const answer = this.#endpoint?.consume(forward, frame.payload);
    if (answer) this.answer(forward, answer);
    else if (!forward.isDone) this.#ack(forward.from, forward.id, 'accepted');
  }

  #giveUpTarget(forward: Forward): void {
    this.#core.counters.unreachable++;
    if (!this.targets.isUnreachable(forward.target, this.#core.now))
      this.targets.unreachable(forward.target, this.#core.now);
  }

  #fail(forward: Forward, status: AckStatus): void {
    if (forward.isDone) return;
    this.#finish(forward);
    if (forward.from === undefined) forward.owner?.onUndelivered(forward);
    else this.#ack(forward.from, forward.id, status);
  }

  #finish(forward: Forward): void {
    if (forward.isDone) return;
    forward.isDone = true;
    if (forward.bytes) this.#heldBytes -= forward.bytes.length;
    forward.bytes = undefined;
    if (forward.isCounted) this.targets.ended(forward.target);
    this.#forwards.delete(forward.id);
    this.#seen.add(forward.id, this.#core.now);
  }

  #sampleRtt(forward: Forward, from: NodeId): void {
    const link = this.#table.link(from)?.link;
    if (!link) return;
    link.isSuspect = false;
    link.rtt.sample(this.#core.now - forward.sentAt);
  }

  #ack(to: NodeId | undefined, id: MessageId, status: AckStatus): void {
    if (to !== undefined && this.#table.link(to)) this.#core.send(to, encodeAck({ id, status }));
  }

  #remember(forward: Forward): Forward {
    if (this.#forwards.size >= MAX_FORWARDS) {
      for (const oldest of this.#forwards.values()) {
        this.#finish(oldest);
        break;
      }
    }
    this.#forwards.set(forward.id, forward);
    this.#heldBytes += forward.bytes?.length ?? 0;
    return forward;
  }

  #newId(): MessageId {
    const high = this.#core.rng.nextUint32();
    const low = this.#core.rng.nextUint32();
    const bytes = new Uint8Array([high >>> 24, high >>> 16, high >>> 8, high, low >>> 24, low >>> 16, low >>> 8, low]);
    return readMessageId(bytes, 0);
  }
}

const NO_IDS: readonly NodeId[] = [];

/** Only lookups teach: answers to signals and reads are many, and their way back is the same peers again. */
const NO_SAMPLES: readonly AgedContact[] = [];

/** A reply that must be routed by id needs room for an envelope. [bytes] */
const REPLY_BY_ID_MAX_BYTES = 15 * 1024;

/** Life of a reply that is routed by id. [ms] */
const REPLY_LIFETIME_MS = REVERSE_STATE_MS / 2;
