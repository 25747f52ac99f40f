import type { NodeId } from '../../../shared/src/ids.ts';
import {
  HANDSHAKE_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  MAX_TORRENT_PEERS,
  PEER_TIMEOUT_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { Blame } from './blame.ts';
import type { Content } from './content.ts';
import type { CloseReason, Effects } from './effects.ts';
import type { PeerKey } from './peer-key.ts';
import { PeerSession } from './peer-session.ts';
import type { PeerSource } from './types.ts';

/** What a roster needs of the torrent around it. */
export interface RosterHost {
  readonly self: NodeId;
  /** Undefined before the metadata is known. */
  readonly content: Content | undefined;
  readonly isRunning: boolean;
  /** The peer is gone: what it was asked for, and the slot it had, are others' now. */
  onForgotten(session: PeerSession, now: Millis): void;
  /** Nothing that the peer sent is to be believed. False when it is no peer, but a web seed. */
  onBanned(peer: PeerKey): boolean;
}

/** The connected peers of one torrent: who is taken in, kept alive, dropped as of no use, and banned. */
export class PeerRoster {
  /** BOUNDED: by MAX_TORRENT_PEERS. */
  readonly sessions = new Map<PeerKey, PeerSession>();
  readonly blame = new Blame();
  readonly #host: RosterHost;
  readonly #effects: Effects;

  constructor(host: RosterHost, effects: Effects) {
    this.#host = host;
    this.#effects = effects;
  }

  /** A channel to the peer is there; one that it had before is over. Undefined when the peer is not wanted. */
  admit(peer: PeerKey, isOutbound: boolean, now: Millis, source?: PeerSource): PeerSession | undefined {
    const before = this.sessions.get(peer);
    if (before) this.forget(before, now);
    const session = new PeerSession(peer, isOutbound, now, source);
    if (this.blame.isBanned(peer)) this.#effects.close(session, 'banned');
    else if (peer === this.#host.self || this.sessions.size >= MAX_TORRENT_PEERS)
      this.#effects.close(session, 'useless');
    else {
      this.sessions.set(peer, session);
      return session;
    }
    return undefined;
  }

  drop(session: PeerSession, why: CloseReason, now: Millis): void {
    this.#effects.close(session, why);
    this.forget(session, now);
  }

  forget(session: PeerSession, now: Millis): void {
    session.phase = 'closed';
    this.sessions.delete(session.id);
    this.#host.onForgotten(session, now);
  }

  /** The peer is proven to have lied about `piece`; -1 when what it lied about was no piece. */
  ban(peer: PeerKey, piece: number, now: Millis): void {
    this.blame.ban(peer);
    if (!this.#host.onBanned(peer)) return;
    this.#effects.emit({ kind: 'banned', peer, piece });
    const session = this.sessions.get(peer);
    if (session) this.drop(session, 'banned', now);
  }

  /** Disconnects everyone. */
  clear(why: CloseReason): void {
    for (const session of this.sessions.values()) {
      session.phase = 'closed';
      this.#effects.close(session, why);
    }
    this.sessions.clear();
  }

  /** Once a second. */
  tick(now: Millis): void {
    for (const session of this.sessions.values()) this.#tend(session, now);
  }

  /** Says whether we are interested, if that has changed. */
  updateInterest(session: PeerSession): void {
    // Before the metadata says what there is to want, what was said when greeting stands.
    const isWanted = this.#host.content ? session.wanted > 0 : session.amInterested;
    const isInterested = this.#host.isRunning && isWanted && session.phase === 'up';
    if (session.amInterested === isInterested) return;
    session.amInterested = isInterested;
    if (isInterested) this.#effects.write(session).interested();
    else this.#effects.write(session).notInterested();
  }

  #tend(session: PeerSession, now: Millis): void {
    session.hashAnswers = 0;
    session.hashedNodes = 0;
    session.hashLoans = 0;
    session.metadataAsks = 0;
    const isLate = session.phase === 'greeting' && now - session.connectedAt >= HANDSHAKE_TIMEOUT_MS;
    if (isLate || now - session.lastReceivedAt >= PEER_TIMEOUT_MS) return this.drop(session, 'timeout', now);
    if (session.phase === 'greeting') return;
    if (this.#isUseless(session)) return this.drop(session, 'useless', now);
    if (now - session.lastSentAt >= KEEP_ALIVE_MS) this.#effects.write(session).keepAlive();
    this.#host.content?.downloader.tick(session, now);
  }

  /** Two that have everything, the metadata included, have nothing to say to each other. */
  #isUseless(session: PeerSession): boolean {
    const { content } = this.#host;
    if (!content?.isFinished || !session.pieces?.isFull) return false;
    return content.pieceCount > 0 || session.hasMetadata || !session.hasExtended;
  }
}
