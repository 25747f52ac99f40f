import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import { type Contact, type NodeId, shortId } from '../../../shared/src/ids.ts';
import {
  type LedgerLimits,
  MAX_LETTERS_IN_WORK,
  OVERLAY_FRAME,
  SWARM_FRAME,
} from '../../../shared/src/limits/links.ts';
import type { Rng } from '../../../shared/src/machine.ts';
import type { LookupTrace, NodeStatus } from '../api.ts';
import type { DeliveryId, Protocol } from '../overlay/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { RawConnector } from '../ports/links.ts';
import type { Log } from '../ports/log.ts';
import type { ServerState, Signaling } from '../ports/signaling.ts';
import type { Tabs } from '../ports/tabs.ts';
import { ControlQueue } from './control-queue.ts';
import { drained } from './drain.ts';
import { Gate } from './gate.ts';
import type { IceConfig } from './ice-config.ts';
import { createLinkManager } from './links/manager.ts';
import type { Link, LinkErrorCode, LinkManager } from './links/types.ts';
import { createMail, type Mail } from './mail.ts';
import { NetworkClock } from './network-clock.ts';
import { OverlayService } from './overlay-service.ts';
import { PostOffice } from './post-office.ts';
import { Records } from './records.ts';
import { SleepWatch } from './sleep-watch.ts';

/** How often a node without any link asks the server for other introductions. [ms] */
const LONELY_RETRY_MS = 3_000;

/** Names of peers that are remembered after their links closed. [names] */
const MAX_REMEMBERED_NAMES = 512;

/** How often round-trip times, table sizes, ICE servers and the clocks are looked at afresh. [ms] */
const REFRESH_PERIOD_MS = 1_000;

/** What the network needs from its surroundings. */
export interface NetworkParts {
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly connector: RawConnector;
  readonly ice: IceConfig;
  /** Undefined: the node joins without a server. */
  readonly signaling: Signaling | undefined;
  /** Undefined where tabs cannot hear each other. */
  readonly tabs: Tabs | undefined;
  readonly relayOnly: boolean;
  readonly ledger: LedgerLimits;
  readonly name: () => string;
}

/** What the network tells the node above it. */
export interface NetworkHandler {
  joined(): void;
  /** The server is there, for the first time or again. */
  serverJoined(): void;
  linkUp(link: Link): void;
  linkDown(link: Link): void;
  /** A swarm frame on a link's control channel. */
  swarmFrame(link: Link, bytes: Uint8Array): void;
  /** A call message that was sealed to us; `from` is proven by its signature. */
  callLetter(from: Contact, payload: Uint8Array): void;
  /** An application message that was sealed to us. */
  appLetter(from: Contact, payload: Uint8Array): void;
  /** Something that the status shows may have changed. */
  changed(): void;
  /** A lookup or read of ours went on. */
  lookup(trace: LookupTrace): void;
}

/** Connectivity: links, overlay, letters and the server, and the routes between them. */
export class Network {
  readonly overlay: OverlayService;
  readonly post: PostOffice;
  readonly records: Records;
  readonly links: LinkManager;
  /** Control frames of the overlay and the swarm share one queue a link. */
  readonly control: ControlQueue;
  readonly #parts: NetworkParts;
  readonly #handler: NetworkHandler;
  readonly #mail: Mail;
  readonly #clock: NetworkClock;
  readonly #sleep: SleepWatch;
  readonly #names = new BoundedMap<NodeId, string>(MAX_REMEMBERED_NAMES);
  readonly #joinedGate = new Gate();
  readonly #serverGate = new Gate();
  #server: ServerState = 'connecting';
  #serverDetail: string | undefined;
  #isJoined = false;
  #linkProblem: NodeStatus['linkProblem'];
  #cancelRefresh: (() => void) | undefined;
  #cancelLonely: (() => void) | undefined;

