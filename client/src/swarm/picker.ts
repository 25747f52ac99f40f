import type { NodeId } from '../../../shared/src/ids.ts';
import {
  BLOCK_BYTES,
  MAX_BLOCK_REQUESTERS,
  MAX_OPEN_BYTES,
  MAX_PARTIAL_BLOCKS,
  MIN_OPEN_PIECES,
  PAROLE_PIECE_MS,
  RANDOM_FIRST_PIECES,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis, Rng } from '../../../shared/src/machine.ts';
import { Deadlines } from './deadlines.ts';
import type { OpenPiece } from './open-piece.ts';
import { OpenPieces } from './open-pieces.ts';
import type { Outstanding } from './outstanding.ts';
import { PRIORITY } from './piece-priorities.ts';
import { PieceSet } from './piece-set.ts';
import { Rarity } from './rarity.ts';
import { KEPT, KEPT_RIVALS, type Receipt, UNWANTED, WHOLE, WHOLE_RIVALS } from './receipt.ts';

/** What the picker keeps about one connected peer. Owned by the peer's session, written by the picker. */
export interface PickerPeer {
  readonly id: NodeId;
  /** What the peer has. Undefined before it said so. */
  pieces: PieceSet | undefined;
  /** The peer had everything when it came, and is counted as a seed instead of piece by piece. */
  isCountedAsSeed: boolean;
  /** Pieces the peer has and we lack and want. */
  wanted: number;
  readonly outstanding: Outstanding;
  /** The piece that the peer was last asked for. */
  current: OpenPiece | undefined;
  /** Value of the picker's `generation` at which no piece could be started for the peer; -1 when it may have changed. */
  nothingAt: number;
}

/** Sizes of a torrent's pieces. */
export interface PieceLayout {
  readonly pieceCount: number;
  readonly pieceLength: number;
  readonly totalLength: number;
  /** Lengths of pieces that end early because padding follows in them (BEP 52). */
  readonly short?: ReadonlyMap<number, number>;
}

/**
 * Chooses which block to ask of which peer. In this order: blocks of pieces that a player waits for, of the piece that
 * the peer is sending, of other partly fetched pieces, of a new piece of the highest priority, which is a random one for
 * the first four and then the rarest (Cohen 2003, §2.4), or the next one in order. When every missing block is asked
 * for, `Endgame` chooses. A block is a number: piece × `blocksPerPiece` + place.
 *
 * A peer on parole (see `Blame`) fetches whole pieces alone, so that what is wrong with them is its doing.
 */
export class Picker {
  readonly blocksPerPiece: number;
  isSequential = false;
  readonly #layout: PieceLayout;
  readonly #rarity: Rarity;
  readonly #isOnParole: (peer: NodeId) => boolean;
  readonly #maxOpen: number;
  readonly #stored: PieceSet;
  /** BOUNDED: by `#maxOpen`. */
  readonly #open: OpenPieces;
  readonly #deadlines = new Deadlines();
  /** Pieces that failed and can be started: suspects begin with them. BOUNDED: by the pieces; cleaned as it is read. */
  #failedPieces: number[] = [];
  #dropped: number[] = [];
  #missingCount = 0;
  /** Blocks of open pieces that are here. */
  #receivedBlocks = 0;
  #seeds = 0;
  /** Grows whenever a piece may have become startable. */
  #generation = 0;

  constructor(layout: PieceLayout, stored: PieceSet, rng: Rng, isOnParole: (peer: NodeId) => boolean) {
    const { pieceCount, pieceLength } = layout;
    this.#layout = layout;
    this.#isOnParole = isOnParole;
    this.blocksPerPiece = Math.ceil(pieceLength / BLOCK_BYTES);
    this.#maxOpen = Math.max(MIN_OPEN_PIECES, Math.floor(MAX_OPEN_BYTES / pieceLength));
    this.#rarity = new Rarity(pieceCount, rng);
    this.#open = new OpenPieces(pieceCount);
    this.#stored = new PieceSet(pieceCount);
    for (let piece = 0; piece < pieceCount; piece++) {
      if (stored.has(piece)) this.#stored.add(piece);
      else {
        this.#rarity.list(piece);
        this.#missingCount++;
      }
    }
  }

