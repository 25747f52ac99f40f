import { binaryText } from '../../../../shared/src/bytes.ts';
import { BoundedMap } from '../../../../shared/src/bounded-map.ts';
import { ID_BYTES, type NodeId } from '../../../../shared/src/ids.ts';
import {
  MAX_RESTING_STRANGERS,
  MAX_STRANGERS,
  STRANGER_CONNECT_MS,
  STRANGER_REST_MS,
} from '../../../../shared/src/limits/trackers.ts';
import { type Millis, type Rng, randomBytes } from '../../../../shared/src/machine.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StrangerConnection, StrangerIce, StrangerNetwork } from '../../ports/strangers.ts';
import { type StrangerId, peerIdOf, strangerOf } from '../../swarm/peer-key.ts';
import type { MadeOffer } from '../../swarm/tracker/message.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { isAliasOf, visitorOf } from './alias.ts';
import type { PlaceUse, StrangerPool } from './stranger-pool.ts';

/** What connections to strangers need of the torrent and the node around it. */
export interface ContactsOwner {
  readonly self: NodeId;
  readonly infoHash: InfoHash;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly channels: StrangerChannels;
  /** What the torrent goes by. */
  swarms(): readonly InfoHash[];
  ice(): Promise<StrangerIce>;
  /** One more peer may have a channel. */
  hasRoom(): boolean;
  /** Nodes that have a channel. */
  nodes(): Iterable<NodeId>;
}

/** How a stranger knows this peer. */
export interface Introduction {
  /** By which peer id. */
  readonly alias: Uint8Array;
  /** And by which hash the torrent: a hybrid one has two. */
  readonly swarm: InfoHash;
}

/** Whose a held channel is. */
export interface StrangerEnd extends Introduction {
  readonly serial: number;
  readonly infoHash: InfoHash;
  readonly peer: StrangerId;
  readonly isOutbound: boolean;
}

/** Channels of strangers in the worker, each under a serial. */
export interface StrangerChannels {
  /** Gives a new channel to the worker before its peer is known, in the task that made it. */
  hold(channel: RTCDataChannel): number;
  /** The peer at the other end of the held channel. */
  attachHeld(end: StrangerEnd): void;
  dropHeld(serial: number): void;
  /** Closes the channel of a peer; that it is closed is reported. */
  dropPeer(infoHash: InfoHash, peer: StrangerId): void;
}

/** A connection to a stranger, which is not known while an offer waits for its answer. */
interface Contact {
  readonly connection: StrangerConnection;
  readonly release: () => void;
  /** The offer was ours. */
  readonly isOutbound: boolean;
  /** Of the channel in the worker; undefined before there is one. */
  serial: number | undefined;
  peer: StrangerId | undefined;
  introduction: Introduction | undefined;
  /** Undefined while it is on its way. */
  connectedAt: Millis | undefined;
  /** The worker knows whose channel it is, and reports its end. */
  isAttached: boolean;
  cancelTimer: () => void;
}

/** Attempts to reach one stranger at once: its offer and ours may cross. */
const MAX_ATTEMPTS = 2;

/** How long the browser may take for a description. [ms] More than `Gathering` waits for where there is a candidate. */
const DESCRIPTION_PATIENCE_MS = 8_000;

/**
 * The connections of one torrent to strangers, from the offer to the end. What comes of them are channels, which the worker
 * gets like any other peer's.
 */
export class StrangerContacts {
  readonly #owner: ContactsOwner;
  readonly #network: StrangerNetwork;
  readonly #pool: StrangerPool;
  /** Strangers that are connected, as `visitorOf` has them. BOUNDED: by MAX_STRANGERS, together with those on their way. */
  readonly #contacts = new Map<string, Contact>();
  /** Those on their way. */
  readonly #trying = new Set<Contact>();
  /** Offers that wait, by their ids. BOUNDED: by MAX_PENDING_OFFERS of each tracker. */
  readonly #offers = new Map<string, Contact>();
  /** Until when a stranger, as `visitorOf` has it, is not connected again. */
  readonly #resting = new BoundedMap<string, Millis>(MAX_RESTING_STRANGERS);
  #isOpen = false;

