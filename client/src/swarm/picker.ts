import type { NodeId } from '../../../shared/src/ids.ts';
import {
  BLOCK_BYTES,
  MAX_BLOCK_REQUESTERS,
  MAX_OPEN_BYTES,
  MIN_OPEN_PIECES,
  PAROLE_PIECE_MS,
  RANDOM_FIRST_PIECES,
} from '../../../shared/src/limits/swarm.ts';
import { type Millis, type Rng, randomBelow } from '../../../shared/src/machine.ts';
import { OpenPiece } from './open-piece.ts';
import type { Outstanding } from './outstanding.ts';
import type { PieceSet } from './piece-set.ts';
import { Rarity } from './rarity.ts';
import { KEPT, KEPT_RIVALS, type Receipt, UNWANTED, WHOLE, WHOLE_RIVALS } from './receipt.ts';

/** What the picker keeps about one connected peer. Owned by the peer's session, written by the picker. */
export interface PickerPeer {
  readonly id: NodeId;
  /** What the peer has. Undefined before it said so. */
  pieces: PieceSet | undefined;
  /** The peer had everything when it came, and is counted as a seed instead of piece by piece. */
  isCountedAsSeed: boolean;
  /** Pieces the peer has and we lack. */
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

/** Places of pieces that are not open. */
const LISTED = -1;
const STORED = -2;

/**
 * Chooses which block to ask of which peer. In this order: blocks of the piece that the peer is sending, of other
 * partly fetched pieces, of a new piece, which is a random one for the first four and then the rarest (Cohen 2003,
 * §2.4); and when every missing block is asked for, one busy block for each peer that has nothing else to do
 * (end-game). A block is a number: piece × `blocksPerPiece` + place.
 *
 * A peer on parole (see `Blame`) fetches whole pieces alone, so that what is wrong with them is its doing.
 */
export class Picker {
  readonly blocksPerPiece: number;
  readonly #layout: PieceLayout;
  readonly #rng: Rng;
  readonly #rarity: Rarity;
  readonly #isOnParole: (peer: NodeId) => boolean;
  readonly #maxOpen: number;
  /** For each piece its place in `#open`, or LISTED, or STORED. */
  readonly #places: Int32Array;
  /** BOUNDED: by `#maxOpen`. */
  readonly #open: OpenPiece[] = [];
  /** The open pieces that have free blocks. */
  readonly #partial: OpenPiece[] = [];
  /** Pieces that failed and can be started: suspects begin with them. BOUNDED: by the pieces; cleaned as it is read. */
  #failedPieces: number[] = [];
  #dropped: number[] = [];
  #storedCount = 0;
  #seeds = 0;
  /** Grows whenever a piece may have become startable. */
  #generation = 0;

  constructor(layout: PieceLayout, stored: PieceSet, rng: Rng, isOnParole: (peer: NodeId) => boolean) {
    this.#layout = layout;
    this.#rng = rng;
    this.#isOnParole = isOnParole;
    this.blocksPerPiece = Math.ceil(layout.pieceLength / BLOCK_BYTES);
    this.#maxOpen = Math.max(MIN_OPEN_PIECES, Math.floor(MAX_OPEN_BYTES / layout.pieceLength));
    this.#rarity = new Rarity(layout.pieceCount, rng);
    this.#places = new Int32Array(layout.pieceCount).fill(LISTED);
    for (let piece = 0; piece < layout.pieceCount; piece++) if (stored.has(piece)) this.#markStored(piece);
  }

  get storedCount(): number {
    return this.#storedCount;
  }

  get openPieces(): readonly OpenPiece[] {
    return this.#open;
  }

  /** Peers known to have the piece. */
  availability(piece: number): number {
    return this.#seeds + this.#rarity.count(piece);
  }

  /** The piece, while it is open. */
  openPiece(piece: number): OpenPiece | undefined {
    const slot = this.#places[piece];
    return slot === undefined || slot < 0 ? undefined : this.#open[slot];
  }

  isStored(piece: number): boolean {
    return this.#places[piece] === STORED;
  }

  blockLength(block: number): number {
    const piece = Math.floor(block / this.blocksPerPiece);
    const begin = (block - piece * this.blocksPerPiece) * BLOCK_BYTES;
    return Math.min(BLOCK_BYTES, this.#pieceLength(piece) - begin);
  }

  /** The peer said what it has. Before that it counts as one that has nothing. */
  addPeer(peer: PickerPeer, pieces: PieceSet): void {
    if (peer.isCountedAsSeed) this.#seeds--;
    peer.pieces = pieces;
    peer.wanted = 0;
    peer.nothingAt = -1;
    peer.isCountedAsSeed = pieces.isFull;
    if (pieces.isFull) {
      this.#seeds++;
      peer.wanted = this.#layout.pieceCount - this.#storedCount;
      return;
    }
    for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece)) this.#count(peer, piece);
  }

