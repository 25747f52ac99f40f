import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Content } from './content.ts';
import type { Effects } from './effects.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { PeerRoster } from './peer-roster.ts';
import type { EffectResult } from './types.ts';

/** What verdicts bring about in the torrent. */
export interface VerdictHost {
  /** Undefined before the metadata is known. */
  readonly content: Content | undefined;
  /** Blocks became free that other peers may be asked for. */
  onFreed(): void;
  pause(): void;
}

/**
 * What follows when a block or a piece was checked. A block that does not match its leaf (BEP 52) is its sender's doing,
 * who is banned for it, and nothing but that block is lost. Where only whole pieces have hashes, `Blame` finds out.
 */
export class PieceVerdicts {
  readonly #host: VerdictHost;
  readonly #peers: PeerRoster;
  readonly #effects: Effects;

  constructor(host: VerdictHost, peers: PeerRoster, effects: Effects) {
    this.#host = host;
    this.#peers = peers;
    this.#effects = effects;
  }

  /** `isOld`: its storing began before a person had the torrent go on, and tells nothing of the storage that there is now. */
  onFinished(piece: number, result: EffectResult, now: Millis, isOld: boolean): void {
    if (result.kind === 'stored') this.#onStored(piece);
    else if (result.kind === 'mismatch') this.#onMismatch(piece, now);
    else if (result.kind === 'badBlocks') this.#onBadBlocks(piece, result.begins, now);
    else this.#onStorageFailed(piece, result.kind === 'failed' ? result.code : 'storage-failed', isOld);
  }

  onBlockBad(piece: number, begin: number, from: PeerKey, now: Millis): void {
    this.#host.content?.picker.blocks.setBad(piece, begin / BLOCK_BYTES, from);
    this.#ban(from, piece, now);
  }

  /** The peer may owe more. */
  onBlockGood(piece: number, begin: number, from: PeerKey, now: Millis): void {
    const downloader = this.#host.content?.downloader;
    downloader?.trials?.onRight(from, piece, begin / BLOCK_BYTES);
    const session = this.#peers.sessions.get(from);
    if (session) downloader?.fill(session, now);
  }

  #onStored(piece: number): void {
    const { content } = this.#host;
    if (!content) return;
    const wasMissing = content.picker.pieces.isMissing(piece);
    const senders = content.setStored(piece);
    this.#peers.blame.piecePassed(senders);
    for (const sender of senders) content.downloader.trials?.onStored(sender, piece);
    this.#effects.emit({ kind: 'pieceStored', piece });
    for (const session of this.#peers.sessions.values()) {
      if (session.phase !== 'up') continue;
      session.allowedFast.delete(piece);
      if (!session.pieces?.has(piece)) this.#effects.write(session).have(piece);
      else if (wasMissing) {
        session.wanted--;
        this.#peers.updateInterest(session);
      }
      if (content.isComplete) this.#tellRest(session);
    }
    this.#host.onFreed();
  }

  /**
   * Everything is here, and a peer was not told of what it had before: nothing it could want. Now it is, for two that do not
   * know of each other that they have everything would stay together for ever.
   */
  #tellRest(session: PeerSession): void {
    const { pieces } = session;
    if (!pieces) return;
    for (let piece = 0; piece < pieces.size; piece++) if (pieces.has(piece)) this.#effects.write(session).have(piece);
  }

  #onMismatch(piece: number, now: Millis): void {
    const contributors = this.#host.content?.picker.pieces.setFailed(piece) ?? [];
    const liar = this.#peers.blame.pieceFailed(contributors);
    if (liar !== undefined) this.#peers.ban(liar, piece, now);
    this.#host.onFreed();
  }

  #onBadBlocks(piece: number, begins: readonly number[], now: Millis): void {
    const places = begins.map((begin) => begin / BLOCK_BYTES);
    const liars = this.#host.content?.picker.blocks.setPartlyFailed(piece, places) ?? [];
    for (const liar of liars) this.#ban(liar, piece, now);
    this.#host.onFreed();
  }

  #onStorageFailed(piece: number, code: 'storage-full' | 'storage-failed', isOld: boolean): void {
    this.#host.content?.picker.pieces.setFailed(piece);
    this.#effects.run({ kind: 'dropPiece', piece });
    if (isOld) return this.#host.onFreed();
    this.#host.pause();
    this.#effects.emit({ kind: 'storageFailed', code });
  }

  /** Several blocks of one peer may turn out bad one after the other: it is named once. */
  #ban(peer: PeerKey, piece: number, now: Millis): void {
    if (!this.#peers.blame.isBanned(peer)) this.#peers.ban(peer, piece, now);
    this.#host.onFreed();
  }
}
