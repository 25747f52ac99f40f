import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  MAX_METADATA_COPIES_PER_SECOND,
  MAX_QUEUED_METADATA,
  MAX_QUEUED_REQUESTS,
  MAX_REQUEST_BYTES,
  UPLOAD_BURST_BLOCKS,
  UPLOAD_BURST_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { AllowedFast } from './allowed-fast.ts';
import { Answers } from './answers.ts';
import type { Effects } from './effects.ts';
import { encodeMetadataDataHeader, encodeMetadataReject } from './extension.ts';
import { pieceCountOf, pieceLengthOf } from './metainfo.ts';
import type { PeerSession } from './peer-session.ts';
import { RateMeter } from './rate-meter.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Metainfo } from './types.ts';
import type { WireRequest } from './wire.ts';

/** What the uploader needs of the torrent. */
export interface UploadContent {
  readonly metainfo: Metainfo;
  isStored(piece: number): boolean;
}

/**
 * Serves what peers ask for: blocks of stored pieces and the metadata. Requests wait in a bounded queue for each peer
 * and leave it in small bursts while the peer's channel has room, so no peer fills the send queue of the page.
 */
export class Uploader {
  readonly meter = new RateMeter();
  readonly limit = new TokenBucket();
  /** Metadata and hashes are no payload: they spend the limit and are not metered. */
  readonly answers = new Answers(this.limit);
  readonly allowedFast: AllowedFast;
  readonly #effects: Effects;

  constructor(effects: Effects) {
    this.#effects = effects;
    this.allowedFast = new AllowedFast(effects);
  }

  /** Sets what is sent in a second at most; undefined for no limit. [bytes/s] */
  setLimit(perSecond: number | undefined, now: Millis): void {
    this.limit.setRate(perSecond, now);
    this.answers.setRate(perSecond, now);
  }

  /** False when no honest peer would ask so. */
  onRequest(session: PeerSession, request: WireRequest, content: UploadContent | undefined): boolean {
    if (request.length === 0 || request.length > MAX_REQUEST_BYTES) return false;
    if (!content) {
      this.#reject(session, request);
      return true;
    }
    const { metainfo } = content;
    if (request.piece >= pieceCountOf(metainfo.totalLength, metainfo.pieceLength)) return false;
    if (request.begin + request.length > pieceLengthOf(metainfo, request.piece)) return false;
    const isRefused =
      session.queue.length >= MAX_QUEUED_REQUESTS ||
      !content.isStored(request.piece) ||
      session.revealed?.pieces.has(request.piece) === false ||
      (session.amChoking && !this.allowedFast.grant(session, request));
    if (isRefused) this.#reject(session, request);
    else session.queue.push(request);
    return true;
  }

  onCancel(session: PeerSession, cancel: WireRequest): void {
    // BEP 6: a cancelled request is answered, too.
    if (session.queue.remove(cancel.piece, cancel.begin, cancel.length)) this.#reject(session, cancel);
  }

  /** The peer asks for a block of the metadata (BEP 9). */
  onMetadataRequest(session: PeerSession, block: number, infoBytes: Uint8Array | undefined): void {
    const blockCount = Math.ceil((infoBytes?.length ?? 0) / BLOCK_BYTES);
    // Who waits so long under a limit that it asks again is sent the block once.
    if (session.metadataQueue.includes(block)) return;
    const isServed =
      block < blockCount &&
      ++session.metadataAsks <= MAX_METADATA_COPIES_PER_SECOND * blockCount &&
      session.metadataQueue.length < MAX_QUEUED_METADATA;
    if (isServed) session.metadataQueue.push(block);
    else if (session.metadataId !== undefined) {
      this.#effects.write(session).extended(session.metadataId, encodeMetadataReject(block));
    }
  }

  /** The peer is choked from now on: of what it asked for, only what choked peers may have is sent. */
  choke(session: PeerSession): void {
    for (const request of session.queue.drain()) {
      if (this.allowedFast.grant(session, request)) session.queue.push(request);
      else this.#reject(session, request);
    }
  }

  /** The peer is sent nothing from now on, offered or not. */
  clear(session: PeerSession): void {
    session.offeredFast.clear();
    this.choke(session);
  }

  /** Sends what may be sent now. Returns when to call again; undefined when nothing waits or the channel must drain. */
  pump(session: PeerSession, infoBytes: Uint8Array | undefined, now: Millis): Millis | undefined {
    // Leaves that are being hashed for the peer, or wait for the limit, go out ahead of the blocks that they verify.
    if (
      session.isCongested ||
      session.hashJobs + session.hashQueue.length > 0 ||
      (session.queue.length === 0 && session.metadataQueue.length === 0)
    )
      return undefined;
    if (now >= session.burstEndsAt) {
      session.burstLeft = UPLOAD_BURST_BLOCKS;
      session.burstEndsAt = now + UPLOAD_BURST_MS;
    }
    while (session.burstLeft > 0 && infoBytes && session.metadataQueue.length > 0 && this.answers.hasRoom(now))
      this.#sendMetadata(session, infoBytes);
    while (session.burstLeft > 0 && session.queue.length > 0) {
      if (!this.limit.hasRoom(now)) return this.limit.roomAt(now);
      const request = session.queue.shift();
      if (!request) break;
      this.#sendBlock(session, request, now);
    }
    // What the burst had room for waits for the limit, if anything: `answers` says until when.
    if (session.burstLeft > 0) return undefined;
    return session.queue.length > 0 || session.metadataQueue.length > 0 ? session.burstEndsAt : undefined;
  }

  #sendBlock(session: PeerSession, request: WireRequest, now: Millis): void {
    const { piece, begin, length } = request;
    session.burstLeft -= Math.ceil(length / BLOCK_BYTES);
    session.servedAt = now;
    this.limit.spend(length);
    // What a choked peer is given is no reason to give it more.
    if (!session.amChoking) session.sentThisRound += length;
    session.upMeter.add(length, now);
    this.meter.add(length, now);
    session.lastSentAt = now;
    this.#effects.flush(session);
    this.#effects.run({ kind: 'sendBlock', to: session.id, piece, begin, length });
  }

  #sendMetadata(session: PeerSession, infoBytes: Uint8Array): void {
    session.burstLeft--;
    const block = session.metadataQueue.shift() as number;
    if (session.metadataId === undefined) return;
    const bytes = infoBytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    const header = encodeMetadataDataHeader(block, infoBytes.length);
    this.answers.spend(header.length + bytes.length);
    this.#effects.write(session).extended(session.metadataId, header, bytes);
  }

  /** Without BEP 6 a refusal is silence. */
  #reject(session: PeerSession, request: WireRequest): void {
    if (session.hasFast) this.#effects.write(session).reject(request.piece, request.begin, request.length);
  }
}
