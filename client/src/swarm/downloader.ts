import type { NodeId } from '../../../shared/src/ids.ts';
import {
  BLOCK_BYTES,
  MAX_PIPELINE,
  MAX_REJECTS,
  REQUEST_BATCH,
  REQUEST_TIMEOUT_MS,
  SNUB_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Effects } from './effects.ts';
import type { HashExchange } from './hash-exchange.ts';
import type { PeerSession } from './peer-session.ts';
import type { Picker } from './picker.ts';
import { RateMeter } from './rate-meter.ts';
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
  /** Bytes of blocks that came and that nobody needed. */
  wastedBytes = 0;
  readonly #effects: Effects;
  readonly #picker: Picker;
  readonly #sessions: ReadonlyMap<NodeId, PeerSession>;
  /** Undefined in v1. */
  readonly #hashes: HashExchange | undefined;

  constructor(
    effects: Effects,
    picker: Picker,
    sessions: ReadonlyMap<NodeId, PeerSession>,
    hashes: HashExchange | undefined,
  ) {
    this.#hashes = hashes;
    this.#effects = effects;
    this.#picker = picker;
    this.#sessions = sessions;
  }

  /** Asks the peer for as much as its pipeline takes, once there is room for a batch. */
  fill(session: PeerSession, now: Millis): void {
    if (session.peerChoking || !session.amInterested || session.phase !== 'up') return;
    if (this.#hashes && !this.#hashes.isReady) return;
    const { outstanding, pipeline } = session;
    const room = pipeline.depth - outstanding.counted;
    if (room < Math.min(REQUEST_BATCH, pipeline.depth >> 2)) return;
    // Given-up requests that the peer may still answer count here: switching choke on and off must not pile them up.
    while (outstanding.counted < pipeline.depth && outstanding.length < 2 * MAX_PIPELINE) {
      const block = this.#picker.pick(session, now);
      if (block < 0) break;
      if (outstanding.counted === 0) session.progressAt = now;
      outstanding.push(block, now);
      this.#hashes?.want(session, Math.floor(block / this.#picker.blocksPerPiece), now);
      this.#request(session, block, 'request');
    }
    for (const piece of this.#picker.takeDropped()) this.#effects.run({ kind: 'dropPiece', piece });
  }

  onBlock(session: PeerSession, message: WireBlock, pieceCount: number, now: Millis): BlockOutcome {
    const { piece, begin, bytes } = message;
    if (piece >= pieceCount || begin % BLOCK_BYTES !== 0 || begin >= this.#picker.blocksPerPiece * BLOCK_BYTES)
      return 'malformed';
    const block = piece * this.#picker.blocksPerPiece + begin / BLOCK_BYTES;
    if (bytes.length !== this.#picker.blockLength(block)) return 'malformed';
    session.downloadedBytes += bytes.length;
    const taken = session.outstanding.take(block);
    if (taken === 'missing') {
      this.wastedBytes += bytes.length;
      return session.countUnwanted() ? 'malformed' : 'unwanted';
    }
    session.progressAt = now;
    session.rejects = 0;
    session.pipeline.onBlock(bytes.length, now);
    const receipt = this.#picker.receive(session, block, taken === 'counted');
    if (!receipt.isKept) {
      this.wastedBytes += bytes.length;
      return 'unwanted';
    }
    session.receivedThisRound += bytes.length;
    this.meter.add(bytes.length, now);
    const leaf = this.#hashes?.trees.leafAt(piece, begin / BLOCK_BYTES);
    this.#effects.run({ kind: 'keepBlock', piece, begin, bytes, from: session.id, leaf });
    if (receipt.hasRivals) this.#cancelRivals(session, block, now);
    return receipt.isWhole ? 'whole' : 'kept';
  }

  /** The peer refuses a request (BEP 6). False when it refused too often to be of use. */
  onReject(session: PeerSession, reject: WireRequest, pieceCount: number): boolean {
    if (reject.piece >= pieceCount || reject.begin % BLOCK_BYTES !== 0) return true;
    const place = reject.begin / BLOCK_BYTES;
    if (place >= this.#picker.blocksPerPiece) return true;
    const block = reject.piece * this.#picker.blocksPerPiece + place;
    const taken = session.outstanding.take(block);
    if (taken === 'counted') this.#picker.release(block);
    if (taken === 'missing' || session.peerChoking) return true;
    return ++session.rejects <= MAX_REJECTS;
  }

  /** The peer chokes us: what it was asked for is free. Without BEP 6 that is its refusal of all of it. */
  onChoke(session: PeerSession): void {
    this.#picker.releaseAll(session);
    if (session.hasFast) return;
    while (session.outstanding.length > 0) {
      session.forgive(1);
      session.outstanding.shift(() => {});
    }
  }

  /** Takes back everything that the peer was asked for. */
  cancelAll(session: PeerSession): void {
    while (session.outstanding.length > 0) this.#giveUpOldest(session);
  }

  /** Once a second: gives up on requests and peers that do not answer. True when blocks became free for others. */
  tick(session: PeerSession, now: Millis): boolean {
    session.pipeline.tick(now);
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

  /** Others were asked for the block that is here now: they are told, and asked for something else. */
  #cancelRivals(sender: PeerSession, block: number, now: Millis): void {
    for (const rival of this.#sessions.values()) {
      if (rival === sender || rival.outstanding.take(block) === 'missing') continue;
      rival.forgive(1);
      this.#request(rival, block, 'cancel');
      this.fill(rival, now);
    }
  }

  #giveUpOldest(session: PeerSession): void {
    session.outstanding.shift((block, isCounted) => {
      if (isCounted) this.#picker.release(block);
      session.forgive(1);
      this.#request(session, block, 'cancel');
    });
  }

  #request(session: PeerSession, block: number, kind: 'request' | 'cancel'): void {
    const piece = Math.floor(block / this.#picker.blocksPerPiece);
    const begin = (block - piece * this.#picker.blocksPerPiece) * BLOCK_BYTES;
    this.#effects.write(session)[kind](piece, begin, this.#picker.blockLength(block));
  }
}
