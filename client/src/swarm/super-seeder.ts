import {
  MAX_SUPER_SEED_OFFERS,
  SUPER_SEED_OFFERS,
  SUPER_SEED_OFFER_BYTES,
  SUPER_SEED_REVEALS_PER_TICK,
  SUPER_SEED_WAIT_MS,
} from '../../../shared/src/limits/swarm.ts';
import { type Millis, type Rng, shuffle } from '../../../shared/src/machine.ts';
import type { Content } from './content.ts';
import type { Effects } from './effects.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import { PieceSet } from './piece-set.ts';

/** What a super-seed has let one peer know. */
export interface Revealed {
  /** Pieces that the peer knows are here. */
  readonly pieces: PieceSet;
  /** Those that it has not passed on yet. BOUNDED: by MAX_SUPER_SEED_OFFERS. */
  offers: number[];
}

/**
 * Super-seeding (BEP 16): a first seed claims to have nothing and tells each peer of a few pieces that nobody else has.
 * The peer is told of the next one when another peer has what it got: who passes on is served. So nearly every byte
 * that leaves the seed is new to the swarm. A peer that is alone has nobody to pass pieces on to, and is told of the next
 * ones when it wants no more of those that it knows of. Peers that were told that all is here, before super-seeding began, stay told.
 * It is for the only seed: it ends by itself when another one is seen, which others can get everything from.
 */
export class SuperSeeder {
  isOn = false;
  readonly #effects: Effects;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;
  readonly #rng: Rng;
  /** Pieces that nobody was told of, in random order. */
  #fresh: number[] | undefined;
  /** Pieces that somebody was told of, and when, oldest first; looked at again and again, for peers leave. */
  #offered: { readonly piece: number; readonly at: Millis }[] = [];

  constructor(effects: Effects, sessions: ReadonlyMap<PeerKey, PeerSession>, rng: Rng) {
    this.#effects = effects;
    this.#sessions = sessions;
    this.#rng = rng;
  }

  /** A peer greets. True when it is told of pieces one by one from now on, instead of all. */
  admit(session: PeerSession, content: Content | undefined): boolean {
    if (!this.isOn || !content?.isComplete || content.pieceCount === 0) return false;
    session.revealed = { pieces: new PieceSet(content.pieceCount), offers: [] };
    return true;
  }

  /** The peer said what it has, or a peer has one piece more: others may have earned their next one. */
  onPieces(piece: number | undefined, content: Content, now: Millis): void {
    if (this.#seesSeed()) {
      this.isOn = false;
      return;
    }
    for (const session of this.#sessions.values()) {
      const { revealed } = session;
      if (!revealed || session.phase !== 'up') continue;
      if (piece === undefined || revealed.offers.length < offersOf(content) || revealed.offers.includes(piece))
        this.#review(session, revealed, content, now);
    }
  }

  /** Once a second. When super-seeding was ended, the others are told of the rest little by little. */
  tick(content: Content, now: Millis): void {
    if (this.isOn) return this.onPieces(undefined, content, now);
    for (const session of this.#sessions.values()) if (session.revealed) this.#revealAll(session, session.revealed);
  }

  #isAlone(session: PeerSession): boolean {
    for (const other of this.#sessions.values()) if (other !== session && other.phase === 'up') return false;
    return true;
  }

  #seesSeed(): boolean {
    for (const session of this.#sessions.values())
      if (session.phase === 'up' && (session.pieces?.isFull || hasAll(session))) return true;
    return false;
  }

  #review(session: PeerSession, revealed: Revealed, content: Content, now: Millis): void {
    const { picker } = content;
    if (!session.peerInterested && this.#isAlone(session)) revealed.offers = [];
    revealed.offers = revealed.offers.filter((piece) => {
      const holders = picker.pieces.availability(piece) - (session.pieces?.has(piece) ? 1 : 0);
      return holders === 0;
    });
    const most = offersOf(content);
    while (revealed.offers.length < most) {
      const piece = this.#takeFresh(content) ?? this.#takeStale(session, revealed, content, now);
      if (piece === undefined) return;
      this.#offered.push({ piece, at: now });
      revealed.offers.push(piece);
      revealed.pieces.add(piece);
      this.#effects.write(session).have(piece);
    }
  }

  /** A piece that nobody was told of and nobody has. */
  #takeFresh(content: Content): number | undefined {
    this.#fresh ??= shuffle(
      this.#rng,
      Array.from({ length: content.pieceCount }, (_, piece) => piece),
    );
    for (let piece = this.#fresh.pop(); piece !== undefined; piece = this.#fresh.pop()) {
      if (content.picker.pieces.availability(piece) === 0) return piece;
      this.#offered.push({ piece, at: 0 });
    }
    return undefined;
  }

  /** A piece that somebody was told of long ago and that has not spread: its holder keeps it to itself, or is gone. */
  #takeStale(session: PeerSession, revealed: Revealed, content: Content, now: Millis): number | undefined {
    for (let looks = 0; looks < STALE_LOOKS; looks++) {
      const oldest = this.#offered[0];
      if (!oldest || now - oldest.at < SUPER_SEED_WAIT_MS) return undefined;
      this.#offered.shift();
      const { piece } = oldest;
      const isScarce = content.picker.pieces.availability(piece) <= 1;
      if (isScarce && !session.pieces?.has(piece) && !revealed.pieces.has(piece)) return piece;
      this.#offered.push({ piece, at: now });
    }
    return undefined;
  }

  #revealAll(session: PeerSession, revealed: Revealed): void {
    const { pieces } = revealed;
    let left = SUPER_SEED_REVEALS_PER_TICK;
    for (let piece = 0; piece < pieces.size && left > 0; piece++) {
      if (!pieces.add(piece)) continue;
      left--;
      if (!session.pieces?.has(piece)) this.#effects.write(session).have(piece);
    }
    if (pieces.isFull) session.revealed = undefined;
  }
}

/** Pieces looked at for one that has not spread. The others are looked at when the next piece is sought. */
const STALE_LOOKS = 16;

/**
 * Peers do not say that they have a piece to those who told them of it, ours until they have everything, others never. So
 * who has said to have all the others, and wants nothing of what it was told of, has everything.
 */
function hasAll({ pieces, revealed, peerInterested }: PeerSession): boolean {
  if (!pieces || !revealed || peerInterested || pieces.count + revealed.pieces.count < pieces.size) return false;
  for (let piece = 0; piece < pieces.size; piece++) if (!pieces.has(piece) && !revealed.pieces.has(piece)) return false;
  return true;
}

/** Pieces that one peer is told of at once. */
function offersOf({ metainfo }: Content): number {
  const pieces = Math.floor(SUPER_SEED_OFFER_BYTES / metainfo.pieceLength);
  return Math.min(MAX_SUPER_SEED_OFFERS, Math.max(SUPER_SEED_OFFERS, pieces));
}