  /** The peer has one more piece. */
  addHave(peer: PickerPeer, piece: number): void {
    if (!peer.pieces?.add(piece)) return;
    this.#count(peer, piece);
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
    const current = peer.current;
    if (current && current.free > 0 && this.#mayFetch(peer, current)) return this.#take(current);
    const open = this.#findPartial(peer, now) ?? this.#startPiece(peer, now);
    if (!open) return this.#pickBusy(peer);
    peer.current = open;
    return this.#take(open);
  }

  /** The peer will not send this block, for which it was counted. */
  release(block: number): void {
    const open = this.#openOf(block);
    if (!open) return;
    open.removeRequester(block % this.blocksPerPiece);
    this.#refreshPartial(open);
    if (open.busy === 0) this.#generation++;
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
    this.#refreshPartial(open);
    if (open.isWhole) return hasRivals ? WHOLE_RIVALS : WHOLE;
    return hasRivals ? KEPT_RIVALS : KEPT;
  }

  /** The whole piece matched its hash and is stored. Returns who sent it. */
  setStored(piece: number): NodeId[] {
    const open = this.#close(piece);
    if (!open) return [];
    this.#markStored(piece);
    this.#generation++;
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
    const open = this.openPiece(piece);
    const senders = new Set<NodeId>();
    for (const place of open ? places : []) {
      const sender = open?.discard(place);
      if (sender !== undefined) senders.add(sender);
    }
    if (open) this.#refreshPartial(open);
    this.#generation++;
    return [...senders];
  }

  /** A block that `from` sent is bad. It is missing again, unless the piece is whole: then `setPartlyFailed` follows. */
  setBlockBad(piece: number, place: number, from: NodeId): void {
    const open = this.openPiece(piece);
    if (!open || open.isWhole || open.senderOf(place) !== from) return;
    open.discard(place);
    this.#refreshPartial(open);
    this.#generation++;
  }

  /**
   * Frees the blocks of `peer` in pieces that are not whole yet: nothing it sent is worth keeping, except in pieces whose
   * blocks are judged one by one.
   */
  discardFrom(peer: NodeId, isSpared: (piece: number) => boolean): void {
    for (const open of this.#open) {
      if (open.isWhole || isSpared(open.index)) continue;
      open.discardFrom(peer);
      this.#refreshPartial(open);
    }
    this.#generation++;
  }

  /** Pieces that were abandoned since the last call, and whose buffers can go. */
  takeDropped(): readonly number[] {
    if (this.#dropped.length === 0) return this.#dropped;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  /** A peer that has nothing to do looks for a new piece. Bounded work: not repeated until something changed. */
  #startPiece(peer: PickerPeer, now: Millis): OpenPiece | undefined {
    if (peer.nothingAt === this.#generation) return undefined;
    const isOnParole = this.#isOnParole(peer.id);
    const piece = this.#findNew(peer, isOnParole);
    if (piece >= 0 && (this.#open.length < this.#maxOpen || this.#evict())) {
      return this.#openPiece(piece, now, isOnParole ? peer.id : undefined);
    }
    const adopted = isOnParole ? this.#adopt(peer) : undefined;
    if (!adopted) peer.nothingAt = this.#generation;
    return adopted;
  }

  #findNew(peer: PickerPeer, isOnParole: boolean): number {
    const pieces = peer.pieces as PieceSet;
    const rarity = this.#rarity;
    if (isOnParole) {
      this.#failedPieces = this.#failedPieces.filter((piece) => rarity.isListed(piece));
      const failed = this.#failedPieces.find((piece) => pieces.has(piece));
      if (failed !== undefined) return failed;
    }
    const from = peer.isCountedAsSeed ? 0 : rarity.firstAvailable;
    const length = rarity.size - from;
    if (length <= 0) return -1;
    const offset = this.#storedCount < RANDOM_FIRST_PIECES ? randomBelow(this.#rng, length) : 0;
    for (let i = 0; i < length; i++) {
      const piece = rarity.at(from + ((offset + i) % length));
      if (pieces.has(piece)) return piece;
    }
    return -1;
  }

  #findPartial(peer: PickerPeer, now: Millis): OpenPiece | undefined {
    for (const open of this.#partial) {
      // A suspect that dawdles must not hold up the end of a download.
      if (open.owner !== undefined && this.#rarity.size === 0 && now - open.openedAt > PAROLE_PIECE_MS)
        open.owner = undefined;
      if (this.#mayFetch(peer, open)) return open;
    }
    return undefined;
  }

  /** End-game: the block of which the fewest are asked, if every missing block is asked for and the peer is idle. */
  #pickBusy(peer: PickerPeer): number {
    if (this.#rarity.size > 0 || peer.outstanding.counted > 0 || this.#open.length === 0) return -1;
    const offset = randomBelow(this.#rng, this.#open.length);
    let best = -1;
    let bestRequesters = MAX_BLOCK_REQUESTERS;
    for (let i = 0; i < this.#open.length && bestRequesters > 1; i++) {
      const open = this.#open[(offset + i) % this.#open.length] as OpenPiece;
      if (open.busy === 0 || !this.#mayFetch(peer, open)) continue;
      for (let place = 0; place < open.blockCount && bestRequesters > 1; place++) {
        const requesters = open.requesters(place);
        if (requesters === 0 || requesters >= bestRequesters) continue;
        const block = open.index * this.blocksPerPiece + place;
        if (peer.outstanding.has(block)) continue;
        best = block;
        bestRequesters = requesters;
      }
    }
    if (best >= 0) this.#openOf(best)?.addRequester(best % this.blocksPerPiece);
    return best;
  }

  /** A suspect for whom no new piece is left takes over one that nobody is fetching, from the start. */
  #adopt(peer: PickerPeer): OpenPiece | undefined {
    for (const open of this.#partial) {
      if (open.busy > 0 || open.owner !== undefined || !peer.pieces?.has(open.index)) continue;
      open.discardAll();
      open.owner = peer.id;
      return open;
    }
    return undefined;
  }

  /** Makes room by giving up a piece that nobody is fetching: one that nobody has, or else the least complete. */
  #evict(): boolean {
    let victim: OpenPiece | undefined;
    for (const open of this.#open) {
      if (open.busy > 0 || open.isWhole) continue;
      if (!victim || this.#worth(open) < this.#worth(victim)) victim = open;
    }
    if (!victim) return false;
    this.#close(victim.index);
    this.#list(victim.index);
    this.#dropped.push(victim.index);
    return true;
  }

  #worth(open: OpenPiece): number {
    return this.availability(open.index) === 0 ? 0 : 1 + open.received;
  }

  #mayFetch(peer: PickerPeer, open: OpenPiece): boolean {
    if (!peer.pieces?.has(open.index)) return false;
    return open.owner === undefined ? !this.#isOnParole(peer.id) : open.owner === peer.id;
  }

  #disown(peer: NodeId): void {
    for (const open of this.#open) if (open.owner === peer) open.owner = undefined;
    this.#generation++;
  }

  #take(open: OpenPiece): number {
    const place = open.takeFree();
    this.#refreshPartial(open);
    return open.index * this.blocksPerPiece + place;
  }

  #count(peer: PickerPeer, piece: number): void {
    this.#rarity.increase(piece);
    if (!this.isStored(piece)) peer.wanted++;
  }

  #openOf(block: number): OpenPiece | undefined {
    return this.openPiece(Math.floor(block / this.blocksPerPiece));
  }

