import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  MAX_PIPELINE,
  MAX_REJECTS,
  PIPELINE_MS,
  REQUEST_BATCH,
  REQUEST_TIMEOUT_MS,
  SNUB_MS,
  URGENT_PIPELINE_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Effects } from './effects.ts';
import { type EndgamePeer, chooseBusyBlock } from './endgame.ts';
import type { HashExchange } from './hash-exchange.ts';
import type { Outstanding } from './outstanding.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { Picker } from './picker.ts';
import { RateMeter } from './rate-meter.ts';
import { TokenBucket } from './token-bucket.ts';
import { Trials } from './trials.ts';
import { Urgent } from './urgent.ts';
import type { WireBlock, WireRequest } from './wire.ts';

/** What came of a block. */
export type BlockOutcome =
  | 'kept'
  /** Kept, and the piece is whole now. */
  | 'whole'
  /** Nobody needs it (any more). */
  | 'unwanted'
  /** No honest peer would have sent it. */
  | 'malformed';

/** Asks peers for blocks and takes what they send. Knows requests and blocks; pieces and hashes are the torrent's. */
export class Downloader {
  readonly meter = new RateMeter();
  readonly limit = new TokenBucket();
  /** When peers may be asked for more; undefined while nothing holds them back. */
  throttledUntil: Millis | undefined;
  /** Bytes of blocks that came and that nobody needed. */
  wastedBytes = 0;
  /** Others than peers that owe blocks: requests to web seeds. BOUNDED: by MAX_WEB_FETCHES. */
  readonly foreign = new Set<EndgamePeer>();
  readonly trials: Trials | undefined;
  readonly #effects: Effects;
  readonly #picker: Picker;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;
  readonly #urgent: Urgent;
  /** Undefined in v1, as are the trials. */
  readonly #hashes: HashExchange | undefined;

  constructor(
    effects: Effects,
    picker: Picker,
    sessions: ReadonlyMap<PeerKey, PeerSession>,
    hashes: HashExchange | undefined,
  ) {
    this.#hashes = hashes;
    this.trials = hashes && new Trials(hashes, picker.blocks, sessions);
    this.#effects = effects;
    this.#picker = picker;
    this.#sessions = sessions;
    this.#urgent = new Urgent(picker, () => sessions.values());
  }

