import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_PIECES } from '../../../shared/src/limits/metainfo.ts';
import { IDLE_SLOT_MS, MAX_UNWANTED_BLOCKS } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { ChokerPeer } from './choker.ts';
import type { OpenPiece } from './open-piece.ts';
import { Outstanding } from './outstanding.ts';
import { type PeerKey, peerIdOf } from './peer-key.ts';
import type { PickerPeer } from './picker.ts';
import { PieceSet } from './piece-set.ts';
import { Pipeline } from './pipeline.ts';
import { RateMeter } from './rate-meter.ts';
import { RequestQueue } from './request-queue.ts';
import type { PeerSource, TorrentPeerInfo } from './types.ts';
import type { Revealed } from './super-seeder.ts';
import { WireDecoder } from './wire-decoder.ts';
import { type FileHashRange, WireWriter } from './wire.ts';

/**
 * How far a peer got. `greeting`: its handshake is not here yet. `up`: messages flow. `closed`: given up; nothing it
 * sent counts any more.
 *
 *     greeting ──handshake──▶ up ──error, ban, stop, link down──▶ closed
 *         └───────────────wrong handshake, timeout──────────────────┘
 */
export type SessionPhase = 'greeting' | 'up' | 'closed';

/** Everything a torrent knows about one connected peer. */
export class PeerSession implements PickerPeer, ChokerPeer {
  readonly id: PeerKey;
  /** What it goes by on the wire. */
  readonly idBytes: Uint8Array;
  readonly connectedAt: Millis;
  /** The link was opened from here, so others can reach the peer. */
  readonly isOutbound: boolean;
  readonly source: PeerSource;
  /** What both greet with: of a hybrid torrent the hash under which they met; the torrent's own when it is undefined. */
  infoHash: Uint8Array | undefined;
  phase: SessionPhase = 'greeting';

  readonly decoder = new WireDecoder();
  /** What is to be sent when the present input is dealt with. */
  readonly writer = new WireWriter();
  lastReceivedAt: Millis;
  lastSentAt: Millis;
  isCongested = false;
  /** Bytes other than blocks that were sent while congested. */
  congestedBytes = 0;

  /** Everything that a greeting says was sent along with our handshake. */
  isGreetedAhead = false;
  hasFast = false;
  hasExtended = false;
  /** The peer speaks BEP 52. */
  hasV2 = false;
  /** Id for ut_metadata messages to the peer; undefined when it does not speak them. */
  metadataId: number | undefined;
  /** Its program, as it says. */
  program: string | undefined;
  /** The peer said that it has the metadata. */
  hasMetadata = false;

  readonly exchange = new ExchangeState();

  amChoking = true;
  amInterested = false;
  peerChoking = true;
  peerInterested = false;

  // Download side.
  /** The peer said something about its pieces: a bitfield can no longer come. */
  hasSpoken = false;
  pieces: PieceSet | undefined;
  isCountedAsSeed = false;
  wanted = 0;
  readonly outstanding = new Outstanding();
  current: OpenPiece | undefined;
  nothingAt = -1;
  readonly pipeline = new Pipeline();
  /** What the peer said it has before the metadata told how many pieces there are. */
  readonly early = new EarlyPieces();
  /** The peer is not asked for piece layers before. */
  hashesRestUntil: Millis = 0;
  /** The peer is not relied on for leaves before: it refused some, or let the time for them pass. */
  leavesRestUntil: Millis = 0;
  /** When the peer last sent a block that was asked for, or was asked while it owed nothing. */
  progressAt: Millis;
  /** Blocks that came unasked, less those that were cancelled and may have crossed. */
  unwantedBlocks = 0;
  rejects = 0;
  /** Pieces that the peer serves while it chokes (BEP 6). BOUNDED: by MAX_ALLOWED_FAST. */
  readonly allowedFast = new Set<number>();
  downloadedBytes = 0;
  /** Of what the peer sent, blocks that were kept. [bytes] */
  usefulBytes = 0;

  // Upload side.
  /** What a super-seed let the peer know; undefined for all that is here. */
  revealed: Revealed | undefined;
  slot: TorrentPeerInfo['slot'] = 'none';
  since: Millis;
  /** When the peer was last sent a block. */
  servedAt: Millis = 0;
  receivedThisRound = 0;
  sentThisRound = 0;
  readonly queue = new RequestQueue();
  /** Pieces that the peer may ask for while it is choked, and what of each it may still have. BOUNDED: by ALLOWED_FAST_PIECES. */
  readonly offeredFast = new Map<number, number>();
  /** Metadata blocks asked for. BOUNDED: by MAX_QUEUED_METADATA. */
  metadataQueue: number[] = [];
  /** Metadata blocks asked for in this second. */
  metadataAsks = 0;
  /** Hash requests that the upload limit has no room for. BOUNDED: by MAX_QUEUED_HASHES. */
  readonly hashQueue: FileHashRange[] = [];
  /** Hash requests answered in this second, and those that wait for a piece to be hashed. */
  hashAnswers = 0;
  /** Nodes of trees computed for them in this second. */
  hashedNodes = 0;
  hashJobs = 0;
  /** Pieces that were to be hashed for it in this second while it was choked. */
  hashLoans = 0;
  readonly upMeter = new RateMeter();
  burstLeft = 0;
  burstEndsAt: Millis = 0;