  get storedCount(): number {
    return this.#stored.count;
  }

  /** Pieces that are wanted and not stored. */
  get missingCount(): number {
    return this.#missingCount;
  }

  get openPieces(): readonly OpenPiece[] {
    return this.#open.all;
  }

  /** Every missing block is asked for (libtorrent, `strict_end_game_mode`). */
  get isEndgame(): boolean {
    return this.#rarity.size === 0 && this.#open.partial.length === 0 && this.#open.size > 0;
  }

  /** Bytes that are wanted and not here, give or take the ends of pieces. */
  get missingBytes(): number {
    return Math.max(0, this.#missingCount * this.#layout.pieceLength - this.#receivedBlocks * BLOCK_BYTES);
  }

  /** A player waits for pieces. */
  get hasDeadlines(): boolean {
    return this.#deadlines.pieces.length > 0;
  }

  /** Peers known to have the piece. */
  availability(piece: number): number {
    return this.#seeds + this.#rarity.count(piece);
  }

  /** The piece, while it is open. */
  openPiece(piece: number): OpenPiece | undefined {
    return this.#open.get(piece);
  }

  isStored(piece: number): boolean {
    return this.#stored.has(piece);
  }

  /** The piece is to be fetched. */
  isMissing(piece: number): boolean {
    return !this.#stored.has(piece) && this.#rarity.priority(piece) !== PRIORITY.skip;
  }

  blockLength(block: number): number {
    const piece = Math.floor(block / this.blocksPerPiece);
    const begin = (block - piece * this.blocksPerPiece) * BLOCK_BYTES;
    return Math.min(BLOCK_BYTES, this.#pieceLength(piece) - begin);
  }

  /** Sets the priority of every piece. Returns open pieces that are skipped from now on: the caller gives them up. */
  setPriorities(priorities: Uint8Array): readonly number[] {
    const given: number[] = [];
    for (let piece = 0; piece < this.#layout.pieceCount; piece++) {
      const priority = priorities[piece] ?? PRIORITY.normal;
      if (priority === this.#rarity.priority(piece)) continue;
      const wasMissing = this.isMissing(piece);
      const open = this.#open.get(piece);
      this.#rarity.unlist(piece);
      this.#rarity.setPriority(piece, priority);
      this.#missingCount += Number(this.isMissing(piece)) - Number(wasMissing);
      // A whole piece is with the driver already and is stored all the same.
      if (open && priority === PRIORITY.skip && !open.isWhole) given.push(piece);
      else if (!open && !this.#stored.has(piece)) this.#rarity.list(piece);
    }
    this.#generation++;
    return given;
  }

  /** Gives an open piece up: nothing of it is kept. What peers were asked for it is the caller's. */
  abandon(piece: number): void {
    if (!this.#close(piece)) return;
    this.#dropped.push(piece);
    this.#list(piece);
  }

  /** A player needs the piece by then; `Infinity`: no more. */
  setDeadline(piece: number, at: Millis): void {
    if (piece >= 0 && piece < this.#layout.pieceCount && this.isMissing(piece)) this.#deadlines.set(piece, at);
  }

  /** The peer said what it has. Before that it counts as one that has nothing. */
  addPeer(peer: PickerPeer, pieces: PieceSet): void {
    if (peer.isCountedAsSeed) this.#seeds--;
    peer.pieces = pieces;
    peer.nothingAt = -1;
    peer.isCountedAsSeed = pieces.isFull;
    if (pieces.isFull) this.#seeds++;
    else for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece)) this.#rarity.increase(piece);
    this.countWanted(peer);
  }

  /** Counts anew what the peer has for us. O(pieces). */
  countWanted(peer: PickerPeer): void {
    const { pieces } = peer;
    peer.wanted = 0;
    if (pieces?.isFull) peer.wanted = this.#missingCount;
    else if (pieces)
      for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece) && this.isMissing(piece)) peer.wanted++;
  }

  /** The peer has one more piece. */
  addHave(peer: PickerPeer, piece: number): void {
    if (!peer.pieces?.add(piece)) return;
    this.#rarity.increase(piece);
    if (this.isMissing(piece)) peer.wanted++;
    peer.nothingAt = -1;
  }

  /** The peer is gone: what it was asked for is free again. */
  removePeer(peer: PickerPeer): void {
    this.releaseAll(peer);
    this.#disown(peer.id);
    peer.current = undefined;
    const pieces = peer.pieces;
    peer.pieces = undefined;
    if (!pieces) return;
    if (peer.isCountedAsSeed) {
      this.#seeds--;
      peer.isCountedAsSeed = false;
    } else for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece)) this.#rarity.decrease(piece);
  }

