import { equalBytes } from '../../../shared/src/bytes.ts';
import { MAX_PIECES } from '../../../shared/src/limits/metainfo.ts';
import { MAX_ALLOWED_FAST } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Content } from './content.ts';
import type { CloseReason } from './effects.ts';
import { OUR_EXCHANGE_ID } from './extension.ts';
import type { PieceLeaves } from './leaf-fetch.ts';
import type { MetadataExchange } from './metadata-exchange.ts';
import { isStranger } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import { PieceSet } from './piece-set.ts';
import type { Uploader } from './uploader.ts';
import type { FileHashRange, WireBlock, WireHandshake, WireHashRange, WireHashes, WireMessage } from './wire.ts';

/** What messages of peers bring about beyond their own session. */
export interface ProtocolHost {
  /** Undefined before the metadata is known. */
  readonly content: Content | undefined;
  readonly isRunning: boolean;
  readonly infoHashBytes: Uint8Array;
  /** The peer's handshake is right. */
  onGreeted(session: PeerSession): void;
  /** A peer has this piece now; undefined for many. */
  onPieces(piece: number | undefined, now: Millis): void;
  /** The peer began or ceased to be interested. */
  onInterest(session: PeerSession, now: Millis): void;
  /** Blocks became free that other peers may be asked for. */
  onFreed(): void;
  /** Every block of the piece is here. */
  onWholePiece(piece: number): void;
  /** Leaves of a piece came that were verified. */
  onLeaves(leaves: PieceLeaves): void;
  /** The peer sent hashes that lead nowhere. */
  onHashLie(session: PeerSession, now: Millis): void;
  /** A message of the peer exchange came. Returns why the peer is to be dropped, if it is. */
  onPeerNews(session: PeerSession, payload: Uint8Array, now: Millis): CloseReason | undefined;
  /** There are no hashes here. */
  refuseHashes(session: PeerSession, range: FileHashRange): void;
  /** The metadata is here, unchecked. */
  onMetadata(infoBytes: Uint8Array): void;
}

/** What each message of a peer means (BEP 3, 6, 10), in the state its session is in. Never throws. */
export class PeerProtocol {
  readonly #host: ProtocolHost;
  readonly #uploader: Uploader;
  readonly #metadata: MetadataExchange;

  constructor(host: ProtocolHost, uploader: Uploader, metadata: MetadataExchange) {
    this.#host = host;
    this.#uploader = uploader;
    this.#metadata = metadata;
  }

  /** Takes one message. Returns why the peer is to be dropped, if it is. */
  receive(session: PeerSession, message: WireMessage, now: Millis): CloseReason | undefined {
    switch (message.kind) {
      case 'piece':
        return this.#onBlock(session, message, now);
      case 'request':
        return this.#uploader.onRequest(session, message, this.#host.content) ? undefined : 'malformed';
      case 'have':
        return this.#onHave(session, message.piece, now);
      case 'handshake':
        return this.#onHandshake(session, message);
      case 'bitfield':
      case 'haveAll':
      case 'haveNone':
        return this.#onPieces(session, message.kind, message.kind === 'bitfield' ? message.bits : undefined, now);
      case 'choke':
      case 'unchoke':
        return this.#onChoke(session, message.kind === 'choke');
      case 'interested':
      case 'notInterested':
        return this.#onInterested(session, message.kind === 'interested', now);
      case 'cancel':
        this.#uploader.onCancel(session, message);
        return undefined;
      case 'extended':
        return this.#onExtended(session, message.id, message.payload, now);
      case 'reject': {
        const { content } = this.#host;
        if (!session.hasFast) return 'malformed';
        if (!content) return undefined;
        this.#host.onFreed();
        return content.downloader.onReject(session, message, content.pieceCount) ? undefined : 'useless';
      }
      case 'hashRequest':
      case 'hashes':
      case 'hashReject':
        return this.#onHashes(session, message, now);
      case 'suggest':
      case 'allowedFast':
        return this.#onAdvice(session, message.kind, message.piece);
      case 'keepAlive':
        return undefined;
    }
  }

  /** What peers said before the metadata was known takes effect. Returns false when it cannot be true. */
  resolveEarly(session: PeerSession, content: Content): boolean {
    const pieces = session.early.resolve(content.pieceCount);
    const { pieceCount } = content;
    if (!pieces || [...session.allowedFast].some((piece) => piece >= pieceCount)) return false;
    content.picker.addPeer(session, pieces);
    return true;
  }