  constructor(parts: NetworkParts, handler: NetworkHandler) {
    this.#parts = parts;
    this.#handler = handler;
    this.#clock = new NetworkClock(parts.clock, () => this.overlay.tellWallClock());
    this.#mail = createMail(parts.crypto, this.#clock, MAX_LETTERS_IN_WORK);
    this.control = new ControlQueue(() => this.links.links);
    this.overlay = new OverlayService({
      crypto: parts.crypto,
      rng: parts.rng,
      clock: this.#clock,
      links: () => this.links,
      control: this.control,
      linkTarget: parts.ledger.overlayTarget,
      linkHard: parts.ledger.overlayHard,
      handler: {
        message: (...letter) => this.#onLetter(...letter),
        joined: () => this.#onJoined(),
        lookup: (trace) => handler.lookup(trace),
      },
    });
    this.post = new PostOffice({
      mail: this.#mail,
      clock: parts.clock,
      overlay: () => this.overlay,
      signaling: () => (this.#server === 'connected' ? parts.signaling : undefined),
      tabs: parts.tabs,
      isServerFirst: () => !this.#isJoined && this.#server === 'connected',
    });
    this.links = this.#createLinks();
    this.#sleep = new SleepWatch(parts.clock);
    this.records = new Records(parts.crypto, this.#clock, this.overlay);
  }

  start(): void {
    if (!this.#parts.signaling) this.#onServerState('lost', undefined);
    this.#parts.signaling?.start({
      state: (state, detail) => this.#onServerState(state, detail),
      joined: (introductions, clockAheadMs) => {
        if (clockAheadMs !== undefined) this.#clock.heard('server', clockAheadMs);
        // Without the server, or a network, offers reached nobody: that says nothing of whom it names.
        this.links.forgive();
        this.#introduce(introductions);
        this.#handler.serverJoined();
      },
      signal: (from, bytes) => {
        this.post.noteWay(from, 'server');
        this.#onTaggedLetter(bytes);
      },
    });
    this.#parts.tabs?.start({
      met: (contact) => this.#introduce([contact]),
      letter: (bytes) => this.#onTaggedLetter(bytes),
    });
    this.#refresh();
    this.#watchLoneliness();
  }

  /** Tells linked peers that this one is going, without waiting: also for a page that is being closed. */
  sayBye(): void {
    this.control.flush(() => this.overlay.leave());
  }

  /** Resolves when what was sent last is on its way, so that the links may be closed; after two seconds in any case. */
  whenSaid(): Promise<void> {
    return drained(() => this.links.links.values(), this.#parts.clock);
  }

  stop(): void {
    this.#cancelRefresh?.();
    this.#cancelLonely?.();
    this.overlay.stop();
    this.links.stop();
    this.#parts.signaling?.close();
    this.#parts.tabs?.close();
    this.#isJoined = false;
    this.#server = 'lost';
    this.#joinedGate.open();
    this.#serverGate.open();
  }

  /** Resolves with the first join, or when the network is stopped. */
  whenJoined(): Promise<void> {
    return this.#joinedGate.opened;
  }

  /** Resolves when the server answered for the first time, or could not be reached. */
  whenServerKnown(): Promise<void> {
    return this.#serverGate.opened;
  }

  nameOf(id: NodeId): string | undefined {
    return this.#names.get(id);
  }

  /** The network's share of the node's status. */
  status(): Omit<NodeStatus, 'secure' | 'storage'> {
    const links = [...this.links.links.values()];
    const { entries, networkSize } = this.overlay.snapshot();
    return {
      server: this.#server,
      ...(this.#serverDetail !== undefined && { serverDetail: this.#serverDetail }),
      joined: this.#isJoined,
      links: links.length,
      relayed: links.filter((link) => link.path === 'turn').length,
      known: entries.length,
      networkSize,
      ...(this.#linkProblem && { linkProblem: this.#linkProblem }),
    };
  }

  #createLinks(): LinkManager {
    return createLinkManager({
      crypto: this.#parts.crypto,
      mail: createMail(this.#parts.crypto, this.#clock),
      connector: this.#parts.connector,
      clock: this.#parts.clock,
      log: this.#parts.log,
      carrier: (to, sealed, withinMs, inAnswerTo) => this.post.carry(to, 'signal', sealed, withinMs, inAnswerTo),
      admits: (from, isSpare, over) => this.overlay.admits(from, isSpare, over),
      name: this.#parts.name,
      iceServers: this.#parts.ice.current(),
      relayOnly: this.#parts.relayOnly,
      ledger: this.#parts.ledger,
      handler: {
        up: (link) => this.#onLinkUp(link),
        changed: (link) => {
          this.overlay.linkChanged(link);
          this.#handler.changed();
        },
        down: (link, reason) => this.#onLinkDown(link, reason),
        message: (link, bytes) => this.#onControl(link, bytes),
        writable: (link) => {
          if (this.control.drain(link.peer.id)) this.overlay.writable(link.peer.id);
        },
        failed: (peer, code, detail) => this.#onLinkFailed(peer, code, detail),
      },
    });
  }

  #introduce(contacts: readonly Contact[]): void {
    for (const contact of contacts) this.post.remember(contact);
    this.overlay.introduce(contacts);
  }

  #onServerState(state: ServerState, detail: string | undefined): void {
    this.#server = state;
    this.#serverDetail = detail;
    if (state !== 'connecting') this.#serverGate.open();
    this.#handler.changed();
  }

  #onTaggedLetter(bytes: Uint8Array): void {
    const letter = this.post.openTagged(bytes);
    if (!letter) this.#parts.log.log('debug', 'letter of unknown kind', { tag: bytes[0] });
    else if (letter.protocol === 'signal') this.links.receiveSignal(letter.sealed);
    else void this.#openMail(letter.sealed);
  }

  #onLetter(
    from: Contact,
    protocol: Protocol,
    payload: Uint8Array,
    delivery: DeliveryId | undefined,
    over: NodeId | undefined,
  ): void {
    this.post.remember(from);
    this.post.noteWay(from.id, 'overlay');
    if (protocol === 'signal') this.links.receiveSignal(payload, delivery, over);
    else void this.#openMail(payload);
  }

  async #openMail(sealed: Uint8Array): Promise<void> {
    const opened = await this.#mail.open(sealed);
    if (!opened.ok) {
      this.#parts.log.log('debug', 'letter refused', { code: opened.error });
      return;
    }
    const { from, kind, payload } = opened.value;
    this.post.remember(from);
    if (kind === 'call') this.#handler.callLetter(from, payload);
    else if (kind === 'app') this.#handler.appLetter(from, payload);
  }

  #onJoined(): void {
    this.#isJoined = true;
    this.#joinedGate.open();
    this.#handler.changed();
    this.#handler.joined();
  }

  #onLinkUp(link: Link): void {
    this.#names.set(link.peer.id, link.name);
    this.#clock.heard(link.peer.id, link.clockAheadMs);
    this.#linkProblem = undefined;
    this.post.remember(link.peer);
    this.overlay.linkUp(link);
    this.#handler.linkUp(link);
    this.#handler.changed();
  }

  #onLinkDown(link: Link, reason: LinkErrorCode): void {
    this.#parts.log.log('debug', 'link down', { peer: shortId(link.peer.id), reason });
    this.#clock.forget(link.peer.id);
    this.control.forget(link.peer.id);
    this.overlay.linkDown(link.peer.id);
    this.#handler.linkDown(link);
    this.#handler.changed();
  }

  #onLinkFailed(peer: NodeId, code: LinkErrorCode, detail: string): void {
    this.#parts.log.log('info', 'link failed', { peer: shortId(peer), code });
    // That somebody has links enough is no problem of ours.
    if (code !== 'not-needed') this.#linkProblem = { peer, code, message: detail };
    this.#handler.changed();
  }

  #onControl(link: Link, bytes: Uint8Array): void {
    if (bytes[0] === OVERLAY_FRAME) this.overlay.receive(link.peer.id, bytes);
    else if (bytes[0] === SWARM_FRAME) this.#handler.swarmFrame(link, bytes);
    else this.#parts.log.log('debug', 'unknown frame', { peer: shortId(link.peer.id), first: bytes[0] });
  }

  #refresh(): void {
    this.links.setIceServers(this.#parts.ice.current());
    const sleptMs = this.#sleep.look();
    if (sleptMs > 0) this.overlay.slept(sleptMs);
    this.#handler.changed();
    this.#cancelRefresh = this.#parts.clock.setTimer(this.#parts.clock.now() + REFRESH_PERIOD_MS, () =>
      this.#refresh(),
    );
  }

  /** Introductions may have named only peers that are gone: a node without links keeps asking for others. */
  #watchLoneliness(): void {
    this.#cancelLonely = this.#parts.clock.setTimer(this.#parts.clock.now() + LONELY_RETRY_MS, () => {
      if (this.links.links.size === 0 && this.#server === 'connected') {
        void this.#parts.signaling?.introductions().then((contacts) => this.#introduce(contacts));
      }
      this.#watchLoneliness();
    });
  }
}
