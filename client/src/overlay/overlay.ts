import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import { DEFAULT_LINK_HARD, DEFAULT_LINK_TARGET } from '../../../shared/src/limits/overlay-links.ts';
import { STALL_TOLERANCE_MS, TICK_MS } from '../../../shared/src/limits/overlay.ts';
import { type Deadline, type Machine, type Millis, type Rng, randomBelow } from '../../../shared/src/machine.ts';
import { assertNever } from '../../../shared/src/result.ts';
import { AnswerTimes } from './answer-times.ts';
import { bucketFills } from './bucket-fills.ts';
import { BrokenPairs } from './broken-pairs.ts';
import { Callers } from './callers.ts';
import { ContactCache } from './contact-cache.ts';
import { Core, type Timed } from './core.ts';
import type { Counters } from './counters.ts';
import { Forwarder } from './forwarder.ts';
import { type JoinListener, Joining } from './joining.ts';
import { FrameReceiver } from './frame-receiver.ts';
import { HeldAnswers } from './held-answers.ts';
import { encodeBye } from './link-frames.ts';
import { LinkPolicy, siblingCountFor } from './link-policy.ts';
import { Liveness } from './liveness.ts';
import { Lookahead } from './lookahead.ts';
import { Merging } from './merging.ts';
import { estimateNetworkSize } from './network-size.ts';
import { Operations } from './operation.ts';
import { Holdings } from './holdings.ts';
import { openOperation } from './open-operation.ts';
import type { Services } from './overlay-commands.ts';
import { PeerLinks } from './peer-links.ts';
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
  readonly #lookahead: Lookahead;
  readonly #merging: Merging;
  readonly #virtualLinks: VirtualLinks;
  readonly #services: Services;
  readonly #links: PeerLinks;
  readonly #receiver: FrameReceiver;
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
    this.#virtualLinks = virtualLinks;
    this.#liveness = new Liveness(core, table, this.#policy);
    this.#joining = new Joining(routing, this);
    this.#lookahead = new Lookahead(core, table);
    this.#merging = new Merging(routing);
    const heldAnswers = new HeldAnswers(core, forwarder);
    this.#services = { routing, operations, holdings, callers, heldAnswers };
    const upkeep = { routing, policy: this.#policy, liveness: this.#liveness };
    this.#links = new PeerLinks({ ...upkeep, holdings, pairs, virtualLinks, joining: this.#joining });
    this.#receiver = new FrameReceiver({ ...upkeep, links: this.#links, merging: this.#merging });
    forwarder.attach(new Responder(routing, { holdings, callers, virtualLinks, heldAnswers }), virtualLinks);
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

  /** True when an offer of `peer` is to be answered. `isSpare`: it can do without the link. `over`: as its message said. */
  admits(peer: Contact, isSpare: boolean, now: Millis, over?: NodeId): boolean {
    return !this.#hasLeft && this.#policy.admits(peer, isSpare, Math.max(Math.floor(now), this.#core.now), over);
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
        return this.#links.onLinkUp(input.peer, input.isOutbound, input.network);
      case 'linkNetwork':
        return this.#policy.onNetwork(input.peer, input.network);
      case 'linkDown':
        return this.#links.onLinkDown(input.peer);
      case 'received':
        return this.#receiver.onReceived(input.from, input.bytes);
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
    for (const entry of this.#liveness.tick()) this.#links.giveUp(entry, 'silent');
    for (const id of this.#virtualLinks.tick()) this.#links.lose(id);
    this.#services.callers.sweep(this.#core.now);
    this.#services.heldAnswers.sweep(this.#core.now);
    this.#table.age(this.#core.now);
    this.#joining.tick();
    this.#merging.tick();
    this.#lookahead.tick();
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

  #onCommand(command: OverlayCommand): void {
    switch (command.kind) {
      case 'introduce':
        return this.#onIntroduce(command.contacts);
      case 'linkFailed':
        return this.#policy.onDialFailed(command.peer, command);
      case 'wallClock':
        this.#core.wallOffset = command.wallNow - this.#core.now;
        return;
      case 'slept':
        this.#services.holdings.publisher.onSlept(command.forMs);
        return this.#liveness.doubt();
      case 'cancel':
        return this.#services.operations.cancel(command.op);
      case 'leave':
        return this.#leave();
      default:
        if (this.#services.operations.admits(command.op)) openOperation(this.#services, command);
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