  /** The next block to ask `peer` for, noted as asked; -1 when there is none for it now. */
  pick(peer: PickerPeer, now: Millis): number {
    if (!peer.pieces || peer.wanted === 0) return -1;
    const urgent = this.hasDeadlines ? this.#findUrgent(peer, now) : undefined;
    if (urgent) return this.#take(urgent);
    const current = peer.current;
    if (current && current.free > 0 && this.#mayFetch(peer, current)) return this.#take(current);
    const partial = this.#findPartial(peer, now);
    const open = partial && this.#isPreferred(partial) ? partial : (this.#startPiece(peer, now, partial) ?? partial);
    if (!open) return -1;
    peer.current = open;
    return this.#take(open);
  }

  /**
   * As `pick`, but only of these pieces: what a choking peer serves all the same (BEP 6, allowed fast). None when pieces
   * are fetched in order, for these are in none.
   */
  pickAmong(peer: PickerPeer, pieces: Iterable<number>, now: Millis): number {
    if (!peer.pieces || peer.wanted === 0 || this.isSequential || this.#isOnParole(peer.id)) return -1;
    for (const piece of pieces) {
      const open = this.#open.get(piece) ?? this.#openListed(peer, piece, now);
      if (open && open.free > 0 && this.#mayFetch(peer, open)) return this.#take(open);
    }
    return -1;
  }

  /** End-game: whether `peer` may be asked for a block that somebody else is asked for. */
  mayDuplicate(peer: PickerPeer, block: number): boolean {
    const open = this.#openOf(block);
    if (!open || !this.#mayFetch(peer, open)) return false;
    const requesters = open.requesters(block % this.blocksPerPiece);
    return requesters > 0 && requesters < MAX_BLOCK_REQUESTERS && !peer.outstanding.has(block);
  }

  /** One more peer is asked for the block. */
  addRequester(block: number): void {
    this.#openOf(block)?.addRequester(block % this.blocksPerPiece);
  }

  /** The peer will not send this block, for which it was counted. */
  release(block: number): void {
    const open = this.#openOf(block);
    if (!open) return;
    open.removeRequester(block % this.blocksPerPiece);
    this.#open.refresh(open);
  }

  /** Uncounts everything that the peer was asked for. */
  releaseAll(peer: PickerPeer): void {
    if (peer.outstanding.counted > 0) peer.outstanding.uncountAll((block) => this.release(block));
  }

  /** A block came that `peer` was asked for; `wasCounted` says whether it still counted as asked. */
  receive(peer: PickerPeer, block: number, wasCounted: boolean): Receipt {
    const open = this.#openOf(block);
    const place = block % this.blocksPerPiece;
    if (!open || open.isReceived(place) || (open.owner !== undefined && open.owner !== peer.id)) {
      if (wasCounted) this.release(block);
      return UNWANTED;
    }
    const hasRivals = open.requesters(place) > (wasCounted ? 1 : 0);
    open.receive(place, peer.id);
    this.#receivedBlocks++;
    this.#open.refresh(open);
    if (open.isWhole) return hasRivals ? WHOLE_RIVALS : WHOLE;
    return hasRivals ? KEPT_RIVALS : KEPT;
  }

  /** The whole piece matched its hash and is stored. Returns who sent it. */
  setStored(piece: number): NodeId[] {
    const wasMissing = this.isMissing(piece);
    const open = this.#close(piece);
    if (!open) return [];
    this.#rarity.unlist(piece);
    this.#stored.add(piece);
    this.#deadlines.delete(piece);
    if (wasMissing) this.#missingCount--;
    return open.contributors();
  }

  /** The whole piece did not match, or could not be stored: it is missing again. Returns who sent it. */
  setFailed(piece: number): NodeId[] {
    const open = this.#close(piece);
    if (!open) return [];
    this.#list(piece);
    this.#failedPieces.push(piece);
    return open.contributors();
  }

  /** Blocks of a whole piece are bad: they are missing again, the rest is kept. Returns who sent them. */
  setPartlyFailed(piece: number, places: readonly number[]): NodeId[] {
    const open = this.#open.get(piece);
    const senders = new Set<NodeId>();
    for (const place of open ? places : []) {
      const sender = open?.discard(place);
      if (sender !== undefined) senders.add(sender);
    }
    if (open) this.#onDiscarded(open, open.blockCount - open.received);
    return [...senders];
  }

  /** A block that `from` sent is bad. It is missing again, unless the piece is whole: then `setPartlyFailed` follows. */
  setBlockBad(piece: number, place: number, from: NodeId): void {
    const open = this.#open.get(piece);
    if (!open || open.isWhole || open.senderOf(place) !== from) return;
    open.discard(place);
    this.#onDiscarded(open, 1);
  }

  /**
   * Frees the blocks of `peer` in pieces that are not whole yet: nothing it sent is worth keeping, except in pieces whose
   * blocks are judged one by one.
   */
  discardFrom(peer: NodeId, isSpared: (piece: number) => boolean): void {
    for (const open of this.#open.all) {
      if (open.isWhole || isSpared(open.index)) continue;
      const before = open.received;
      open.discardFrom(peer);
      this.#onDiscarded(open, before - open.received);
    }
  }

  /** Pieces that were abandoned since the last call, and whose buffers can go. */
  takeDropped(): readonly number[] {
    if (this.#dropped.length === 0) return this.#dropped;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  /** A piece that a player waits for and of which the peer may be asked blocks: the one with the earliest deadline. */
  #findUrgent(peer: PickerPeer, now: Millis): OpenPiece | undefined {
    if (this.#isOnParole(peer.id)) return undefined;
    for (const { piece } of this.#deadlines.pieces) {
      const open = this.#open.get(piece) ?? this.#openListed(peer, piece, now);
      if (open && open.free > 0 && this.#mayFetch(peer, open)) return open;
    }
    return undefined;
  }

  #openListed(peer: PickerPeer, piece: number, now: Millis): OpenPiece | undefined {
    if (!this.#rarity.isListed(piece) || !peer.pieces?.has(piece)) return undefined;
    return this.#hasRoom() ? this.#openPiece(piece, now, undefined) : undefined;
  }

  /** A peer that has nothing to do looks for a new piece. Bounded work: not repeated until something changed. */
  #startPiece(peer: PickerPeer, now: Millis, partial: OpenPiece | undefined): OpenPiece | undefined {
    const isOnParole = this.#isOnParole(peer.id);
    if (peer.nothingAt === this.#generation || this.#rarity.size === 0)
      return isOnParole && !partial ? this.#adopt(peer) : undefined;
    const piece = this.#findNew(peer.pieces as PieceSet, isOnParole);
    if (partial && piece >= 0 && !this.#isBefore(piece, partial.index)) return undefined;
    if (piece >= 0 && this.#hasRoom()) return this.#openPiece(piece, now, isOnParole ? peer.id : undefined);
    if (isOnParole && !partial) return this.#adopt(peer);
    if (piece < 0) peer.nothingAt = this.#generation;
    return undefined;
  }

  #findNew(pieces: PieceSet, isOnParole: boolean): number {
    if (isOnParole) {
      this.#failedPieces = this.#failedPieces.filter((piece) => this.#rarity.isListed(piece));
      const failed = this.#failedPieces.find((piece) => pieces.has(piece));
      if (failed !== undefined) return failed;
    }
    if (this.isSequential) return this.#rarity.findFirst(pieces);
    return this.#rarity.find(pieces, this.storedCount < RANDOM_FIRST_PIECES);
  }

  /** A partial piece comes before a new one at any price: there is nothing to trade yet, or they become too many. */
  #isPreferred(partial: OpenPiece): boolean {
    const { partial: all } = this.#open;
    return this.storedCount < RANDOM_FIRST_PIECES || all.length * partial.blockCount > MAX_PARTIAL_BLOCKS;
  }

  /** Whether the first piece is to be fetched before the second: by its priority, then in order or by its rarity. */
  #isBefore(a: number, b: number): boolean {
    const byPriority = this.#rarity.priority(a) - this.#rarity.priority(b);
    if (byPriority !== 0) return byPriority > 0;
    return this.isSequential ? a < b : this.#rarity.count(a) < this.#rarity.count(b);
  }

  #findPartial(peer: PickerPeer, now: Millis): OpenPiece | undefined {
    let best: OpenPiece | undefined;
    for (const open of this.#open.partial) {
      // A suspect that dawdles must not hold up the end of a download.
      if (open.owner !== undefined && this.#rarity.size === 0 && now - open.openedAt > PAROLE_PIECE_MS)
        open.owner = undefined;
      if (!this.#mayFetch(peer, open)) continue;
      if (!best || this.#isBefore(open.index, best.index)) best = open;
    }
    return best;
  }

  /** A suspect for whom no new piece is left takes over one that nobody is fetching, from the start. */
  #adopt(peer: PickerPeer): OpenPiece | undefined {
    for (const open of this.#open.partial) {
      if (open.busy > 0 || open.owner !== undefined || !peer.pieces?.has(open.index)) continue;
      const { received } = open;
      open.discardAll();
      this.#onDiscarded(open, received);
      open.owner = peer.id;
      return open;
    }
    return undefined;
  }

  /** Makes room by giving up a piece that nobody is fetching: one that nobody has, or else the least complete. */
  #hasRoom(): boolean {
    if (this.#open.size < this.#maxOpen) return true;
    let victim: OpenPiece | undefined;
    for (const open of this.#open.all) {
      if (open.busy > 0 || open.isWhole) continue;
      if (!victim || this.#worth(open) < this.#worth(victim)) victim = open;
    }
    if (victim) this.abandon(victim.index);
    return victim !== undefined;
  }

  #worth(open: OpenPiece): number {
    return this.availability(open.index) === 0 ? 0 : 1 + open.received;
  }

  #mayFetch(peer: PickerPeer, open: OpenPiece): boolean {
    if (!peer.pieces?.has(open.index)) return false;
    return open.owner === undefined ? !this.#isOnParole(peer.id) : open.owner === peer.id;
  }

  #disown(peer: NodeId): void {
    for (const open of this.#open.all) if (open.owner === peer) open.owner = undefined;
  }

  #take(open: OpenPiece): number {
    const place = open.takeFree();
    this.#open.refresh(open);
    return open.index * this.blocksPerPiece + place;
  }

  #openOf(block: number): OpenPiece | undefined {
    return this.#open.get(Math.floor(block / this.blocksPerPiece));
  }

  #openPiece(piece: number, now: Millis, owner: NodeId | undefined): OpenPiece {
    this.#rarity.unlist(piece);
    return this.#open.open(piece, Math.ceil(this.#pieceLength(piece) / BLOCK_BYTES), now, owner);
  }

  /** Takes a piece out of the open ones; it is neither listed nor stored then. */
  #close(piece: number): OpenPiece | undefined {
    const open = this.#open.get(piece);
    if (!open) return undefined;
    this.#receivedBlocks -= open.received;
    this.#open.close(open);
    return open;
  }

  #list(piece: number): void {
    this.#rarity.list(piece);
    this.#generation++;
  }

  #onDiscarded(open: OpenPiece, blocks: number): void {
    this.#receivedBlocks -= blocks;
    this.#open.refresh(open);
  }

  #pieceLength(piece: number): number {
    const { pieceLength, totalLength, short } = this.#layout;
    return short?.get(piece) ?? Math.min(pieceLength, totalLength - piece * pieceLength);
  }
}
