import {
  MAX_HASHES_PER_REQUEST,
  MAX_HASH_ANSWERS_PER_SECOND,
  MAX_HASH_JOB_BYTES,
} from '../../../shared/src/limits/swarm.ts';
import type { Effects } from './effects.ts';
import type { HashTrees, HashedFile } from './hash-trees.ts';
import { TREE_HASH_BYTES, areLeavesOf, isRangeOf } from './merkle.ts';
import type { PeerSession } from './peer-session.ts';
import type { FileHashRange } from './wire.ts';

/** A request that waits until the leaves of its piece are hashed. */
interface Waiting {
  readonly session: PeerSession;
  readonly range: FileHashRange;
}

/** What serving hashes takes of the torrent. */
export interface HashServerHost {
  isStored(piece: number): boolean;
  /** Hashes the blocks of a stored piece; the result comes by `setLeaves`. */
  hashLeaves(piece: number): void;
}

/**
 * Answers hash requests (BEP 52). Piece layers, what is above them and leaves that are known are answered at once; the
 * leaves of another stored piece are hashed from storage first, for peers that may ask for its blocks. Everything else is
 * refused.
 */
export class HashServer {
  readonly #trees: HashTrees;
  readonly #effects: Effects;
  readonly #host: HashServerHost;
  readonly #maxJobs: number;
  /** By piece. BOUNDED: by MAX_HASH_JOB_BYTES for each peer. */
  readonly #waiting = new Map<number, Waiting[]>();

  constructor(trees: HashTrees, pieceLength: number, effects: Effects, host: HashServerHost) {
    this.#maxJobs = Math.max(1, Math.floor(MAX_HASH_JOB_BYTES / pieceLength));
    this.#trees = trees;
    this.#effects = effects;
    this.#host = host;
  }

  receive(session: PeerSession, range: FileHashRange): void {
    const isTooMuch = ++session.hashAnswers > MAX_HASH_ANSWERS_PER_SECOND;
    for (const file of isTooMuch ? [] : this.#trees.withRoot(range.piecesRoot)) {
      if (!isRangeOf(range, file.shape, MAX_HASHES_PER_REQUEST)) break;
      if (this.#serve(session, range, file)) return;
    }
    this.#effects.write(session).hashReject(range);
  }

  /** The leaves of a piece were hashed from storage. Undefined when that failed. */
  setLeaves(piece: number, leaves: Uint8Array | undefined): void {
    const waiting = this.#waiting.get(piece) ?? [];
    this.#waiting.delete(piece);
    const file = this.#trees.fileOf(piece);
    const hash = this.#trees.pieceHash(piece);
    const areRight = leaves && hash && file && areLeavesOf(leaves, piece - file.firstPiece, hash, file.shape);
    if (areRight) this.#trees.keepLeaves(piece, leaves);
    for (const { session, range } of waiting) {
      session.hashJobs--;
      if (session.phase === 'closed') continue;
      const answer = areRight && this.#answer(range, file, piece, leaves);
      if (answer) this.#effects.write(session).hashes(range, answer);
      else this.#effects.write(session).hashReject(range);
    }
  }

  #serve(session: PeerSession, range: FileHashRange, file: HashedFile): boolean {
    const { pieceLayer, pieceCount } = file.shape;
    if (range.baseLayer >= pieceLayer) {
      const answer = this.#trees.tree(file)?.answer(range);
      if (answer) this.#effects.write(session).hashes(range, answer);
      return answer !== undefined;
    }
    const perPiece = 2 ** (pieceLayer - range.baseLayer);
    const place = Math.floor(range.index / perPiece);
    // Nobody needs hashes of what lies behind the end of the file, nor leaves of more pieces than one at once.
    if (range.length > perPiece || place >= pieceCount) return false;
    const piece = file.firstPiece + place;
    const leaves = this.#trees.leavesOf(piece);
    const answer = leaves && this.#answer(range, file, piece, leaves);
    if (answer) this.#effects.write(session).hashes(range, answer);
    return answer !== undefined || (!leaves && this.#hashFirst(session, range, piece));
  }

  #hashFirst(session: PeerSession, range: FileHashRange, piece: number): boolean {
    if (!this.#trees.pieceHash(piece) || !this.#host.isStored(piece)) return false;
    const isServed = !session.amChoking || session.offeredFast.has(piece);
    if (!isServed || session.hashJobs >= this.#maxJobs) return false;
    session.hashJobs++;
    // The range aliases the received message.
    const entry = { session, range: { ...range, piecesRoot: range.piecesRoot.slice() } };
    const waiting = this.#waiting.get(piece);
    if (waiting) waiting.push(entry);
    else {
      this.#waiting.set(piece, [entry]);
      this.#host.hashLeaves(piece);
    }
    return true;
  }

  #answer(range: FileHashRange, file: HashedFile, piece: number, hashes: Uint8Array): Uint8Array | undefined {
    // All leaves of the piece, which prove themselves: the common request, for which no node has to be computed.
    const { pieceLayer } = file.shape;
    if (range.baseLayer === 0 && range.proofLayers < pieceLayer && range.length === 2 ** pieceLayer) {
      const padded = new Uint8Array(range.length * TREE_HASH_BYTES);
      padded.set(hashes);
      return padded;
    }
    return this.#trees.tree(file)?.answer(range, { piece: piece - file.firstPiece, hashes });
  }
}