  /** Asks the peer for as much as its pipeline takes, once there is room for a batch. */
  fill(session: PeerSession, now: Millis): void {
    if ((session.peerChoking && session.allowedFast.size === 0) || !session.amInterested || session.phase !== 'up')
      return;
    if (this.#hashes && !this.#hashes.isReady) return;
    const { outstanding } = session;
    const depth = this.#depthOf(session, now);
    if (depth - outstanding.counted < Math.min(REQUEST_BATCH, depth >> 2)) return;
    // Given-up requests that the peer may still answer count here: switching choke on and off must not pile them up.
    while (outstanding.counted < depth && outstanding.length < 2 * MAX_PIPELINE) {
      if (this.trials?.mayAsk(session, now) === false) break;
      if (!this.limit.hasRoom(now)) {
        this.throttledUntil = this.limit.roomAt(now);
        break;
      }
      const block = this.#pick(session, now);
      if (block < 0) break;
      if (outstanding.counted === 0) session.progressAt = now;
      // What a peer that stood still was asked for before is on its way. One that still does is asked again, to be sure.
      if (!session.pipeline.isSnubbed && outstanding.recount(block)) continue;
      this.limit.spend(this.#picker.blocks.lengthOf(block));
      outstanding.push(block, now);
      this.#hashes?.want(session, Math.floor(block / this.#picker.blocks.perPiece), now);
      this.#request(session, block, 'request');
    }
    this.#drop();
  }

  /**
   * Requests to keep outstanding. What is left is to be here as soon as possible: towards the end no peer is asked for
   * more than it will have sent when all are done, or the slow ones would owe what the fast ones could have fetched.
   */
  #depthOf({ pipeline }: PeerSession, now: Millis): number {
    const rate = this.meter.perSecond(now);
    const leftMs = rate === 0 ? Infinity : (1000 * this.#picker.pieces.missingBytes) / rate;
    const mostMs = this.#picker.pieces.deadlines.length > 0 ? URGENT_PIPELINE_MS : PIPELINE_MS;
    return Math.min(leftMs, mostMs) < PIPELINE_MS ? pipeline.depthFor(Math.min(leftMs, mostMs)) : pipeline.depth;
  }

  #pick(session: PeerSession, now: Millis): number {
    if (session.peerChoking) return this.#picker.pickAmong(session, session.allowedFast, now);
    const urgent = this.#urgent.pick(session, now);
    const block = urgent >= 0 ? urgent : this.#picker.pick(session, now);
    if (block >= 0) return block;
    const busy = chooseBusyBlock(session, [...this.#sessions.values(), ...this.foreign], this.#picker, now);
    if (busy >= 0) this.#picker.blocks.addRequester(busy);
    return busy;
  }

  onBlock(session: PeerSession, message: WireBlock, pieceCount: number, now: Millis): BlockOutcome {
    const { piece, begin, bytes } = message;
    if (piece >= pieceCount || begin % BLOCK_BYTES !== 0 || begin >= this.#picker.blocks.perPiece * BLOCK_BYTES)
      return 'malformed';
    const block = piece * this.#picker.blocks.perPiece + begin / BLOCK_BYTES;
    if (bytes.length !== this.#picker.blocks.lengthOf(block)) return 'malformed';
    session.downloadedBytes += bytes.length;
    const taken = session.outstanding.take(block);
    if (taken === 'missing') {
      this.wastedBytes += bytes.length;
      return session.countUnwanted() ? 'malformed' : 'unwanted';
    }
    session.progressAt = now;
    session.rejects = 0;
    session.pipeline.onBlock(bytes.length, now, session.outstanding.takenSentAt);
    const receipt = this.#picker.blocks.receive(session.id, block, taken === 'counted');
    if (!receipt.isKept) {
      this.wastedBytes += bytes.length;
      return 'unwanted';
    }
    session.receivedThisRound += bytes.length;
    session.usefulBytes += bytes.length;
    this.trials?.onKept(session.id, block, session.outstanding.takenSentAt);
    this.#keep(session.id, piece, begin, bytes, now, this.trials?.isOn(session.id));
    if (receipt.hasRivals) this.#cancelRivals(session, block, now);
    return receipt.isWhole ? 'whole' : 'kept';
  }

  /** A block came from a web seed that was asked for it. */
  onWebBlock(from: PeerKey, piece: number, begin: number, bytes: Uint8Array, now: Millis): BlockOutcome {
    const block = piece * this.#picker.blocks.perPiece + begin / BLOCK_BYTES;
    const receipt = this.#picker.blocks.receive(from, block, true);
    if (!receipt.isKept) {
      this.wastedBytes += bytes.length;
      return 'unwanted';
    }
    this.#keep(from, piece, begin, bytes, now);
    if (receipt.hasRivals) this.#cancelRivals(undefined, block, now);
    return receipt.isWhole ? 'whole' : 'kept';
  }

  #keep(from: PeerKey, piece: number, begin: number, bytes: Uint8Array, now: Millis, isTrial = false): void {
    this.meter.add(bytes.length, now);
    const leaf = this.#hashes?.trees.leafAt(piece, begin / BLOCK_BYTES);
    this.#effects.run({ kind: 'keepBlock', piece, begin, bytes, from, leaf, isTrial });
    const open = this.#picker.blocks.openPieces.get(piece);
    open?.onBlock(now);
    if (open?.isWhole) this.#urgent.onWhole(piece, now);
  }

  /** The peer refuses a request (BEP 6). False when it refused too often to be of use. */
  onReject(session: PeerSession, reject: WireRequest, pieceCount: number): boolean {
    if (reject.piece >= pieceCount || reject.begin % BLOCK_BYTES !== 0) return true;
    const place = reject.begin / BLOCK_BYTES;
    if (place >= this.#picker.blocks.perPiece) return true;
    const block = reject.piece * this.#picker.blocks.perPiece + place;
    const taken = session.outstanding.take(block);
    if (taken === 'missing') return true;
    this.#refund(block);
    if (taken === 'counted') this.#picker.blocks.release(block);
    if (taken === 'cancelled') return true;
    if (session.peerChoking) {
      // What it offered it does not give (any more): asked again, it would refuse again.
      session.allowedFast.delete(reject.piece);
      return true;
    }
    return ++session.rejects <= MAX_REJECTS;
  }

  /**
   * The peer chokes us. With BEP 6 it answers every request all the same, by a block or a reject: those on their way to
   * it when it chokes and unchokes again are served, and asking others for them would fetch them twice. Without BEP 6
   * the choke refuses all of them. False when it chokes again and again before anything came, and is of no use.
   */
  onChoke(session: PeerSession): boolean {
    const isOfUse = session.outstanding.counted === 0 || ++session.rejects <= MAX_REJECTS;
    if (session.hasFast) return isOfUse;
    this.#picker.releaseAll(session);
    while (session.outstanding.length > 0) {
      session.forgive(1);
      session.outstanding.shift((block) => this.#refund(block));
    }
    return isOfUse;
  }

  /** Who was asked for this is gone. What it owes uses nothing of the limit up. */
  forget(outstanding: Outstanding): void {
    for (const block of outstanding.blocks()) this.#refund(block);
  }

  /** Gives pieces up that are not wanted any more: nobody is to send anything of them. */
  abandon(pieces: readonly number[]): void {
    const given = new Set(pieces);
    if (given.size === 0) return;
    for (const session of this.#sessions.values()) {
      for (const block of session.outstanding.blocks())
        if (given.has(Math.floor(block / this.#picker.blocks.perPiece))) this.#cancel(session, block);
    }
    for (const piece of pieces) this.#picker.pieces.abandon(piece);
    this.#drop();
  }

  /** Takes back everything that the peer was asked for. */
  cancelAll(session: PeerSession): void {
    for (const block of session.outstanding.blocks()) this.#cancel(session, block);
  }

  /** Once a second: gives up on requests and peers that do not answer. True when blocks became free for others. */
  tick(session: PeerSession, now: Millis): boolean {
    session.pipeline.tick(now);
    if (session.amInterested) this.trials?.seekHashes(session, now);
    const { outstanding } = session;
    const before = outstanding.counted;
    while (outstanding.oldestAt !== undefined && now - outstanding.oldestAt >= REQUEST_TIMEOUT_MS)
      this.#giveUpOldest(session);
    if (outstanding.counted > 0 && now - session.progressAt >= SNUB_MS) {
      session.pipeline.isSnubbed = true;
      this.#picker.releaseAll(session);
    }
    return outstanding.counted < before;
  }

  /**
   * Others were asked for the block that is here now, or the sender again: they are told, and asked for something else.
   */
  #cancelRivals(sender: PeerSession | undefined, block: number, now: Millis): void {
    for (const rival of this.#sessions.values())
      if (this.#cancel(rival, block) && rival !== sender) this.fill(rival, now);
  }

  /** Takes a request back. False when there is none. With BEP 6 it is answered all the same, by the block or a reject. */
  #cancel(session: PeerSession, block: number): boolean {
    const { outstanding } = session;
    const state = session.hasFast ? outstanding.cancel(block) : outstanding.take(block);
    if (state === 'missing') return false;
    if (state === 'counted') this.#picker.blocks.release(block);
    if (!session.hasFast) session.forgive(1);
    this.#request(session, block, 'cancel');
    return true;
  }

  #drop(): void {
    for (const piece of this.#picker.pieces.takeDropped()) {
      this.#hashes?.forget(piece);
      this.#effects.run({ kind: 'dropPiece', piece });
    }
  }

  #giveUpOldest(session: PeerSession): void {
    session.outstanding.shift((block, isCounted) => {
      this.#refund(block);
      if (isCounted) this.#picker.blocks.release(block);
      session.forgive(1);
      this.#request(session, block, 'cancel');
    });
  }

  #refund(block: number): void {
    this.limit.refund(this.#picker.blocks.lengthOf(block));
  }

  #request(session: PeerSession, block: number, kind: 'request' | 'cancel'): void {
    const piece = Math.floor(block / this.#picker.blocks.perPiece);
    const begin = (block - piece * this.#picker.blocks.perPiece) * BLOCK_BYTES;
    this.#effects.write(session)[kind](piece, begin, this.#picker.blocks.lengthOf(block));
  }
}
