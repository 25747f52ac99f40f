import { equalBytes } from '../../../shared/src/bytes.ts';
import {
  HASH_TIMEOUT_MS,
  LEAF_PATIENCE_MS,
  MAX_HASHES_PER_REQUEST,
  MAX_LEAF_ASKS,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Effects } from './effects.ts';
import type { HashTrees, HashedFile } from './hash-trees.ts';
import { TREE_HASH_BYTES, provenNode } from './merkle.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { FileHashRange, WireHashes } from './wire.ts';

/** The leaves of one piece, on their way from one peer. */
interface Asked {
  readonly session: PeerSession;
  /** Who was asked before and has not given them. */
  readonly previous: PeerSession | undefined;
  readonly at: Millis;
  /** When the first peer was asked for them. */
  readonly firstAt: Millis;
  /** The peer is likely to answer: it has not failed to of late. */
  readonly isHopeful: boolean;
  /** The peer is gone or does not have them. */
  isRefused: boolean;
  /** With room for those behind the end of the file. */
  readonly leaves: Uint8Array;
  /** Indices of the ranges that have not come. */
  readonly missing: Set<number>;
  /** Of each of its requests. */
  readonly proofLayers: number;
}

/** Leaves of a whole piece that were verified. */
export interface PieceLeaves {
  readonly piece: number;
  readonly leaves: Uint8Array;
}

/**
 * Fetches the leaves of pieces (BEP 52) from the peers that are asked for their blocks, ahead of the blocks, so that each
 * block can be verified when it comes. Where such a peer does not speak of hashes, refuses them or does not answer, another
 * one that has the piece is asked, one after the other. They have to lead to the hash of their piece, or, while that is not known, to the
 * root of the file.
 */
export class LeafFetch {
  readonly #trees: HashTrees;
  readonly #effects: Effects;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;
  /** By piece. BOUNDED: by MAX_LEAF_ASKS. */
  readonly #asked = new Map<number, Asked>();
  /** The piece whose leaves were last found to be known: the common case of `want`. */
  #lastKnown = -1;

  constructor(trees: HashTrees, effects: Effects, sessions: ReadonlyMap<PeerKey, PeerSession>) {
    this.#trees = trees;
    this.#effects = effects;
    this.#sessions = sessions;
  }

  /**
   * `session` is about to be asked for blocks of the piece, or sent some: asks it for the leaves, or another one, unless
   * that is not needed. Others that were asked up to `since` are not waited for.
   */
  want(session: PeerSession | undefined, piece: number, now: Millis, since = -Infinity): void {
    if (piece === this.#lastKnown) return;
    if (this.#trees.leavesOf(piece)) {
      this.#lastKnown = piece;
      return;
    }
    const file = this.#trees.fileOf(piece);
    // The leaf of a piece of one block comes with the piece layer, and nobody gives one hash alone (BEP 52).
    if (!file || file.shape.pieceLayer === 0) return;
    const before = this.#asked.get(piece);
    if (!before && this.#asked.size >= MAX_LEAF_ASKS) return;
    const source = before
      ? this.#nextSource(before, session, piece, now, since)
      : (this.#hopefulSource(session, piece, now) ?? (session?.hasV2 ? session : undefined));
    if (source) this.#ask(source, piece, file, now);
  }

  #ask(session: PeerSession, piece: number, file: HashedFile, now: Millis): void {
    const before = this.#asked.get(piece);
    this.forget(piece);
    const ranges = this.#rangesOf(piece, file);
    this.#asked.set(piece, {
      session,
      previous: before?.session,
      at: now,
      firstAt: before?.firstAt ?? now,
      isHopeful: session.leavesRestUntil <= now,
      isRefused: false,
      leaves: new Uint8Array(2 ** file.shape.pieceLayer * TREE_HASH_BYTES),
      missing: new Set(ranges.map(({ index }) => index)),
      proofLayers: ranges[0]?.proofLayers ?? 0,
    });
    for (const range of ranges) this.#effects.write(session).hashRequest(range);
  }

  /** The leaves of the piece are known or on their way, so that each of its blocks will be judged. */
  isExpected(piece: number, now: Millis): boolean {
    const asked = this.#asked.get(piece);
    const isOnItsWay =
      asked !== undefined &&
      asked.isHopeful &&
      !asked.isRefused &&
      now - asked.at < HASH_TIMEOUT_MS &&
      now - asked.firstAt < LEAF_PATIENCE_MS;
    return isOnItsWay || this.#trees.leavesOf(piece) !== undefined;
  }

  /** The leaves of the piece are expected, or somebody has the piece who is likely to give them. */
  isObtainable(piece: number, now: Millis): boolean {
    return this.isExpected(piece, now) || this.#hopefulSource(undefined, piece, now) !== undefined;
  }

  /** Leaves came: those of a whole piece when they are all here and verified. */
  receive(session: PeerSession, message: WireHashes): PieceLeaves | 'kept' | 'unwanted' | 'lie' {
    for (const file of this.#trees.withRoot(message.piecesRoot)) {
      const piece = pieceOf(message, file);
      const asked = this.#asked.get(piece);
      if (asked?.session.id !== session.id || !isAnswer(asked, message)) continue;
      if (!this.#isProven(message, piece, file)) {
        asked.isRefused = true;
        return 'lie';
      }
      session.leavesRestUntil = 0;
      return this.#keep(message, piece, file, asked);
    }
    return 'unwanted';
  }

