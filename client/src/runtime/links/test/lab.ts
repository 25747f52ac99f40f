import type { Contact, NodeId } from '../../../../../shared/src/ids.ts';
import { DESKTOP_LEDGER, type LedgerLimits } from '../../../../../shared/src/limits/links.ts';
import { randomBytes, seededRng } from '../../../../../shared/src/machine.ts';
import { silentLog } from '../../../adapters/browser/log.ts';
import { ManualClock } from '../../../adapters/memory/manual-clock.ts';
import { type MemoryConnection, MemoryNetwork } from '../../../adapters/memory/memory-connector.ts';
import { PortableCrypto } from '../../../adapters/portable/portable-crypto.ts';
import type { RawConnector } from '../../../ports/links.ts';
import { type Mail, createMail } from '../../mail.ts';
import { createLinkManager } from '../manager.ts';
import type { Link, LinkError, LinkManager } from '../types.ts';

/** How a peer is made. */
export interface PeerOptions {
  readonly name?: string;
  readonly ledger?: Partial<LedgerLimits>;
  readonly iceServers?: readonly RTCIceServer[];
  readonly relayOnly?: boolean;
  readonly connector?: RawConnector;
  readonly admits?: (from: Contact, isSpare: boolean) => boolean;
  /** Over whose link its signals come. */
  readonly over?: NodeId;
}

/** A peer whose signals take 20 ms, with everything that its node was told. */
export class Peer {
  readonly crypto: PortableCrypto;
  readonly name: string;
  readonly made: MemoryConnection[];
  readonly mail: Mail;
  readonly events: string[] = [];
  /** What each letter that it sent was in answer to. */
  readonly inAnswerTo: (string | undefined)[] = [];
  readonly links: LinkManager;
  /** Changes or drops (false) what is about to be carried to a peer. */
  carry: (to: Contact, sealed: Uint8Array) => boolean = () => true;
  /** True when its carrier takes what it drops for delivered. A promise: it takes its time to say so. */
  isCarrierSure: boolean | Promise<boolean> = false;
  onMessage: (link: Link, text: string) => void = () => undefined;
  readonly #lab: LinkLab;
  readonly #over: NodeId | undefined;

  constructor(
    lab: LinkLab,
    crypto: PortableCrypto,
    { name = 'peer', ledger, iceServers = [], relayOnly = false, connector, admits, over }: PeerOptions,
  ) {
    const { clock, network, peers } = lab;
    this.#lab = lab;
    this.#over = over;
    this.crypto = crypto;
    this.name = name;
    const own = network.connector();
    this.made = own.made;
    this.mail = createMail(this.crypto, clock);
    this.links = createLinkManager({
      crypto: this.crypto,
      mail: this.mail,
      connector: connector ?? own,
      clock,
      log: silentLog,
      carrier: (to, sealed, _timeoutMs, inAnswerTo) => this.#carry(to, sealed, inAnswerTo),
      handler: {
        up: (link) => this.events.push(`up ${peers.get(link.peer.id)?.name} ${link.path}`),
        down: (link, reason) => this.events.push(`down ${peers.get(link.peer.id)?.name} ${reason}`),
        message: (link, bytes) => this.#hear(link, String.fromCharCode(...bytes)),
        writable: () => this.events.push('writable'),
        failed: (peer, code, detail) => this.events.push(`failed ${peers.get(peer)?.name} ${code}: ${detail}`),
        changed: (link) => this.events.push(`path ${link.path}`),
      },
      ...(admits && { admits }),
      name: () => this.name,
      ledger: { ...DESKTOP_LEDGER, ...ledger },
      iceServers,
      relayOnly,
    });
    peers.set(this.id, this);
  }

  get id(): NodeId {
    return this.crypto.self.id;
  }

  get contact(): Contact {
    return this.crypto.self;
  }

  open(to: Peer, purpose: 'overlay' | 'swarm' = 'overlay'): Promise<Link | LinkError> {
    return this.links.open(to.contact, purpose).catch((error: LinkError) => error);
  }

  linkTo(peer: Peer): Link | undefined {
    return this.links.links.get(peer.id);
  }

  counter(what: string): number {
    return this.links.counters.get(what) ?? 0;
  }

  #hear(link: Link, text: string): void {
    this.events.push(`heard ${text}`);
    this.onMessage(link, text);
  }

  #carry(to: Contact, sealed: Uint8Array, inAnswerTo: string | undefined): Promise<boolean> {
    const delivery = `letter ${this.inAnswerTo.push(inAnswerTo)} of ${this.name}`;
    if (!this.carry(to, sealed)) return Promise.resolve(this.isCarrierSure);
    const { clock, peers } = this.#lab;
    return new Promise((resolve) => {
      clock.setTimer(clock.now() + 20, () => {
        const target = peers.get(to.id);
        target?.links.receiveSignal(sealed, delivery, this.#over);
        resolve(target !== undefined);
      });
    });
  }
}

/** Peers with link managers on a network in memory, which a clock moves that the test turns. */
export class LinkLab {
  readonly rng = seededRng(20);
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork(this.clock, this.rng);
  readonly peers = new Map<NodeId, Peer>();

  peer(options: PeerOptions = {}, crypto = this.#makeCrypto()): Peer {
    return new Peer(this, crypto, options);
  }

  /** Two peers, the one with the lower id first. */
  pairByOrder(options: PeerOptions = {}): [Peer, Peer] {
    const [one, two] = [this.#makeCrypto(), this.#makeCrypto()].sort((a, b) => (a.self.id < b.self.id ? -1 : 1));
    return [this.peer({ ...options, name: 'lower' }, one), this.peer({ ...options, name: 'higher' }, two)];
  }

  /** Two peers that have a link, and have told of nothing since. */
  async linked(options: PeerOptions = {}): Promise<[Peer, Peer]> {
    const [a, b] = this.pairByOrder(options);
    void a.open(b);
    await this.clock.advance(500);
    if (!a.linkTo(b) || !b.linkTo(a)) throw new Error('the two are not linked');
    a.events.length = 0;
    b.events.length = 0;
    return [a, b];
  }

  #makeCrypto(): PortableCrypto {
    return new PortableCrypto({ seed: randomBytes(this.rng, 32) }, (n) => randomBytes(this.rng, n));
  }
}