  constructor(owner: ContactsOwner, network: StrangerNetwork, pool: StrangerPool) {
    this.#owner = owner;
    this.#network = network;
    this.#pool = pool;
  }

  /** Strangers that have a channel, or will have one. */
  get count(): number {
    return this.#contacts.size + this.#trying.size;
  }

  /** Strangers may come from now on. */
  open(): void {
    this.#isOpen = true;
  }

  /** Lets all go, and takes none in. Offers that wait are for their trackers to take back. */
  close(): void {
    this.#isOpen = false;
    this.dropAll();
  }

  /** Lets all go that are known. */
  dropAll(): void {
    for (const contact of this.#all()) this.#drop(contact);
  }

  /** A description for whoever will answer it; undefined when there is no place for one more. */
  async offer(use: PlaceUse): Promise<MadeOffer | undefined> {
    const id = randomBytes(this.#owner.rng, ID_BYTES);
    const contact = this.#connect(use, true, await this.#owner.ice());
    if (!contact) return undefined;
    this.#offers.set(binaryText(id), contact);
    try {
      return { id, sdp: await inTime(this.#owner.clock, contact.connection.offer()) };
    } catch {
      this.withdraw(id);
      return undefined;
    }
  }

  /** The answer to the offer of a stranger; undefined when there is none. */
  async answer(peerId: Uint8Array, sdp: string, introduction: Introduction): Promise<string | undefined> {
    const ice = await this.#owner.ice();
    const contact = this.#mayConnect(peerId) ? this.#connect('answer', false, ice) : undefined;
    if (!contact) return undefined;
    this.#know(contact, strangerOf(peerId), introduction);
    try {
      return await inTime(this.#owner.clock, contact.connection.answer(sdp));
    } catch {
      this.#drop(contact);
      return undefined;
    }
  }

  /** A stranger answered an offer. */
  accept(offer: Uint8Array, peerId: Uint8Array, sdp: string, introduction: Introduction): void {
    const contact = this.#offers.get(binaryText(offer));
    if (!contact || !this.#mayConnect(peerId)) return this.withdraw(offer);
    this.#offers.delete(binaryText(offer));
    this.#know(contact, strangerOf(peerId), introduction);
    contact.connection.accept(sdp);
  }

  /** Nobody will answer the offer. */
  withdraw(offer: Uint8Array): void {
    const contact = this.#offers.get(binaryText(offer));
    this.#offers.delete(binaryText(offer));
    if (contact) this.#drop(contact);
  }

  /** The worker says that the channel of a stranger is over. */
  channelOver(peer: StrangerId, serial: number, why: string): void {
    const contact = this.#contacts.get(visitorOf(peer));
    if (contact?.serial !== serial) return;
    [contact.isAttached, contact.serial] = [false, undefined];
    this.#drop(contact);
    if (why === 'banned' || why === 'malformed' || why === 'useless')
      this.#resting.set(visitorOf(peer), this.#owner.clock.now() + STRANGER_REST_MS);
  }

  /** A node has a channel now: if it is connected as a stranger, too, that connection is one too many. */
  nodeIsHere(node: NodeId): void {
    for (const contact of this.#all()) {
      const { peer } = contact;
      if (peer && this.#isAliasOf(peerIdOf(peer), node)) this.#drop(contact);
    }
  }

  /** Since when the stranger is connected; undefined when it is not. */
  connectedAt(peer: StrangerId): Millis | undefined {
    return this.#contacts.get(visitorOf(peer))?.connectedAt;
  }

  #all(): Contact[] {
    return [...this.#contacts.values(), ...this.#trying];
  }

  #mayConnect(peerId: Uint8Array): boolean {
    const { self, clock } = this.#owner;
    const visitor = visitorOf(strangerOf(peerId));
    if (!this.#isOpen || this.#contacts.has(visitor) || this.count >= MAX_STRANGERS) return false;
    const attempts = [...this.#trying].filter(({ peer }) => peer !== undefined && visitorOf(peer) === visitor);
    if (attempts.length >= MAX_ATTEMPTS) return false;
    if ((this.#resting.get(visitor) ?? 0) > clock.now() || !this.#owner.hasRoom()) return false;
    for (const node of [self, ...this.#owner.nodes()]) if (this.#isAliasOf(peerId, node)) return false;
    return true;
  }

  #isAliasOf(peerId: Uint8Array, node: NodeId): boolean {
    return this.#owner.swarms().some((swarm) => isAliasOf(peerId, node, swarm));
  }

  #connect(use: PlaceUse, isOutbound: boolean, ice: StrangerIce): Contact | undefined {
    const release = this.#pool.take(use);
    if (!release) return undefined;
    try {
      const contact: Contact = {
        connection: this.#network.connect(ice, {
          channel: (channel) => {
            contact.serial = this.#owner.channels.hold(channel);
            this.#attach(contact);
          },
          connected: () => this.#onConnected(contact),
          closed: () => this.#drop(contact),
        }),
        release,
        isOutbound,
        serial: undefined,
        peer: undefined,
        introduction: undefined,
        connectedAt: undefined,
        isAttached: false,
        cancelTimer: () => undefined,
      };
      return contact;
    } catch {
      release();
      return undefined;
    }
  }

  /** The stranger at the other end is known. It has its time to get there, and to make the channel if that is its part. */
  #know(contact: Contact, peer: StrangerId, introduction: Introduction): void {
    const { clock } = this.#owner;
    [contact.peer, contact.introduction] = [peer, introduction];
    contact.cancelTimer = clock.setTimer(clock.now() + STRANGER_CONNECT_MS, () => this.#drop(contact));
    this.#trying.add(contact);
  }

  /** Where offers crossed, the connection stays that the lower peer id offered: both sides choose the same one. */
  #onConnected(contact: Contact): void {
    const { peer, introduction } = contact;
    if (peer === undefined || introduction === undefined || !this.#trying.has(contact)) return;
    const visitor = visitorOf(peer);
    const other = this.#contacts.get(visitor);
    const isLower = visitorOf(strangerOf(introduction.alias)) < visitor;
    if (other && other.isOutbound === isLower) return this.#drop(contact);
    if (other) this.#drop(other);
    contact.connectedAt = this.#owner.clock.now();
    this.#trying.delete(contact);
    this.#contacts.set(visitor, contact);
    this.#attach(contact);
  }

  /** Once its channel is there, too. */
  #attach(contact: Contact): void {
    const { peer, introduction, serial, isOutbound, isAttached, connectedAt } = contact;
    if (peer === undefined || introduction === undefined || serial === undefined) return;
    if (connectedAt === undefined || isAttached) return;
    contact.isAttached = true;
    contact.cancelTimer();
    const { channels, infoHash } = this.#owner;
    channels.attachHeld({ serial, infoHash, peer, isOutbound, ...introduction });
  }

  #drop(contact: Contact): void {
    contact.cancelTimer();
    contact.connection.close();
    contact.release();
    const { peer, serial, isAttached } = contact;
    const { channels, infoHash } = this.#owner;
    this.#trying.delete(contact);
    if (peer !== undefined && this.#contacts.get(visitorOf(peer)) === contact) this.#contacts.delete(visitorOf(peer));
    if (peer !== undefined && isAttached) channels.dropPeer(infoHash, peer);
    else if (serial !== undefined) channels.dropHeld(serial);
    [contact.isAttached, contact.serial] = [false, undefined];
  }
}

/** What `work` gives, unless it takes too long. */
function inTime<T>(clock: Clock, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(clock.now() + DESCRIPTION_PATIENCE_MS, () => reject(new Error('it took too long')));
    work.then(resolve, reject).finally(cancel);
  });
}