  /** The peer refused: another is asked when the leaves are next wanted. False when it was not asked. */
  reject(session: PeerSession, range: FileHashRange, now: Millis): boolean {
    for (const file of this.#trees.withRoot(range.piecesRoot)) {
      const asked = this.#asked.get(pieceOf(range, file));
      if (asked?.session.id !== session.id || asked.isRefused || !isAnswer(asked, range)) continue;
      asked.isRefused = true;
      session.leavesRestUntil = now + HASH_TIMEOUT_MS;
      return true;
    }
    return false;
  }

  /** The piece is stored or given up, or its leaves are asked for anew: those that are on their way may still come. */
  forget(piece: number): void {
    const asked = this.#asked.get(piece);
    if (asked && !asked.isRefused) asked.session.forgive(asked.missing.size);
    this.#asked.delete(piece);
  }

  removePeer(peer: PeerKey): void {
    for (const asked of this.#asked.values()) if (asked.session.id === peer) asked.isRefused = true;
  }

  /** Whom to ask after `before`: undefined while that one is waited for, or when nobody is left. */
  #nextSource(
    before: Asked,
    session: PeerSession | undefined,
    piece: number,
    now: Millis,
    since: Millis,
  ): PeerSession | undefined {
    const isLate = now - before.at >= HASH_TIMEOUT_MS;
    // Silence is not refusal: who is silent once is relied on again when it answers.
    if (isLate && !before.isRefused) before.session.leavesRestUntil = Infinity;
    if (isLate || before.isRefused || !before.isHopeful) {
      const isPending = !isLate && !before.isRefused;
      const other = this.#hopefulSource(session, piece, now, isPending ? before.session : before.previous);
      const source = other ?? (isPending ? undefined : this.#hopefulSource(session, piece, now));
      return source ?? (isLate && session?.hasV2 ? session : undefined);
    }
    const isFaster = session !== before.session && before.at <= since && session?.hasV2 === true;
    return isFaster && session.leavesRestUntil <= now ? session : undefined;
  }

  /** A peer that has the piece and is likely to give its leaves: `session`, or one that unchokes, or any. */
  #hopefulSource(
    session: PeerSession | undefined,
    piece: number,
    now: Millis,
    except?: PeerSession,
  ): PeerSession | undefined {
    const isHopeful = (each: PeerSession): boolean =>
      each !== except && each.phase === 'up' && each.hasV2 && each.leavesRestUntil <= now;
    if (session && isHopeful(session)) return session;
    let choking: PeerSession | undefined;
    for (const each of this.#sessions.values()) {
      if (!isHopeful(each) || !each.pieces?.has(piece)) continue;
      if (!each.peerChoking) return each;
      choking ??= each;
    }
    return choking;
  }

  /** The requests that together fetch the leaves of the piece. */
  #rangesOf(piece: number, file: HashedFile): FileHashRange[] {
    const { piecesRoot, shape } = file;
    const perPiece = 2 ** shape.pieceLayer;
    const length = Math.min(MAX_HASHES_PER_REQUEST, perPiece);
    const first = (piece - file.firstPiece) * perPiece;
    const end = Math.min(first + perPiece, shape.leafCount);
    const top = this.#trees.pieceHash(piece) ? shape.pieceLayer : shape.height;
    // A run that is the whole subtree proves itself: without uncles.
    const proofLayers = 2 ** top === length ? 0 : top - 1;
    const ranges: FileHashRange[] = [];
    for (let index = first; index < end; index += length)
      ranges.push({ piecesRoot, baseLayer: 0, index, length, proofLayers });
    return ranges;
  }

  #isProven(message: WireHashes, piece: number, { shape, piecesRoot, firstPiece }: HashedFile): boolean {
    const length = Math.min(MAX_HASHES_PER_REQUEST, 2 ** shape.pieceLayer);
    if (message.baseLayer !== 0 || message.length !== length) return false;
    const node = provenNode(message, message.hashes);
    if (!node) return false;
    if (node.layer === shape.height) return node.index === 0 && equalBytes(node.hash, piecesRoot);
    const hash = this.#trees.pieceHash(piece);
    const isOfPiece = node.layer === shape.pieceLayer && node.index === piece - firstPiece;
    return isOfPiece && hash !== undefined && equalBytes(node.hash, hash);
  }

  #keep(message: WireHashes, piece: number, { shape, firstPiece }: HashedFile, asked: Asked): PieceLeaves | 'kept' {
    const perPiece = 2 ** shape.pieceLayer;
    const first = (piece - firstPiece) * perPiece;
    const at = (message.index - first) * TREE_HASH_BYTES;
    asked.leaves.set(message.hashes.subarray(0, message.length * TREE_HASH_BYTES), at);
    asked.missing.delete(message.index);
    if (asked.missing.size > 0) return 'kept';
    this.#asked.delete(piece);
    const leaves = asked.leaves.slice(0, Math.min(perPiece, shape.leafCount - first) * TREE_HASH_BYTES);
    this.#trees.keepLeaves(piece, leaves);
    return { piece, leaves };
  }
}

/**
 * Equal files have equal roots and so equal requests, but for the proof: of a file whose piece layer is known a shorter
 * one was asked for, which proves nothing of the others.
 */
function isAnswer({ missing, proofLayers }: Asked, range: FileHashRange): boolean {
  return missing.has(range.index) && proofLayers === range.proofLayers;
}

/** The piece of the file in which the range of leaves begins; -1 when that is behind the end of the file. */
function pieceOf(range: FileHashRange, { firstPiece, shape }: HashedFile): number {
  const place = Math.floor(range.index / 2 ** shape.pieceLayer);
  return place < shape.pieceCount ? firstPiece + place : -1;
}
