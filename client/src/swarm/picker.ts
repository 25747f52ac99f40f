import { MAX_BLOCK_REQUESTERS, MAX_PARTIAL_BLOCKS, RANDOM_FIRST_PIECES } from '../../../shared/src/limits/swarm.ts';
import type { Millis, Rng } from '../../../shared/src/machine.ts';
import { OpenBlocks, type PieceLayout } from './open-blocks.ts';
import type { OpenPiece } from './open-piece.ts';
import type { OpenPieces } from './open-pieces.ts';
import type { Outstanding } from './outstanding.ts';
import type { PeerKey } from './peer-key.ts';
import type { PieceSet } from './piece-set.ts';
import { PieceStates } from './piece-states.ts';
import type { Rarity } from './rarity.ts';

/** What the picker keeps about one connected peer. Owned by the peer's session, written by the picker. */
export interface PickerPeer {
  readonly id: PeerKey;
  /** What the peer has. Undefined before it said so. */
  pieces: PieceSet | undefined;
  /** The peer had everything when it came, and is counted as a seed instead of piece by piece. */
  isCountedAsSeed: boolean;
  /** Pieces the peer has and we lack and want. */
  wanted: number;
  readonly outstanding: Outstanding;
  /** The piece that the peer was last asked for. */
  current: OpenPiece | undefined;
  /** Value of the pieces' `generation` at which no piece could be started for the peer; -1 when it may have changed. */
  nothingAt: number;
}

/**
 * Chooses which block to ask of which peer. In this order: blocks of the piece that the peer is sending, of other partly
 * fetched pieces, of a new piece of the highest priority, which is a random one for the first four and then the rarest
 * (Cohen 2003, §2.4), or the next one in order. What a player waits for comes before all of that, by `Urgent`. When
 * every missing block is asked for, `Endgame` chooses.
 *
 * A peer on parole (see `Blame`) fetches whole pieces alone, so that what is wrong with them is its doing.
 */
export class Picker {
  /** The blocks that may be asked for. */
  readonly blocks: OpenBlocks;
  /** How far each piece is. */
  readonly pieces: PieceStates;
  isSequential = false;
  readonly pieceCount: number;
  readonly #open: OpenPieces;
  readonly #listed: Rarity;
  readonly #isOnParole: (peer: PeerKey) => boolean;

  constructor(layout: PieceLayout, stored: PieceSet, rng: Rng, isOnParole: (peer: PeerKey) => boolean) {
    this.#isOnParole = isOnParole;
    this.pieceCount = layout.pieceCount;
    this.blocks = new OpenBlocks(layout);
    this.#open = this.blocks.openPieces;
    this.pieces = new PieceStates(layout, stored, this.blocks, rng);
    this.#listed = this.pieces.listed;
  }

  /** The peer said what it has. Before that it counts as one that has nothing. */
  addPeer(peer: PickerPeer, pieces: PieceSet): void {
    if (peer.isCountedAsSeed && peer.pieces) this.pieces.removeHolder(peer.pieces, true);
    peer.pieces = pieces;
    peer.nothingAt = -1;
    peer.isCountedAsSeed = pieces.isFull;
    this.pieces.addHolder(pieces);
    this.countWanted(peer);
  }

  /** Counts anew what the peer has for us. O(pieces). */
  countWanted(peer: PickerPeer): void {
    const { pieces } = peer;
    peer.wanted = 0;
    if (pieces?.isFull) peer.wanted = this.pieces.missingCount;
    else if (pieces)
      for (let piece = 0; piece < pieces.size; piece++)
        if (pieces.has(piece) && this.pieces.isMissing(piece)) peer.wanted++;
  }

  /** The peer has one more piece. False when it said so before. */
  addHave(peer: PickerPeer, piece: number): boolean {
    if (!peer.pieces?.add(piece)) return false;
    this.#listed.increase(piece);
    if (this.pieces.isMissing(piece)) peer.wanted++;
    peer.nothingAt = -1;
    return true;
  }

  /** The peer is gone: what it was asked for is free again. */
  removePeer(peer: PickerPeer): void {
    this.releaseAll(peer);
    this.#disown(peer.id);
    peer.current = undefined;
    const pieces = peer.pieces;
    peer.pieces = undefined;
    if (!pieces) return;
    this.pieces.removeHolder(pieces, peer.isCountedAsSeed);
    peer.isCountedAsSeed = false;
  }

