import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import { MAX_PIPELINE, MAX_TRIED, UNPROVEN_PATIENCE_MS } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { HashExchange } from './hash-exchange.ts';
import type { OpenBlocks } from './open-blocks.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';

/**
 * Where each block can be judged by itself (BEP 52), a peer owes at most one block more than it gave right ones, until it
 * gave as many as any pipeline takes: what a peer that lies has on its way then, and is lost, is never more than it gave
 * and one. It costs an honest one some round trips, once. Blocks that came and are not judged yet count as owed, whether
 * hashes for them are on their way or nobody gives any: who has the piece could, so a refusal speaks for nobody. But it
 * proves nothing either, and the download is to end all the same: once the oldest of them has waited for as long as others
 * are hoped for, those without hashes do not count, nor are they right. What the peer owes stays as little as before until
 * hashes come or the whole piece is found right.
 *
 * Where only whole pieces can be judged, in version 1 and for peers of a hybrid that speak no other, `Blame` is enough.
 */
export class Trials {
  readonly #hashes: HashExchange;
  readonly #blocks: OpenBlocks;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;
  /** How many right blocks peers gave, linked or not, up to MAX_PIPELINE. Whose last one is oldest is forgotten first. */
  readonly #right = new BoundedMap<PeerKey, number>(MAX_TRIED);
  /**
   * Blocks that came of peers on trial, linked or not, and were not found right yet, oldest first, and when they were asked
   * for: who comes back owes them still. BOUNDED: for each peer by the blocks of open pieces, and MAX_PIPELINE that are of
   * them no more.
   */
  readonly #unjudged = new BoundedMap<PeerKey, Map<number, Millis>>(MAX_TRIED);
  /** Pieces that are whole and wait for the hashes of their blocks. BOUNDED: by the open pieces. */
  readonly #waiting = new Set<number>();

  constructor(hashes: HashExchange, blocks: OpenBlocks, sessions: ReadonlyMap<PeerKey, PeerSession>) {
    this.#hashes = hashes;
    this.#blocks = blocks;
    this.#sessions = sessions;
  }

  /** The peer may not be asked for as much as its pipeline takes yet. */
  isOn(peer: PeerKey): boolean {
    return this.#allowanceOf(peer) < MAX_PIPELINE;
  }

  /** A block that the peer was asked for at `askedAt` came and was kept. */
  onKept(peer: PeerKey, block: number, askedAt: Millis): void {
    if (!this.isOn(peer)) return;
    const unjudged = this.#unjudged.get(peer) ?? new Map<number, Millis>();
    if (unjudged.size >= MAX_PIPELINE) this.#forgetGone(peer);
    this.#unjudged.set(peer, unjudged.set(block, askedAt));
  }

