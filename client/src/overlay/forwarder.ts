import type { NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_CANDIDATES,
  MAX_DETOURS,
  MAX_HOPS,
  MAX_HOP_TIMEOUT_MS,
  TARGET_TURN_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { Core, Timed } from './core.ts';
import type { Entry } from './entry.ts';
import type { Answer, Endpoint } from './endpoint.ts';
import { Forward, type ForwardOwner } from './forward.ts';
import { type MessageId, readMessageId } from './frame-fields.ts';
import { type AckFrame, type AckStatus, decodeAck, encodeAck } from './link-frames.ts';
import { Messages } from './messages.ts';
import { NextHops } from './next-hops.ts';
import { encodeReply, replyMessageId } from './reply-frame.ts';
import { type Originator, type Outgoing, ReplyPath } from './reply-path.ts';
import {
  ROUTE_HEADER_BYTES,
  ROUTE_KIND,
  type RouteFrame,
  decodeEnvelope,
  encodeRoute,
  insertVia,
  patchRoute,
  routePayload,
} from './route-frame.ts';
import type { RoutingTable } from './routing-table.ts';
import { Targets } from './targets.ts';
import type { VirtualLinks } from './virtual-links.ts';

/**
 * Carries routed messages hop by hop: waits for the next hop's acknowledgement, turns to another when it is silent or
 * cannot help, and ends the messages that are for this peer.
 */
export class Forwarder implements Timed, Originator {
  readonly targets = new Targets();
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #messages: Messages;
  readonly #nextHops: NextHops;
  readonly #replies: ReplyPath;
  /** When our timer is set for; infinite when it is not. */
  #timerAt: Millis = Number.POSITIVE_INFINITY;
  #endpoint: Endpoint | undefined;

  constructor(core: Core, table: RoutingTable) {
    this.#core = core;
    this.#table = table;
    this.#messages = new Messages(core, this.targets);
    this.#nextHops = new NextHops(core, table, this.targets);
    this.#replies = new ReplyPath(core, table, this.#messages, this.targets, this);
  }

  /** Names who handles messages that end here, and who knows the ways to peers that we cannot connect to. Called once, while the machine is put together. */
  attach(endpoint: Endpoint, virtualLinks: VirtualLinks): void {
    this.#endpoint = endpoint;
    this.#nextHops.attach(virtualLinks);
    this.#replies.attach(endpoint);
  }

  /** Messages under way. */
  get size(): number {
    return this.#messages.size;
  }

  /** Sends a message of ours. `avoid`: first hops not to take. The owner may be told of failure before this returns. */
  originate(outgoing: Outgoing, avoid: readonly NodeId[], owner: ForwardOwner | undefined): Forward {
    const { flags, lifetimeMs, kind, target, via, payload } = outgoing;
    const origin = this.#core.self;
    const id = this.#newId();
    // The fields in the order that `decodeEnvelope` has them: objects of one shape are quick to read.
    const frame: RouteFrame = { id, hops: 0, flags, lifetimeMs, kind, detours: 0, target, origin, via, payload };
    const forward = this.#messages.add(new Forward(frame, encodeRoute(frame), undefined, owner, avoid, this.#core.now));
    this.#advance(forward);
    return forward;
  }

  /** Gives up a message of ours: its answer is dropped when it comes. */
  abandon(forward: Forward): void {
    this.#messages.finish(forward);
  }

  /** False: malformed. */
  onRoute(from: NodeId, bytes: Uint8Array): boolean {
    const id = bytes.length < ROUTE_HEADER_BYTES ? undefined : readMessageId(bytes, 2);
    if (id === undefined) return false;
    if (this.#isCopy(from, id)) return true;
    const frame = decodeEnvelope(bytes, this.#core.contacts, id);
    if (!frame) return false;
    if (frame.origin.id === this.#core.self.id || !this.#messages.hasRoomFor(bytes, from)) {
      this.#core.counters.dropped++;
      this.#ack(from, frame.id, 'cannot');
      return true;
    }
    this.#advance(this.#messages.add(new Forward(frame, bytes, from, undefined, NO_IDS, this.#core.now)));
    return true;
  }

  /** A message that is here already, or was: another way may still be open to it, this one is not. */
  #isCopy(from: NodeId, id: MessageId): boolean {
    const open = this.#messages.get(id);
    if (!open && !this.#messages.wasDone(id)) return false;
    this.#core.counters.duplicates++;
    this.#ack(from, id, open?.from === from ? 'accepted' : 'cannot');
    return true;
  }

  /** False: malformed. */
  onAck(from: NodeId, bytes: Uint8Array): boolean {
    const ack = decodeAck(bytes);
    if (!ack) return false;
    const forward = this.#messages.get(ack.id);
    if (!forward || forward.isDone || forward.candidate !== from) this.#core.counters.dropped++;
    else this.#acked(forward, from, ack);
    return true;
  }

  /** False: malformed, and by `from`. Hops on the way back only append to a reply; its origin alone reads it. */
  onReply(from: NodeId, bytes: Uint8Array): boolean {
    const id = replyMessageId(bytes);
    if (id === undefined) return false;
    const forward = this.#messages.get(id);
    if (!forward || forward.isDone || !forward.wasSentTo(from)) {
      this.#core.counters.dropped++;
      return true;
    }
    if (!forward.isAcked && forward.candidate === from) this.#sampleRtt(forward, from);
    this.#replies.pass(forward, bytes, from);
    return true;
  }

  /** The answer to a message that ended here. */
  answer(forward: Forward, { status, payload, closest }: Answer): void {
    if (forward.isDone) return;
    const trail = [{ id: this.#core.self.id, samples: [] }];
    this.#replies.sendBack(
      forward,
      encodeReply({ id: forward.id, status, hops: forward.hops, payload, closest, trail }),
    );
    this.#messages.finish(forward);
  }

  /** The earliest hop timeout may be over. Few messages are under way at a time: looking through them is cheapest. */
  onTimer(): void {
    const { now, graceUntil } = this.#core;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const overdue: Forward[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const forward of this.#messages.open()) {
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
    if (forward.candidate === undefined) return this.#advance(forward);
    this.#core.counters.hopTimeouts++;
    const link = this.#table.link(forward.candidate)?.link;
    link?.rtt.backOff();
    if (link && link.lastHeard < forward.sentAt) link.isSuspect = true;
    this.#retry(forward);
  }

  /** A link is gone: what waits for its answer is sent another way. */
  onLinkLost(peer: NodeId): void {
    for (const forward of [...this.#messages.open()]) {
      if (!forward.isDone && forward.candidate === peer) this.#retry(forward);
    }
  }

  /** Forgets what is too old to be answered. */
  sweep(): void {
    this.targets.sweep(this.#core.now);
    this.#messages.sweep();
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

  /** Sends `forward` to its next hop, or ends it here. */
  #advance(forward: Forward): void {
    forward.passVia(this.#core.self.id);
    if (forward.isExact && forward.target === this.#core.self.id) return this.#consume(forward);
    if (this.#isIntercepted(forward)) return this.#consume(forward);
    const elapsed = this.#core.now - forward.receivedAt;
    if (forward.hops >= MAX_HOPS || elapsed >= forward.lifetimeMs) return this.#fail(forward, 'cannot');
    const next = this.#nextHops.choose(forward);
    if (next) return this.#sendOn(forward, next);
    if (forward.isStrict) return this.#fail(forward, 'cannot');
    if (!forward.isExact && forward.from !== undefined) return this.#consume(forward);
    if (forward.via.length > 0) {
      forward.skipVia(forward.via.length);
      return this.#advance(forward);
    }
    if (forward.isExact) {
      if (this.#awaitsTarget(forward) || this.#awaitsTurn(forward)) return;
      this.#giveUpTarget(forward);
    }
    this.#fail(forward, 'unreachable');
  }

  /**
   * True while the target itself has it and may only be busy: nobody else could reach it, and its link loses nothing, so
   * that it need not be sent again.
   */
  #awaitsTarget(forward: Forward): boolean {
    const { candidate, target, sentAt } = forward;
    const until = sentAt + MAX_HOP_TIMEOUT_MS;
    if (candidate !== target || this.#core.now >= until || !this.#table.link(target)) return false;
    forward.timeoutAt = until;
    this.#wakeAt(until);
    return true;
  }

  /**
   * True while those before it keep it back: a target that many write to at once is not gone. It is given up with a target
   * that answered none of them for as long as a hop may be silent.
   */
  #awaitsTurn(forward: Forward): boolean {
    const { now } = this.#core;
    const until = forward.receivedAt + MAX_HOP_TIMEOUT_MS;
    if (forward.candidateCount > 0 || forward.isCounted || now >= until) return false;
    if (!this.targets.isBusy(forward.target, now)) return false;
    if (forward.timeoutAt === Number.POSITIVE_INFINITY) this.#ack(forward.from, forward.id, 'accepted');
    forward.timeoutAt = Math.min(now + TARGET_TURN_MS, until);
    this.#wakeAt(forward.timeoutAt);
    return true;
  }

  /** A message about a stored key, on its way to the closest peer, that this one can deal with. */
  #isIntercepted(forward: Forward): boolean {
    const { kind } = forward;
    if (kind < ROUTE_KIND.store || kind > ROUTE_KIND.unpublish || forward.isExact) return false;
    return forward.from !== undefined && forward.candidateCount === 0 && this.#endpoint?.intercepts(forward) === true;
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
    const { hops, passedVia, throughTo } = forward;
    const detours = Math.min(forward.detours + (isDetour ? 1 : 0), MAX_DETOURS);
    const patched = patchRoute(bytes, hops + 1, Math.max(lifetime, 0), detours, passedVia);
    this.#core.send(id, throughTo === undefined ? patched : insertVia(patched, throughTo));
    forward.timeoutAt = Math.ceil(this.#core.now + link.rtt.timeout);
    this.#wakeAt(forward.timeoutAt);
    if (isFirstTry) this.#ack(forward.from, forward.id, 'accepted');
    else this.#core.counters.reroutes++;
  }

  #retry(forward: Forward): void {
    forward.timeoutAt = Number.POSITIVE_INFINITY;
    if (forward.isExact && forward.candidate === forward.target) forward.endDetours();
    if (forward.candidateCount < MAX_CANDIDATES) this.#advance(forward);
    else if (forward.isExact || forward.from === undefined) this.#fail(forward, 'cannot');
    else this.#consume(forward);
  }

  #consume(forward: Forward): void {
    const { bytes, kind } = forward;
    forward.timeoutAt = Number.POSITIVE_INFINITY;
    if (!bytes) return this.#messages.finish(forward);
    const payload = routePayload(bytes);
    if (kind === ROUTE_KIND.reply) {
      this.#ack(forward.from, forward.id, 'accepted');
      this.#messages.finish(forward);
      return this.#replies.onRouted(payload, forward.from);
    }
    const answer = this.#endpoint?.consume(forward, payload);
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
    this.#messages.finish(forward);
    if (forward.from === undefined) forward.owner?.onUndelivered(forward);
    else this.#ack(forward.from, forward.id, status);
  }

  #sampleRtt(forward: Forward, from: NodeId): void {
    const link = this.#table.link(from)?.link;
    if (!link) return;
    link.isSuspect = false;
    this.#core.measured(link, this.#core.now - forward.sentAt);
  }

  #ack(to: NodeId | undefined, id: MessageId, status: AckStatus): void {
    if (to !== undefined && this.#table.link(to)) this.#core.send(to, encodeAck({ id, status }));
  }

  #newId(): MessageId {
    const high = this.#core.rng.nextUint32();
    const low = this.#core.rng.nextUint32();
    return String.fromCharCode(high >>> 16, high & 0xffff, low >>> 16, low & 0xffff);
  }
}

const NO_IDS: readonly NodeId[] = [];
