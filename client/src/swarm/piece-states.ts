import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { MAX_OPEN_BYTES, MIN_OPEN_PIECES } from '../../../shared/src/limits/swarm.ts';
import type { Millis, Rng } from '../../../shared/src/machine.ts';
import { Deadlines, type PieceDeadline } from './deadlines.ts';
import type { OpenBlocks, PieceLayout } from './open-blocks.ts';
import type { OpenPiece } from './open-piece.ts';
import type { PeerKey } from './peer-key.ts';
import { PRIORITY } from './piece-priorities.ts';
import { PieceSet } from './piece-set.ts';
import { Rarity } from './rarity.ts';

/**
 * Which pieces are stored, open and missing, what each is wanted for, and how many peers have it. Of the missing ones
 * those that are wanted are listed by their rarity; an open piece is in no list. Who is asked for what is the picker's.
 */
export class PieceStates {
  /** The pieces that may be started. */
  readonly listed: Rarity;
  readonly #blocks: OpenBlocks;
  readonly #layout: PieceLayout;
  readonly #maxOpen: number;
  readonly #stored: PieceSet;
  readonly #deadlines = new Deadlines();
  /** Pieces that failed and can be started: suspects begin with them. BOUNDED: by the pieces; cleaned as it is read. */
  #failed: number[] = [];
  /** BOUNDED: by the pieces; the downloader takes them in the same call. */
  #dropped: number[] = [];
  #missingCount = 0;
  #seeds = 0;
  #generation = 0;

  constructor(layout: PieceLayout, stored: PieceSet, blocks: OpenBlocks, rng: Rng) {
    const { pieceCount, pieceLength } = layout;
    this.#layout = layout;
    this.#blocks = blocks;
    this.#maxOpen = Math.max(MIN_OPEN_PIECES, Math.floor(MAX_OPEN_BYTES / pieceLength));
    this.listed = new Rarity(pieceCount, rng);
    this.#stored = new PieceSet(pieceCount);
    for (let piece = 0; piece < pieceCount; piece++) {
      if (stored.has(piece)) this.#stored.add(piece);
      else {
        this.listed.list(piece);
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

  /** Bytes that are wanted and not here, give or take the ends of pieces. */
  get missingBytes(): number {
    return Math.max(0, this.#missingCount * this.#layout.pieceLength - this.#blocks.received * BLOCK_BYTES);
  }

  /** Every missing block is asked for (libtorrent, `strict_end_game_mode`). */
  get isEndgame(): boolean {
    const { partial, size } = this.#blocks.openPieces;
    return this.listed.size === 0 && partial.length === 0 && size > 0;
  }

  /** Pieces that a player waits for, the earliest deadline first. */
  get deadlines(): readonly PieceDeadline[] {
    return this.#deadlines.pieces;
  }

  /** Grows whenever a piece may have become startable. */
  get generation(): number {
    return this.#generation;
  }

  isStored(piece: number): boolean {
    return this.#stored.has(piece);
  }

  /** The piece is to be fetched. */
  isMissing(piece: number): boolean {
    return !this.#stored.has(piece) && this.listed.priority(piece) !== PRIORITY.skip;
  }

  /** Peers known to have the piece. */
  availability(piece: number): number {
    return this.#seeds + this.listed.count(piece);
  }

  /** One more peer has these pieces. Whoever has all of them is counted as a seed instead of piece by piece. */
  addHolder(pieces: PieceSet): void {
    if (pieces.isFull) this.#seeds++;
    else for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece)) this.listed.increase(piece);
  }

  /** One peer less has these pieces; `isSeed` says how it was counted. */
  removeHolder(pieces: PieceSet, isSeed: boolean): void {
    if (isSeed) this.#seeds--;
    else for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece)) this.listed.decrease(piece);
  }

  /** Sets the priority of every piece. Returns open pieces that are skipped from now on: the caller gives them up. */
  setPriorities(priorities: Uint8Array): readonly number[] {
    const given: number[] = [];
    for (let piece = 0; piece < this.#layout.pieceCount; piece++) {
      const priority = priorities[piece] ?? PRIORITY.normal;
      if (priority === this.listed.priority(piece)) continue;
      const wasMissing = this.isMissing(piece);
      const open = this.#blocks.openPieces.get(piece);
      this.listed.unlist(piece);
      this.listed.setPriority(piece, priority);
      this.#missingCount += Number(this.isMissing(piece)) - Number(wasMissing);
      // A whole piece is with the driver already and is stored all the same.
      if (open && priority === PRIORITY.skip && !open.isWhole) given.push(piece);
      else if (!open && !this.#stored.has(piece)) this.listed.list(piece);
    }
    // Peers would be asked for little at once for the sake of a piece that nobody fetches.
    this.#deadlines.retain((piece) => this.isMissing(piece));
    this.#generation++;
    return given;
  }

  /** A player needs the piece by then; `Infinity`: no more. */
  setDeadline(piece: number, at: Millis): void {
    if (at === Infinity) this.#deadlines.delete(piece);
    else if (piece >= 0 && piece < this.#layout.pieceCount && this.isMissing(piece)) this.#deadlines.set(piece, at);
  }

  /** A piece among these that failed and can be started. */
  findFailed(pieces: PieceSet): number | undefined {
    this.#failed = this.#failed.filter((piece) => this.listed.isListed(piece));
    return this.#failed.find((piece) => pieces.has(piece));
  }

  /**
   * Opens a listed piece, for `owner` alone if there is one. Undefined when no more may be open and each of those that
   * are is being fetched.
   */
  start(piece: number, now: Millis, owner: PeerKey | undefined): OpenPiece | undefined {
    if (!this.#makeRoom()) return undefined;
    this.listed.unlist(piece);
    return this.#blocks.open(piece, now, owner);
  }

  /** Gives an open piece up: nothing of it is kept. What peers were asked for it is the caller's. */
  abandon(piece: number): void {
    if (!this.#blocks.close(piece)) return;
    this.#dropped.push(piece);
    this.#list(piece);
  }

  /** Pieces that were abandoned since the last call, and whose buffers can go. */
  takeDropped(): readonly number[] {
    if (this.#dropped.length === 0) return this.#dropped;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  /** The whole piece matched its hash and is stored. Returns who sent it. */
  setStored(piece: number): PeerKey[] {
    const wasMissing = this.isMissing(piece);
    const open = this.#blocks.close(piece);
    if (!open) return [];
    this.listed.unlist(piece);
    this.#stored.add(piece);
    this.#deadlines.delete(piece);
    if (wasMissing) this.#missingCount--;
    return open.contributors();
  }

  /** The whole piece did not match, or could not be stored: it is missing again. Returns who sent it. */
  setFailed(piece: number): PeerKey[] {
    const open = this.#blocks.close(piece);
    if (!open) return [];
    this.#list(piece);
    this.#failed.push(piece);
    return open.contributors();
  }

  /** Makes room by giving up a piece that nobody is fetching: one that nobody has, or else the least complete. */
  #makeRoom(): boolean {
    const { openPieces } = this.#blocks;
    if (openPieces.size < this.#maxOpen) return true;
    let victim: OpenPiece | undefined;
    for (const open of openPieces.all) {
      if (open.busy > 0 || open.isWhole) continue;
      if (!victim || this.#worth(open) < this.#worth(victim)) victim = open;
    }
    if (victim) this.abandon(victim.index);
    return victim !== undefined;
  }

  #worth(open: OpenPiece): number {
    return this.availability(open.index) === 0 ? 0 : 1 + open.received;
  }

  #list(piece: number): void {
    this.listed.list(piece);
    this.#generation++;
  }
}