  #openPiece(piece: number, now: Millis, owner: NodeId | undefined): OpenPiece {
    this.#rarity.unlist(piece);
    const open = new OpenPiece(piece, Math.ceil(this.#pieceLength(piece) / BLOCK_BYTES), now, owner);
    open.slot = this.#open.push(open) - 1;
    this.#places[piece] = open.slot;
    this.#refreshPartial(open);
    return open;
  }

  /** Takes a piece out of the open ones; it is neither listed nor stored then. */
  #close(piece: number): OpenPiece | undefined {
    const slot = this.#places[piece];
    const open = slot === undefined || slot < 0 ? undefined : this.#open[slot];
    if (!open) return undefined;
    const last = this.#open.pop() as OpenPiece;
    if (last !== open) {
      this.#open[open.slot] = last;
      last.slot = open.slot;
      this.#places[last.index] = last.slot;
    }
    this.#removePartial(open);
    open.slot = -1;
    // A peer whose `current` this was must not take blocks of it any more.
    open.free = 0;
    return open;
  }

  #list(piece: number): void {
    this.#places[piece] = LISTED;
    this.#rarity.list(piece);
    this.#generation++;
  }

  #markStored(piece: number): void {
    this.#rarity.unlist(piece);
    this.#places[piece] = STORED;
    this.#storedCount++;
  }

  #refreshPartial(open: OpenPiece): void {
    if (open.free === 0) this.#removePartial(open);
    else if (open.partialSlot < 0) open.partialSlot = this.#partial.push(open) - 1;
  }

  #removePartial(open: OpenPiece): void {
    if (open.partialSlot < 0) return;
    const last = this.#partial.pop() as OpenPiece;
    if (last !== open) {
      this.#partial[open.partialSlot] = last;
      last.partialSlot = open.partialSlot;
    }
    open.partialSlot = -1;
  }

  #pieceLength(piece: number): number {
    const { pieceLength, totalLength, short } = this.#layout;
    return short?.get(piece) ?? Math.min(pieceLength, totalLength - piece * pieceLength);
  }
}
