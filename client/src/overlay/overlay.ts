import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import { OVERLAY_FRAME } from '../../../shared/src/limits/links.ts';
import {
  DEFAULT_LINK_HARD,
  DEFAULT_LINK_TARGET,
  MALFORMED_BAN_MS,
  MAX_MALFORMED_FRAMES,
  STALL_TOLERANCE_MS,
  TICK_MS,
} from '../../../shared/src/limits/overlay.ts';
import { type Deadline, type Machine, type Millis, type Rng, randomBelow } from '../../../shared/src/machine.ts';
import { assertNever } from '../../../shared/src/result.ts';
import { AnswerTimes } from './answer-times.ts';
import { bucketFills } from './bucket-fills.ts';
import { BrokenPairs } from './broken-pairs.ts';
import { Callers } from './callers.ts';
import { ContactCache } from './contact-cache.ts';
import { Core, type Timed } from './core.ts';
import type { Counters } from './counters.ts';
import type { Entry } from './entry.ts';
import { Forwarder } from './forwarder.ts';
import { type JoinListener, Joining } from './joining.ts';
import { FLAG_CROSS_CHECK, FLAG_HELLO, FRAME, decodeBye, encodeBye } from './link-frames.ts';
import { LinkPolicy, siblingCountFor } from './link-policy.ts';
import { Liveness } from './liveness.ts';
import { Merging } from './merging.ts';
import { estimateNetworkSize } from './network-size.ts';
import { Operations } from './operation.ts';
import { Holdings } from './holdings.ts';
import { LookupCommand, RouteCommand, type Services, routeProblem } from './overlay-commands.ts';
import { FetchCommand, PublishCommand, PutCommand } from './record-commands.ts';
import type { Routing } from './request.ts';
import { Responder } from './responder.ts';
import { RoutingTable } from './routing-table.ts';
import type { OverlayCommand, OverlayInput, OverlayOutput, OverlaySnapshot, TableEntry } from './types.ts';
import { VirtualLinks } from './virtual-links.ts';

/** What an overlay machine is made with. */
export interface OverlayOptions {
  readonly self: Contact;
  readonly rng: Rng;
  /** Links aimed for. Default DEFAULT_LINK_TARGET. */
  readonly linkTarget?: number;
  /** Links never exceeded. Default DEFAULT_LINK_HARD. */
  readonly linkHard?: number;
  /** Shared by the machines of one process. Default: one of its own. */
  readonly contacts?: ContactCache;
}

/**
 * One peer's part of the Kademlia overlay: routing table, link policy, routed messages, lookups, records. After
 * `closeLink` or a received BYE the overlay treats a link as gone, whatever else still uses it; `linkUp`, or the first
 * frame that a peer sends on a link, brings it back.
 */
export class Overlay implements Machine<OverlayInput, OverlayOutput>, Timed, JoinListener {
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #forwarder: Forwarder;
  readonly #policy: LinkPolicy;
  readonly #liveness: Liveness;
  readonly #joining: Joining;
  readonly #merging: Merging;
  readonly #pairs: BrokenPairs;
  readonly #virtualLinks: VirtualLinks;
  readonly #services: Services;
  #hasLeft = false;
  #hasStarted = false;