  /**
   * A node at the other end has proven its id to the link, and its handshake must name the same one. What a stranger says
   * proves nothing, so any is right.
   */
  #onHandshake(session: PeerSession, handshake: WireHandshake): CloseReason | undefined {
    const isRight =
      equalBytes(handshake.infoHash, session.infoHash ?? this.#host.infoHashBytes) &&
      (isStranger(session.id) || equalBytes(handshake.peerId, session.idBytes));
    if (!isRight) return 'malformed';
    session.phase = 'up';
    session.hasFast = handshake.hasFast;
    session.hasExtended = handshake.hasExtended;
    session.hasV2 = handshake.hasV2;
    this.#host.onGreeted(session);
    const { content } = this.#host;
    if (content) content.picker.addPeer(session, new PieceSet(content.pieceCount));
    return undefined;
  }

  #onBlock(session: PeerSession, message: WireBlock, now: Millis): CloseReason | undefined {
    const { content } = this.#host;
    if (!content) return session.countUnwanted() ? 'malformed' : undefined;
    const outcome = content.downloader.onBlock(session, message, content.pieceCount, now);
    if (outcome === 'whole') this.#host.onWholePiece(message.piece);
    return outcome === 'malformed' ? 'malformed' : undefined;
  }

  #onHave(session: PeerSession, piece: number, now: Millis): CloseReason | undefined {
    const { content } = this.#host;
    session.hasSpoken = true;
    if (!content) return session.early.add(piece) ? undefined : 'malformed';
    if (piece >= content.pieceCount) return 'malformed';
    if (content.picker.addHave(session, piece)) this.#host.onPieces(piece, now);
    return undefined;
  }

  /** Only as the first word about pieces, and the short forms only where BEP 6 was agreed. */
  #onPieces(
    session: PeerSession,
    kind: 'bitfield' | 'haveAll' | 'haveNone',
    bits: Uint8Array | undefined,
    now: Millis,
  ): CloseReason | undefined {
    if (session.hasSpoken || (!bits && !session.hasFast)) return 'malformed';
    session.hasSpoken = true;
    const { content } = this.#host;
    if (!content) {
      if (bits) session.early.setBitfield(bits);
      else if (kind === 'haveAll') session.early.setAll();
      return undefined;
    }
    if (kind !== 'haveNone') {
      const pieces = bits ? PieceSet.fromBitfield(bits, content.pieceCount) : PieceSet.full(content.pieceCount);
      if (!pieces) return 'malformed';
      content.picker.addPeer(session, pieces);
    }
    this.#host.onPieces(undefined, now);
    if (this.#host.isRunning) this.#uploader.allowedFast.offer(session, this.#host.infoHashBytes, content);
    return undefined;
  }

  /** Only where BEP 6 was agreed. Suggestions are not followed: the rarest pieces are of more use. */
  #onAdvice(session: PeerSession, kind: 'suggest' | 'allowedFast', piece: number): CloseReason | undefined {
    const { content } = this.#host;
    if (!session.hasFast || piece >= (content?.pieceCount ?? MAX_PIECES)) return 'malformed';
    const isOfUse = kind === 'allowedFast' && session.allowedFast.size < MAX_ALLOWED_FAST && !content?.isStored(piece);
    if (isOfUse) session.allowedFast.add(piece);
    return undefined;
  }

  #onChoke(session: PeerSession, isChoke: boolean): CloseReason | undefined {
    if (session.peerChoking === isChoke) return undefined;
    session.peerChoking = isChoke;
    if (!isChoke) return session.onUnchoked();
    const { content } = this.#host;
    this.#host.onFreed();
    return content?.downloader.onChoke(session) === false ? 'useless' : undefined;
  }

  #onInterested(session: PeerSession, isInterested: boolean, now: Millis): undefined {
    if (session.peerInterested === isInterested) return;
    session.peerInterested = isInterested;
    this.#host.onInterest(session, now);
  }

  #onHashes(session: PeerSession, message: WireHashRange | WireHashes, now: Millis): CloseReason | undefined {
    if (!session.hasV2) return 'malformed';
    const hashes = this.#host.content?.hashes;
    if (!hashes) {
      if (message.kind === 'hashRequest') this.#host.refuseHashes(session, message);
      return session.countUnwanted() ? 'malformed' : undefined;
    }
    // Others may wait for what is refused here: they look for another source at once.
    if (message.kind === 'hashReject') this.#host.onFreed();
    const outcome = hashes.receive(session, message, now);
    if (outcome === undefined || outcome === 'malformed') return outcome;
    if (outcome === 'lie') this.#host.onHashLie(session, now);
    else this.#host.onLeaves(outcome);
    return undefined;
  }

  #onExtended(session: PeerSession, id: number, payload: Uint8Array, now: Millis): CloseReason | undefined {
    if (!session.hasExtended) return 'malformed';
    if (id === OUR_EXCHANGE_ID) return this.#host.onPeerNews(session, payload, now);
    const infoBytes = this.#host.content?.metainfo.infoBytes;
    const result = this.#metadata.receive(session, id, payload, infoBytes, now);
    if (result === 'malformed') return 'malformed';
    if (result) this.#host.onMetadata(result);
    return undefined;
  }
}
