import { toHex } from '../../../../shared/src/bytes.ts';
import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import type { DeliveryId } from '../../overlay/types.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Crypto } from '../../ports/crypto.ts';
import type { RawConnector } from '../../ports/links.ts';
import type { Ledger } from './ledger.ts';
import { Session, type SessionOwner } from './session.ts';
import { ATTEMPT_ID_BYTES } from './signal-codec.ts';
import type { SignalOf } from './signal-mail.ts';
import type { Wishes } from './wishes.ts';

/** What sessions are made with. */
export interface AttemptParts {
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly connector: RawConnector;
  /** Our display name at the moment. */
  readonly name: () => string;
  readonly iceServers: readonly RTCIceServer[];
  readonly relayOnly: boolean;
}

/** Sessions on their way up, ours and those that answer an offer: at most one a peer, as many as the ledger gives room. */
export class Attempts {
  readonly #parts: AttemptParts;
  readonly #owner: SessionOwner;
  readonly #ledger: Ledger;
  readonly #wishes: Wishes;
  /** BOUNDED: by the ledger. */
  readonly #pending = new Map<NodeId, Session>();
  #iceServers: readonly RTCIceServer[];
  #isStopped = false;

  /** `owner` hears what becomes of the sessions. */
  constructor(parts: AttemptParts, owner: SessionOwner, ledger: Ledger, wishes: Wishes) {
    this.#parts = parts;
    this.#owner = owner;
    this.#ledger = ledger;
    this.#wishes = wishes;
    this.#iceServers = parts.iceServers;
  }

  get peers(): Iterable<NodeId> {
    return this.#pending.keys();
  }

  get(peer: NodeId): Session | undefined {
    return this.#pending.get(peer);
  }

  has(peer: NodeId): boolean {
    return this.#pending.has(peer);
  }

  /** The session of our own offer with that attempt id. */
  findOffer(peer: NodeId, attempt: string): Session | undefined {
    const session = this.#pending.get(peer);
    return session?.role === 'offerer' && session.attempt === attempt ? session : undefined;
  }

  /** For attempts from now on. False: they are those that were known. */
  setIceServers(servers: readonly RTCIceServer[]): boolean {
    // They are read every second, and a server that is asked again answers with a list of its own.
    if (servers === this.#iceServers || JSON.stringify(servers) === JSON.stringify(this.#iceServers)) return false;
    this.#iceServers = servers;
    return true;
  }

  dial(contact: Contact): void {
    this.#wishes.get(contact.id)?.cancelTimer();
    this.#start(contact, toHex(this.#parts.crypto.randomBytes(ATTEMPT_ID_BYTES)), 'offerer');
  }

  /** Sends offers and answers of ours once more that may be lost: there may have been no way for them. */
  repeat(): void {
    for (const session of this.#pending.values()) session.repeat();
  }

  /** Answers an offer that came as `delivery`, in place of an attempt of ours that runs. */
  answer(from: Contact, offer: SignalOf<'offer'>, delivery: DeliveryId | undefined): void {
    const replaced = this.#pending.get(from.id);
    this.#pending.delete(from.id);
    replaced?.close();
    this.#wishes.get(from.id)?.cancelTimer();
    const session = this.#start(from, offer.attempt, 'answerer');
    session.inAnswerTo = delivery;
    session.acceptDescription(offer.sdp);
  }

  /** The session is up, over or given up; false when it is not the one that counts. */
  remove(session: Session): boolean {
    if (this.#pending.get(session.peer.id) !== session) return false;
    return this.#pending.delete(session.peer.id);
  }

  /** Starts dials that waited, now that one is over. */
  dialNext(): void {
    while (!this.#isStopped) {
      const peer = this.#ledger.nextDial();
      if (peer === undefined) return;
      const wish = this.#wishes.get(peer);
      if (wish) this.dial(wish.contact);
      else this.#ledger.remove(peer);
    }
  }

  /** No dial that waits is started any more. */
  stop(): void {
    this.#isStopped = true;
  }

  #start(contact: Contact, attempt: string, role: 'offerer' | 'answerer'): Session {
    const { crypto, clock, connector, relayOnly, name } = this.#parts;
    const session = new Session(contact, attempt, role, {
      crypto,
      clock,
      connector,
      owner: this.#owner,
      iceServers: this.#iceServers,
      relayOnly,
      ownName: name(),
    });
    this.#pending.set(contact.id, session);
    return session;
  }
}