  constructor({ self, rng, linkTarget = DEFAULT_LINK_TARGET, linkHard = DEFAULT_LINK_HARD, contacts }: OverlayOptions) {
    const core = new Core(self, rng, contacts ?? new ContactCache());
    const table = new RoutingTable(self.id, siblingCountFor(linkTarget));
    const forwarder = new Forwarder(core, table);
    const routing: Routing = { core, table, forwarder, answerTimes: new AnswerTimes() };
    const holdings = new Holdings(routing);
    const operations = new Operations(core);
    const callers = new Callers();
    const pairs = new BrokenPairs();
    const virtualLinks = new VirtualLinks(routing, pairs);
    this.#core = core;
    this.#table = table;
    this.#forwarder = forwarder;
    this.#policy = new LinkPolicy(
      core,
      table,
      { target: linkTarget, hard: Math.max(linkHard, linkTarget) },
      pairs,
      virtualLinks,
    );
    this.#pairs = pairs;
    this.#virtualLinks = virtualLinks;
    this.#liveness = new Liveness(core, table, this.#policy);
    this.#joining = new Joining(routing, this);
    this.#merging = new Merging(routing);
    this.#services = { routing, operations, holdings, callers };
    forwarder.attach(new Responder(routing, holdings, callers, virtualLinks), virtualLinks);
  }

  get counters(): Counters {
    return this.#core.counters;
  }

  /** Live links that the overlay uses. */
  get links(): number {
    return this.#table.linked.length;
  }

  /** Operations without a result yet. */
  get openOperations(): number {
    return this.#services.operations.size;
  }

  /** True when this peer keeps a record, or announcements of providers, under `key`. */
  keeps(key: Key): boolean {
    const { records, providers } = this.#services.holdings;
    return records.get(key, this.#core.wallNow) !== undefined || providers.held(key) !== undefined;
  }

  /** True when an offer of `peer` is to be answered. `isSpare`: it can do without the link. */
  admits(peer: Contact, isSpare: boolean, now: Millis): boolean {
    return !this.#hasLeft && this.#policy.admits(peer, isSpare, Math.max(Math.floor(now), this.#core.now));
  }

  contactOf(id: NodeId): Contact | undefined {
    return id === this.#core.self.id ? this.#core.self : this.#table.get(id)?.contact;
  }

  snapshot(): OverlaySnapshot {
    const entries: TableEntry[] = [];
    for (const entry of this.#table.entries()) {
      const { contact, bucket, link } = entry;
      const isSibling = this.#table.isSibling(entry);
      const virtual = link ? undefined : this.#virtualLinks.get(contact.id);
      const relays = virtual?.relays ?? [];
      const isVirtual = relays.length > 0;
      const rttMs = link ? link.rtt.mean : virtual?.rtt.mean;
      entries.push({ contact, bucket, isLinked: link !== undefined, isSibling, isVirtual, relays, rttMs });
    }
    return {
      isJoined: this.#joining.isJoined,
      entries,
      buckets: bucketFills(this.#table.buckets),
      records: this.#services.holdings.size,
      networkSize: estimateNetworkSize(this.#table),
    };
  }

  nextDeadline(): Deadline | undefined {
    return this.#hasLeft ? undefined : this.#core.timers.next();
  }

  handle(input: OverlayInput, now: Millis, out: OverlayOutput[]): void {
    if (this.#hasLeft) return;
    this.#core.now = Math.max(Math.floor(now), this.#core.now);
    this.#core.out = out;
    this.#start();
    this.#noticeStall();
    switch (input.kind) {
      case 'linkUp':
        return this.#onLinkUp(input.peer, input.network);
      case 'linkNetwork':
        return this.#policy.onNetwork(input.peer, input.network);
      case 'linkDown':
        return this.#onLinkDown(input.peer);
      case 'received':
        return this.#onReceived(input.from, input.bytes);
      case 'writable':
        return;
      case 'command':
        return this.#onCommand(input.command);
      case 'effectDone':
        return this.#services.holdings.verifier.onEffectDone(input.effect, input.isValid);
      case 'deadline':
        return this.#onDeadline();
      default:
        return assertNever(input);
    }
  }

  /** Every `TICK_MS`: whatever is slow or rare. */
  onTimer(): void {
    this.#core.timers.set(this, this.#core.now + TICK_MS, 'maintenance');
    this.#forwarder.sweep();
    for (const entry of this.#liveness.tick()) this.#onSilent(entry);
    for (const id of this.#virtualLinks.tick()) this.#lose(id);
    this.#services.callers.sweep(this.#core.now);
    this.#table.age(this.#core.now);
    this.#joining.tick();
    this.#merging.tick();
    this.#services.holdings.tick();
    this.#policy.tick();
  }

  onJoined(): void {
    this.#services.holdings.publisher.renew();
    this.#core.emit({ kind: 'joined' });
  }

  #start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#core.timers.set(this, this.#core.now + randomBelow(this.#core.rng, TICK_MS), 'maintenance');
  }

  #noticeStall(): void {
    const due = this.#core.timers.next();
    const late = due ? this.#core.now - due.at : 0;
    if (late <= STALL_TOLERANCE_MS || this.#core.now < this.#core.graceUntil) return;
    this.#liveness.forgive(late);
    this.#virtualLinks.forgive(late);
  }

  #onDeadline(): void {
    const { timers, now } = this.#core;
    for (let timed = timers.takeExpired(now); timed; timed = timers.takeExpired(now)) timed.onTimer();
  }

  #onLinkUp(peer: Contact, network?: string): void {
    if (peer.id === this.#core.self.id) return;
    const entry = this.#table.linkUp(peer, this.#core.now);
    this.#forwarder.targets.forget(peer.id);
    this.#pairs.delete(peer.id);
    this.#virtualLinks.delete(peer.id);
    this.#policy.keepWithinHardLimit();
    this.#policy.onNetwork(peer.id, network);
    if (!entry.link) return;
    this.#liveness.hello(entry);
    this.#liveness.ping(entry);
    this.#joining.onLinkUp(entry);
    this.#policy.onLinkUp(peer.id);
  }

  #onLinkDown(peer: NodeId): void {
    if (this.#table.link(peer)) this.#lose(peer);
  }

  /** The peer is gone: out of the table, out of what we hold, and what waited for it goes another way. */
  #lose(peer: NodeId, banMs = 0): void {
    this.#table.drop(peer, this.#core.now, banMs);
    this.#services.holdings.onPeerLost(peer);
    this.#virtualLinks.delete(peer);
    this.#forwarder.onLinkLost(peer);
    this.#policy.wake();
  }

  #onSilent(entry: Entry): void {
    const { id } = entry.contact;
    this.#lose(id);
    this.#core.out.push({ kind: 'closeLink', peer: id, why: 'silent' });
  }

  #onReceived(from: NodeId, bytes: Uint8Array): void {
    if (bytes.length < 2 || bytes[0] !== OVERLAY_FRAME) {
      this.#core.counters.unknown++;
      return;
    }
    this.#core.counters.received(bytes);
    const entry = this.#table.link(from) ?? this.#relink(from, bytes);
    if (!entry?.link) {
      this.#core.counters.dropped++;
      return;
    }
    entry.link.lastHeard = this.#core.now;
    entry.link.isSuspect = false;
    if (!this.#onFrame(entry, bytes)) this.#onMalformed(entry);
  }

  /** A peer that gave its link up, or whose link we gave up, uses it again. */
  #relink(from: NodeId, bytes: Uint8Array): Entry | undefined {
    const known = this.#table.get(from);
    if (!known || bytes[1] !== FRAME.contacts || ((bytes[2] ?? 0) & FLAG_HELLO) === 0) return undefined;
    this.#onLinkUp(known.contact);
    return this.#table.link(from);
  }

  /** False: malformed. */
  #onFrame(entry: Entry, bytes: Uint8Array): boolean {
    const from = entry.contact.id;
    switch (bytes[1]) {
      case FRAME.route:
        return this.#forwarder.onRoute(from, bytes);
      case FRAME.ack:
        return this.#forwarder.onAck(from, bytes);
      case FRAME.reply:
        return this.#forwarder.onReply(from, bytes);
      case FRAME.ping:
        return this.#liveness.onPing(entry, bytes);
      case FRAME.pong:
        return this.#liveness.onPong(entry, bytes);
      case FRAME.contacts:
        return this.#onContacts(entry, bytes);
      case FRAME.bye:
        return this.#onBye(entry, bytes);
      default:
        this.#core.counters.unknown++;
        return true;
    }
  }

  #onContacts(entry: Entry, bytes: Uint8Array): boolean {
    const isWellFormed = this.#liveness.onContacts(entry, bytes);
    this.#policy.tick();
    if (!isWellFormed || ((bytes[2] ?? 0) & FLAG_CROSS_CHECK) === 0) return isWellFormed;
    return this.#merging.onHint(entry, bytes);
  }

  #onBye(entry: Entry, bytes: Uint8Array): boolean {
    const reason = decodeBye(bytes);
    if (reason === undefined) return false;
    const { id } = entry.contact;
    if (reason === 'leaving') {
      this.#lose(id);
      this.#core.emit({ kind: 'bye', peer: id });
    } else {
      this.#policy.onPruned(entry);
      this.#forwarder.onLinkLost(id);
      this.#policy.wake();
    }
    return true;
  }

  #onMalformed(entry: Entry): void {
    this.#core.counters.malformed++;
    const { link, contact } = entry;
    if (!link || ++link.malformedCount < MAX_MALFORMED_FRAMES) return;
    this.#lose(contact.id, MALFORMED_BAN_MS);
    this.#core.out.push({ kind: 'closeLink', peer: contact.id, why: 'malformed' });
  }

  #onCommand(command: OverlayCommand): void {
    switch (command.kind) {
      case 'introduce':
        return this.#onIntroduce(command.contacts);
      case 'linkFailed':
        return this.#policy.onDialFailed(command.peer, command);
      case 'wallClock':
        this.#core.wallOffset = command.wallNow - this.#core.now;
        return;
      case 'cancel':
        return this.#services.operations.cancel(command.op);
      case 'leave':
        return this.#leave();
      default:
        if (this.#services.operations.admits(command.op)) this.#open(command);
    }
  }

  #open(
    command: Extract<
      OverlayCommand,
      { kind: 'lookup' | 'put' | 'get' | 'publish' | 'unpublish' | 'findProviders' | 'route' }
    >,
  ): void {
    switch (command.kind) {
      case 'lookup':
        new LookupCommand(this.#services, command);
        return;
      case 'put':
        new PutCommand(this.#services, command);
        return;
      case 'get':
      case 'findProviders':
        new FetchCommand(this.#services, command);
        return;
      case 'publish':
      case 'unpublish':
        new PublishCommand(this.#services, command);
        return;
      case 'route':
        return this.#openRoute(command);
      default:
        assertNever(command);
    }
  }

  #openRoute(command: Extract<OverlayCommand, { kind: 'route' }>): void {
    const { op, target, protocol, payload } = command;
    const { operations } = this.#services;
    const problem = routeProblem(payload);
    if (problem) operations.finishNow(op, problem);
    else if (target !== this.#core.self.id) new RouteCommand(this.#services, command);
    else {
      this.#core.emit({ kind: 'message', from: this.#core.self, protocol, payload });
      operations.finishNow(op, { kind: 'route', hops: 0, elapsedMs: 0 });
    }
  }

  #onIntroduce(contacts: readonly Contact[]): void {
    for (const contact of contacts) {
      if (this.#table.linked.length === 0) this.#table.forgive(contact.id);
      const entry = this.#table.learn(contact, this.#core.now, this.#core.now, undefined);
      if (entry && this.#table.linked.length === 0) entry.retryAt = 0;
    }
    this.#policy.wake();
  }

  #leave(): void {
    const { holdings, operations } = this.#services;
    operations.cancelAll();
    this.#joining.stop();
    this.#merging.stop();
    holdings.leave();
    for (const { contact } of this.#table.linked) this.#core.send(contact.id, encodeBye('leaving'));
    this.#hasLeft = true;
  }
}