  /** A block that the peer sent is right. */
  onRight(peer: PeerKey, piece: number, place: number): void {
    if (this.#unjudged.get(peer)?.delete(piece * this.#blocks.perPiece + place) === true) this.credit(peer, 1);
  }

  /** The piece is stored: what `peer` gave of it is right. */
  onStored(peer: PeerKey, piece: number): void {
    const unjudged = this.#unjudgedOf(peer);
    const right = [...unjudged.keys()].filter((block) => this.#pieceOf(block) === piece);
    for (const block of right) unjudged.delete(block);
    this.credit(peer, right.length);
  }

  /** The peer gave so many right blocks more, or went on giving some that nobody counted. */
  credit(peer: PeerKey, blocks: number): void {
    const before = this.#right.get(peer);
    if (blocks > 0 || before !== undefined) this.#right.set(peer, Math.min(MAX_PIPELINE, (before ?? 0) + blocks));
  }

  /**
   * Asks for the hashes of what the peer sent and nobody judged, also while it chokes. Whoever was asked for them before the
   * block had its time: the sender of the block may be faster.
   */
  seekHashes(session: PeerSession, now: Millis): void {
    this.#forgetGone(session.id);
    for (const [block, askedAt] of this.#unjudgedOf(session.id))
      this.#hashes.want(session, this.#pieceOf(block), now, askedAt);
  }

  /** Whether the peer may owe one block more. */
  mayAsk(session: PeerSession, now: Millis): boolean {
    const allowance = this.#allowanceOf(session.id);
    if (allowance >= MAX_PIPELINE) return true;
    const owed = session.outstanding.counted;
    if (owed + this.#unjudgedOf(session.id).size < allowance || this.#isOfVersion1(session, now)) return true;
    if (owed >= allowance) return false;
    this.seekHashes(session, now);
    return owed + this.#countUnjudged(session.id, now) < allowance;
  }

  /**
   * Every block of the piece is here. True when it is to wait for hashes that are on their way: checked as a whole it would
   * not tell which block is wrong, and be fetched again from honest peers under suspicion.
   */
  defers(piece: number, now: Millis): boolean {
    const onTrial = this.#blocks.openPieces
      .get(piece)
      ?.contributors()
      .filter((peer) => this.isOn(peer));
    for (const peer of onTrial ?? []) {
      const session = this.#sessions.get(peer);
      if (session) this.seekHashes(session, now);
    }
    if (!onTrial?.length || !this.#isAwaiting(piece, now)) return false;
    this.#waiting.add(piece);
    return true;
  }

  /** Pieces that have waited: their hashes are here, or will not come. */
  takeReady(now: Millis): readonly number[] {
    if (this.#waiting.size === 0) return [];
    for (const piece of this.#waiting) this.#hashes.want(undefined, piece, now);
    const ready = [...this.#waiting].filter((piece) => !this.#isAwaiting(piece, now));
    for (const piece of ready) this.#waiting.delete(piece);
    return ready.filter((piece) => this.#blocks.openPieces.get(piece)?.isWhole);
  }

  #allowanceOf(peer: PeerKey): number {
    return 1 + (this.#right.get(peer) ?? 0);
  }

  /**
   * What the peer was last asked for can be judged as a whole piece only, and it could not know better: it is a client of
   * version 1 in a hybrid, and nobody else has the hashes. In version 2 alone there are no such peers.
   */
  #isOfVersion1(session: PeerSession, now: Millis): boolean {
    if (session.hasV2 || this.#hashes.trees.areRequired) return false;
    const piece = session.current?.index;
    return piece === undefined || !this.#hashes.couldJudgeBlocksOf(piece, now);
  }

  /** How many blocks of the peer wait for a verdict and count as owed. */
  #countUnjudged(peer: PeerKey, now: Millis): number {
    const unjudged = this.#unjudgedOf(peer);
    const [oldestAt = now] = unjudged.values();
    const isHopedFor = now - oldestAt < UNPROVEN_PATIENCE_MS;
    let count = 0;
    for (const block of unjudged.keys()) {
      const piece = this.#pieceOf(block);
      if (this.#hashes.judgesBlocksOf(piece, now) || (isHopedFor && this.#hashes.trees.pieceHash(piece))) count++;
    }
    return count;
  }

  /** Blocks that were given up with their piece are never judged. */
  #forgetGone(peer: PeerKey): void {
    const unjudged = this.#unjudgedOf(peer);
    for (const block of unjudged.keys()) if (this.#blocks.senderOf(block) !== peer) unjudged.delete(block);
  }

  #unjudgedOf(peer: PeerKey): Map<number, Millis> {
    return this.#unjudged.get(peer) ?? NOTHING;
  }

  #isAwaiting(piece: number, now: Millis): boolean {
    return this.#hashes.judgesBlocksOf(piece, now) && !this.#hashes.trees.leavesOf(piece);
  }

  #pieceOf(block: number): number {
    return Math.floor(block / this.#blocks.perPiece);
  }
}

/** Of peers that owe nothing. Never written to. */
const NOTHING = new Map<number, Millis>();
