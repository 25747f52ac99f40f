import type { Millis } from '../../../shared/src/machine.ts';
import type { Effects } from './effects.ts';
import { HashServer } from './hash-server.ts';
import type { HashServerHost } from './hash-server.ts';
import { HashTrees } from './hash-trees.ts';
import { LayerFetch } from './layer-fetch.ts';
import { LeafFetch, type PieceLeaves } from './leaf-fetch.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { Metainfo } from './types.ts';
import type { FileHashRange, WireHashRange, WireHashes } from './wire.ts';

/** What came of a message about hashes. */
export type HashOutcome =
  | undefined
  /** Leaves of this piece are known now. */
  | PieceLeaves
  /** No honest peer would have sent it. */
  | 'malformed'
  /** The hashes do not lead to one that is known. */
  | 'lie';

/** Speaks BEP 52's hash messages with the peers of a v2 or hybrid torrent, in both directions. */
export class HashExchange {
  readonly trees: HashTrees;
  readonly #effects: Effects;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;
  readonly #layers: LayerFetch;
  readonly #leaves: LeafFetch;
  readonly #server: HashServer;
  #areLayersKnown: boolean;

  constructor(metainfo: Metainfo, effects: Effects, sessions: ReadonlyMap<PeerKey, PeerSession>, host: HashServerHost) {
    this.trees = new HashTrees(metainfo);
    this.#effects = effects;
    this.#sessions = sessions;
    this.#layers = new LayerFetch(this.trees);
    this.#leaves = new LeafFetch(this.trees, effects, sessions);
    this.#server = new HashServer(this.trees, metainfo.pieceLength, effects, host);
    this.#areLayersKnown = this.trees.areLayersComplete;
  }

  /** What is fetched now can be verified. */
  get isReady(): boolean {
    return this.#areLayersKnown || !this.trees.areRequired;
  }

  receive(session: PeerSession, message: WireHashRange | WireHashes, now: Millis): HashOutcome {
    if (message.kind === 'hashRequest') {
      this.#server.receive(session, message, now);
      return undefined;
    }
    if (message.kind !== 'hashes') {
      const wasAsked = this.#leaves.reject(session, message, now) || this.#layers.reject(session, message, now);
      return wasAsked || !session.countUnwanted() ? undefined : 'malformed';
    }
    const hashes: WireHashes = message;
    const outcome = this.#isLeafRange(hashes)
      ? this.#leaves.receive(session, hashes)
      : this.#layers.receive(session, hashes);
    if (outcome === 'unwanted') return session.countUnwanted() ? 'malformed' : undefined;
    return outcome === 'kept' ? undefined : outcome;
  }

  /** Asks for missing piece layers. Call after each input. True once, when the last of them came. */
  pump(now: Millis): boolean {
    if (this.#areLayersKnown) return false;
    this.#layers.pump(this.#effects, this.#sessions, now);
    this.#areLayersKnown = this.trees.areLayersComplete;
    return this.#areLayersKnown;
  }

  /** Takes over piece layers that are known to be right. True once, when the last that was missing is among them. */
  supply(pieceLayers: Metainfo['pieceLayers']): boolean {
    if (this.#areLayersKnown) return false;
    for (const file of this.trees.files) {
      const layer = pieceLayers?.[file.index];
      if (layer && !this.trees.hasLayer(file)) this.trees.setLayer(file, layer);
    }
    this.#layers.dropKnown(this.#sessions);
    this.#areLayersKnown = this.trees.areLayersComplete;
    return this.#areLayersKnown;
  }

  /** Answers what the peer asked for and the upload limit had no room for, as far as it has now. */
  serve(session: PeerSession, now: Millis): void {
    this.#server.serve(session, now);
  }

  /**
   * `session` is about to be asked for blocks of the piece, or sent some. Leaves that others were asked for up to `since` are
   * not waited for.
   */
  want(session: PeerSession | undefined, piece: number, now: Millis, since?: Millis): void {
    this.#leaves.want(session, piece, now, since);
  }

  /** Each block of the piece can be judged, now or before long. */
  judgesBlocksOf(piece: number, now: Millis): boolean {
    return this.#leaves.isExpected(piece, now);
  }

  /** As `judgesBlocksOf`, or it would be so if blocks of the piece were asked for. */
  couldJudgeBlocksOf(piece: number, now: Millis): boolean {
    return this.#leaves.isObtainable(piece, now);
  }

  /** The piece is stored or given up. */
  forget(piece: number): void {
    this.#leaves.forget(piece);
  }

  /** The leaves of a stored piece were hashed; undefined when that failed. */
  setLeaves(piece: number, leaves: Uint8Array | undefined): void {
    this.#server.setLeaves(piece, leaves);
  }

  removePeer(peer: PeerKey): void {
    this.#layers.removePeer(peer);
    this.#leaves.removePeer(peer);
  }

  /** Ours ask for leaves by the piece and for whole layers, so the layer tells which one it was. */
  #isLeafRange(range: FileHashRange): boolean {
    return range.baseLayer === 0 && this.trees.withRoot(range.piecesRoot).some(({ shape }) => shape.pieceLayer > 0);
  }
}
