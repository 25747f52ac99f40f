import type { Rng } from '../../../shared/src/machine.ts';
import { contentLengthOf } from './content-length.ts';
import { Downloader } from './downloader.ts';
import type { Effects } from './effects.ts';
import { HashExchange } from './hash-exchange.ts';
import type { HashServerHost } from './hash-server.ts';
import { shortPieces } from './hash-trees.ts';
import { pieceCountOf, pieceLengthOf } from './metainfo.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import { Picker } from './picker.ts';
import { PieceSet } from './piece-set.ts';
import type { Metainfo } from './types.ts';

/** What a torrent has from the moment its metadata is known: its pieces, and the means to get those that are missing. */
export class Content {
  /** Grows by the piece layers when peers sent them. */
  metainfo: Metainfo;
  readonly pieceCount: number;
  readonly stored: PieceSet;
  readonly picker: Picker;
  readonly downloader: Downloader;
  /** Undefined in v1. */
  readonly hashes: HashExchange | undefined;
  /** Lengths of the pieces behind which there is padding. */
  readonly #short: ReadonlyMap<number, number>;
  #doneBytes = 0;

  constructor(
    metainfo: Metainfo,
    storedBits: Uint8Array | undefined,
    rng: Rng,
    effects: Effects,
    sessions: ReadonlyMap<PeerKey, PeerSession>,
    isOnParole: (peer: PeerKey) => boolean,
    serving: Omit<HashServerHost, 'isStored'>,
  ) {
    this.metainfo = metainfo;
    this.pieceCount = pieceCountOf(metainfo.totalLength, metainfo.pieceLength);
    this.stored = (storedBits && PieceSet.fromBitfield(storedBits, this.pieceCount)) ?? new PieceSet(this.pieceCount);
    const { pieceLength, totalLength } = metainfo;
    this.#short = shortPieces(metainfo);
    this.picker = new Picker(
      { pieceCount: this.pieceCount, pieceLength, totalLength, short: this.#short },
      this.stored,
      rng,
      isOnParole,
    );
    if (metainfo.version !== 'v1') {
      const isStored = (piece: number): boolean => this.isStored(piece);
      this.hashes = new HashExchange(metainfo, effects, sessions, { ...serving, isStored });
    }
    this.downloader = new Downloader(effects, this.picker, sessions, this.hashes);
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if (this.stored.has(piece)) this.#doneBytes += this.#dataLength(piece);
    }
  }

  get isComplete(): boolean {
    return this.stored.isFull;
  }

  /** Every piece that is wanted is stored. */
  get isFinished(): boolean {
    return this.picker.pieces.missingCount === 0;
  }

  /** Bytes of stored pieces, without padding. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  /** Bytes of pieces that are wanted and not stored, without padding. */
  get leftBytes(): number {
    const { picker, metainfo } = this;
    if (picker.pieces.missingCount === this.pieceCount - this.stored.count)
      return contentLengthOf(metainfo) - this.#doneBytes;
    let bytes = 0;
    for (let piece = 0; piece < this.pieceCount; piece++)
      if (picker.pieces.isMissing(piece)) bytes += this.#dataLength(piece);
    return bytes;
  }

  isStored(piece: number): boolean {
    return this.picker.pieces.isStored(piece);
  }

  /** Frees what the peer sent, but where leaves tell which of its blocks are bad. */
  discardFrom(peer: PeerKey): void {
    this.picker.blocks.discardFrom(peer, (piece) => this.hashes?.trees.leavesOf(piece) !== undefined);
  }

  /** Peers sent the piece layers. */
  takeLayers(): void {
    const pieceLayers = this.hashes?.trees.layersOf(this.metainfo);
    this.metainfo = { ...this.metainfo, pieceLayers };
  }

  /** The piece is stored for good. Returns who sent it. */
  setStored(piece: number): PeerKey[] {
    this.hashes?.forget(piece);
    if (this.stored.add(piece)) this.#doneBytes += this.#dataLength(piece);
    return this.picker.pieces.setStored(piece);
  }

  #dataLength(piece: number): number {
    return this.#short.get(piece) ?? pieceLengthOf(this.metainfo, piece);
  }
}
