import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import { HASH_TIMEOUT_MS, MAX_TRIED } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { HashExchange } from './hash-exchange.ts';
import type { OpenBlocks } from './open-blocks.ts';
import type { PeerSession } from './peer-session.ts';

/** A block that a peer was asked for, to see whether it is right. */
export interface TrialBlock {
  readonly block: number;
  readonly askedAt: Millis;
}

/**
 * A peer none of whose blocks was found right yet is asked for one block at a time, as long as that one can be judged by
 * itself (BEP 52): a peer that lies then costs one block, and not all that a pipeline has on its way. It costs an honest
 * one a round trip, once. Where only whole pieces can be judged, peers are asked for many blocks from the start.
 */
export class Trials {
  readonly #hashes: HashExchange;
  readonly #blocks: OpenBlocks;
  /** Who needs no trial any more, whether linked or not. Whose last right block is oldest is forgotten first. */
  readonly #tried = new BoundedMap<NodeId, true>(MAX_TRIED);
  /** Pieces that are whole and wait for the hashes of their blocks. BOUNDED: by the open pieces. */
  readonly #waiting = new Set<number>();

  constructor(hashes: HashExchange, blocks: OpenBlocks) {
    this.#hashes = hashes;
    this.#blocks = blocks;
  }

  /** No block of the peer was found right yet. */
  isOn(peer: NodeId): boolean {
    return !this.#tried.has(peer);
  }

  /** A block of the peer is right. */
  pass(peer: NodeId): void {
    this.#tried.set(peer, true);
  }

  /** The peer is asked for this block. */
  onAsked(session: PeerSession, block: number, now: Millis): void {
    session.trial = this.isOn(session.id) ? { block, askedAt: now } : undefined;
  }

  /** Whether the peer may be asked for a block: not while one that it was asked for is on its way or being judged. */
  mayAsk(session: PeerSession, now: Millis): boolean {
    const { trial } = session;
    if (!trial || !this.isOn(session.id)) return true;
    const piece = Math.floor(trial.block / this.#blocks.perPiece);
    if (session.outstanding.isCounted(trial.block)) return !this.#hashes.judgesBlocksOf(piece, now);
    if (this.#blocks.senderOf(trial.block) !== session.id) return true;
    if (this.#hashes.trees.leavesOf(piece)) return false;
    return this.#isInVain(session, piece, trial, now);
  }

  /**
   * Every block of the piece is here. True when it is to wait for hashes that are on their way: checked as a whole it would
   * not tell which block is wrong, and be fetched again from honest peers under suspicion.
   */
  defers(piece: number, now: Millis): boolean {
    const isOnTrial =
      this.#blocks.openPieces
        .get(piece)
        ?.contributors()
        .some((peer) => this.isOn(peer)) ?? false;
    if (!isOnTrial || !this.#isAwaiting(piece, now)) return false;
    this.#waiting.add(piece);
    return true;
  }

  /** Pieces that have waited: their hashes are here, or will not come. */
  takeReady(now: Millis): readonly number[] {
    if (this.#waiting.size === 0) return [];
    const ready = [...this.#waiting].filter((piece) => !this.#isAwaiting(piece, now));
    for (const piece of ready) this.#waiting.delete(piece);
    return ready.filter((piece) => this.#blocks.openPieces.get(piece)?.isWhole);
  }

  #isAwaiting(piece: number, now: Millis): boolean {
    return this.#hashes.judgesBlocksOf(piece, now) && !this.#hashes.trees.leavesOf(piece);
  }

  /** The block is here and its hash is not. Whoever else was asked for that had its time: the sender may be faster. */
  #isInVain(session: PeerSession, piece: number, { askedAt }: TrialBlock, now: Millis): boolean {
    if (now - session.progressAt >= HASH_TIMEOUT_MS) {
      this.pass(session.id);
      return true;
    }
    this.#hashes.want(session, piece, now, askedAt);
    return !this.#hashes.judgesBlocksOf(piece, now);
  }
}