  /** The next block to ask `peer` for, noted as asked; -1 when there is none for it now. */
  pick(peer: PickerPeer, now: Millis): number {
    if (!peer.pieces || peer.wanted === 0) return -1;
    const current = peer.current;
    if (current && current.free > 0 && this.#mayFetch(peer, current)) return this.blocks.take(current);
    const partial = this.#findPartial(peer);
    const started = partial && this.#isPreferred(partial) ? undefined : this.#startPiece(peer, now, partial);
    const open = started ?? partial ?? this.#relieve(peer, now);
    if (!open) return -1;
    peer.current = open;
    return this.blocks.take(open);
  }

  /**
   * As `pick`, but only of these pieces: what a choking peer serves all the same (BEP 6, allowed fast). None when pieces
   * are fetched in order, for these are in none.
   */
  pickAmong(peer: PickerPeer, pieces: Iterable<number>, now: Millis): number {
    if (!peer.pieces || peer.wanted === 0 || this.isSequential) return -1;
    for (const piece of pieces) {
      const block = this.takeOf(peer, piece, now);
      if (block >= 0) return block;
    }
    return -1;
  }

  /** A block of this very piece, noted as asked; -1 when none is free for `peer`, or it is on parole. */
  takeOf(peer: PickerPeer, piece: number, now: Millis): number {
    if (this.#isOnParole(peer.id)) return -1;
    const open = this.#open.get(piece) ?? this.#startListed(peer, piece, now);
    return open && open.free > 0 && this.#mayFetch(peer, open) ? this.blocks.take(open) : -1;
  }

  /** Whether `peer` may be asked for a block that somebody else is asked for. */
  mayDuplicate(peer: PickerPeer, block: number): boolean {
    const open = this.blocks.pieceOf(block);
    if (!open || !this.#mayFetch(peer, open)) return false;
    const requesters = open.requesters(block % this.blocks.perPiece);
    return requesters > 0 && requesters < MAX_BLOCK_REQUESTERS && !peer.outstanding.has(block);
  }

  /** Uncounts everything that the peer was asked for. */
  releaseAll(peer: PickerPeer): void {
    if (peer.outstanding.counted > 0) peer.outstanding.uncountAll((block) => this.blocks.release(block));
  }

  #startListed(peer: PickerPeer, piece: number, now: Millis): OpenPiece | undefined {
    if (!this.#listed.isListed(piece) || !peer.pieces?.has(piece)) return undefined;
    return this.pieces.start(piece, now, undefined);
  }

  /** A peer that has nothing to do looks for a new piece. Bounded work: not repeated until something changed. */
  #startPiece(peer: PickerPeer, now: Millis, partial: OpenPiece | undefined): OpenPiece | undefined {
    const isOnParole = this.#isOnParole(peer.id);
    if (peer.nothingAt === this.pieces.generation || this.#listed.size === 0) return undefined;
    const piece = this.#findNew(peer.pieces as PieceSet, isOnParole);
    if (partial && piece >= 0 && !this.#isBefore(piece, partial.index)) return undefined;
    const started = piece < 0 ? undefined : this.pieces.start(piece, now, isOnParole ? peer.id : undefined);
    if (piece < 0) peer.nothingAt = this.pieces.generation;
    return started;
  }

  #findNew(pieces: PieceSet, isOnParole: boolean): number {
    const failed = isOnParole ? this.pieces.findFailed(pieces) : undefined;
    if (failed !== undefined) return failed;
    return this.isSequential ? this.#listed.findFirst(pieces) : this.#listed.find(pieces, this.#isBeginning);
  }

  /** There is nothing to trade yet. */
  get #isBeginning(): boolean {
    return this.pieces.storedCount < RANDOM_FIRST_PIECES;
  }

  /** A partial piece comes before a new one at any price: there is nothing to trade yet, or they become too many. */
  #isPreferred(partial: OpenPiece): boolean {
    return this.#isBeginning || this.#open.partial.length * partial.blockCount > MAX_PARTIAL_BLOCKS;
  }

  /** Whether the first piece is to be fetched before the second: by its priority, then in order or by its rarity. */
  #isBefore(a: number, b: number): boolean {
    const byPriority = this.#listed.priority(a) - this.#listed.priority(b);
    if (byPriority !== 0) return byPriority > 0;
    return this.isSequential ? a < b : this.#listed.count(a) < this.#listed.count(b);
  }

  #findPartial(peer: PickerPeer): OpenPiece | undefined {
    let best: OpenPiece | undefined;
    for (const open of this.#open.partial) {
      if (!this.#mayFetch(peer, open)) continue;
      if (!best || this.#isBefore(open.index, best.index)) best = open;
    }
    return best;
  }

  /**
   * A piece for a peer that has nothing else to do: one that a suspect has had its time with is everybody's. A suspect itself
   * takes over what nobody is fetching, or nobody gets done with, and begins it anew.
   */
  #relieve(peer: PickerPeer, now: Millis): OpenPiece | undefined {
    const isOnParole = this.#isOnParole(peer.id);
    for (const open of this.#open.partial) {
      const isIdle = isOnParole && open.busy === 0 && open.owner === undefined;
      if (!(isIdle || open.isOverdue(now)) || !peer.pieces?.has(open.index)) continue;
      if (isOnParole) {
        this.blocks.discardAll(open);
        open.takeOver(peer.id, now);
      } else open.share(now);
      return open;
    }
    return undefined;
  }

  #mayFetch(peer: PickerPeer, open: OpenPiece): boolean {
    if (!peer.pieces?.has(open.index)) return false;
    return open.owner === undefined ? !this.#isOnParole(peer.id) : open.owner === peer.id;
  }

  #disown(peer: PeerKey): void {
    for (const open of this.#open.all) if (open.owner === peer) open.owner = undefined;
  }
}