  constructor(id: PeerKey, isOutbound: boolean, now: Millis, source: PeerSource = 'link') {
    this.id = id;
    this.source = source;
    this.isOutbound = isOutbound;
    this.idBytes = peerIdOf(id);
    this.connectedAt = now;
    this.lastReceivedAt = now;
    this.lastSentAt = now;
    this.progressAt = now;
    this.since = now;
  }

  get isInterested(): boolean {
    return this.peerInterested;
  }

  get isOfUse(): boolean {
    return this.amInterested;
  }

  get debtBytes(): number {
    return this.upMeter.total - this.usefulBytes;
  }

  get progress(): number {
    return this.pieces && this.pieces.size > 0 ? this.pieces.count / this.pieces.size : 0;
  }

  isIdle(now: Millis): boolean {
    return this.queue.length === 0 && now - Math.max(this.servedAt, this.since) >= IDLE_SLOT_MS;
  }

  /** What of leaves it refused while it choked it may give now. Silence had nothing to do with that. */
  onUnchoked(): undefined {
    if (this.leavesRestUntil < Infinity) this.leavesRestUntil = 0;
  }

  /** A block came unasked. True when it was one too many. */
  countUnwanted(): boolean {
    return ++this.unwantedBlocks > MAX_UNWANTED_BLOCKS;
  }

  /** Blocks that the peer was asked for are no longer wanted: they may still come. */
  forgive(blocks: number): void {
    this.unwantedBlocks -= blocks;
  }

  info(now: Millis): TorrentPeerInfo {
    return {
      id: this.id,
      downBytesPerSecond: this.pipeline.meter.perSecond(now),
      upBytesPerSecond: this.upMeter.perSecond(now),
      uploadedBytes: this.upMeter.total,
      downloadedBytes: this.downloadedBytes,
      pieces: this.pieces?.count,
      amChoking: this.amChoking,
      amInterested: this.amInterested,
      peerChoking: this.peerChoking,
      peerInterested: this.peerInterested,
      slot: this.slot,
      isSnubbed: this.pipeline.isSnubbed,
      isInbound: !this.isOutbound,
      source: this.source,
      program: this.program,
    };
  }
}

/** How far the peer exchange with one peer is. */
export class ExchangeState {
  /** Id for messages of the exchange to the peer; undefined when it does not speak it. */
  peerId: number | undefined;
  /** Whom the peer was told of as connected. BOUNDED: by MAX_TORRENT_PEERS. */
  readonly told = new Set<NodeId>();
  /** Undefined before the first message to the peer. */
  sentAt: Millis | undefined;
  receivedAt: Millis = -Infinity;
}

/** A peer's announcements of pieces before their number is known. BOUNDED: by MAX_PIECES bits. */
export class EarlyPieces {
  #hasAll = false;
  /** Length of the bitfield it sent; undefined when it sent none. */
  #bitfieldLength: number | undefined;
  #bits = new Uint8Array(0);
  /** One past the highest piece announced. */
  #end = 0;

  setAll(): void {
    this.#hasAll = true;
  }

  setBitfield(bits: Uint8Array): void {
    this.#bitfieldLength = bits.length;
    this.#bits = bits.slice();
  }

  /** False when no torrent has such a piece. */
  add(piece: number): boolean {
    if (piece >= MAX_PIECES) return false;
    const byte = piece >> 3;
    if (byte >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(byte + 1, 2 * this.#bits.length));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[byte] = (this.#bits[byte] as number) | (0x80 >> (piece & 7));
    this.#end = Math.max(this.#end, piece + 1);
    return true;
  }

  /** What the peer has, now that the number of pieces is known. Undefined when what it said cannot be. */
  resolve(pieceCount: number): PieceSet | undefined {
    if (this.#end > pieceCount) return undefined;
    if (this.#hasAll) return PieceSet.full(pieceCount);
    const length = Math.ceil(pieceCount / 8);
    if (this.#bitfieldLength !== undefined && this.#bitfieldLength !== length) return undefined;
    const bits = new Uint8Array(length);
    bits.set(this.#bits.subarray(0, length));
    return PieceSet.fromBitfield(bits, pieceCount);
  }
}
