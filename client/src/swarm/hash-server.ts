import {
  MAX_HASHED_NODES_PER_SECOND,
  MAX_HASHES_PER_REQUEST,
  MAX_HASH_ANSWERS_PER_SECOND,
  MAX_HASH_JOB_BYTES,
  MAX_QUEUED_HASHES,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Answers } from './answers.ts';
import type { Effects } from './effects.ts';
import type { HashTrees, HashedFile } from './hash-trees.ts';
import { TREE_HASH_BYTES, areLeavesOf, isRangeOf, layersOfPiece } from './merkle.ts';
import type { PeerSession } from './peer-session.ts';
import { isSameRange } from './layer-fetch.ts';
import { HASH_RANGE_BYTES, type FileHashRange } from './wire.ts';

/** A request that waits until the leaves of its piece are hashed. */
interface Waiting {
  readonly session: PeerSession;
  readonly range: FileHashRange;
}

/** What serving hashes takes of the torrent. */
export interface HashServerHost {
  /** Says when the upload limit has room for an answer. */
  readonly answers: Answers;
  isStored(piece: number): boolean;
  /** Hashes the blocks of a stored piece; the result comes by `setLeaves`. */
  hashLeaves(piece: number): void;
}

/**
 * Answers hash requests (BEP 52). Piece layers, what is above them and leaves that are known are answered at once; the
 * leaves of another stored piece are hashed from storage first, for peers that may ask for its blocks and now and then for
 * others. Everything else is refused. What the upload limit has no room for waits.
 */
export class HashServer {
  readonly #trees: HashTrees;
  readonly #effects: Effects;
  readonly #host: HashServerHost;
  readonly #maxJobs: number;
  /** By piece. BOUNDED: by MAX_HASH_JOB_BYTES for each peer. */
  readonly #waiting = new Map<number, Waiting[]>();
  /** What was computed last: requests for one piece come one after the other. */
  #climbed: { readonly leaves: Uint8Array; readonly layers: readonly Uint8Array[] } | undefined;

  constructor(trees: HashTrees, pieceLength: number, effects: Effects, host: HashServerHost) {
    this.#maxJobs = Math.max(1, Math.floor(MAX_HASH_JOB_BYTES / pieceLength));
    this.#trees = trees;
    this.#effects = effects;
    this.#host = host;
  }

  receive(session: PeerSession, range: FileHashRange, now: Millis): void {
    const { hashQueue } = session;
    if (++session.hashAnswers > MAX_HASH_ANSWERS_PER_SECOND || hashQueue.length >= MAX_QUEUED_HASHES)
      this.#effects.write(session).hashReject(range);
    else if (hashQueue.length === 0 && this.#host.answers.hasRoom(now)) this.#serve(session, range);
    // Who waits so long that it asks again is answered once.
    else if (!hashQueue.some((queued) => isSameRange(queued, range))) hashQueue.push(copyOf(range));
  }

  /** Answers what waits for the upload limit, as far as there is room. */
  serve(session: PeerSession, now: Millis): void {
    const { hashQueue } = session;
    while (hashQueue.length > 0 && !session.isCongested && this.#host.answers.hasRoom(now))
      this.#serve(session, hashQueue.shift() as FileHashRange);
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
      const answer = areRight && this.#answer(session, range, file, piece, leaves);
      if (answer) this.#send(session, range, answer);
      else this.#effects.write(session).hashReject(range);
    }
  }

  #serve(session: PeerSession, range: FileHashRange): void {
    for (const file of this.#trees.withRoot(range.piecesRoot)) {
      if (!isRangeOf(range, file.shape, MAX_HASHES_PER_REQUEST)) break;
      if (this.#serveFile(session, range, file)) return;
      // Looking for the one of many equal files that is here costs as much as so many requests.
      if (++session.hashAnswers > MAX_HASH_ANSWERS_PER_SECOND) break;
    }
    this.#effects.write(session).hashReject(range);
  }

  #serveFile(session: PeerSession, range: FileHashRange, file: HashedFile): boolean {
    const { pieceLayer, pieceCount } = file.shape;
    if (range.baseLayer >= pieceLayer) {
      const answer = this.#trees.tree(file)?.answer(range);
      if (answer) this.#send(session, range, answer);
      return answer !== undefined;
    }
    const perPiece = 2 ** (pieceLayer - range.baseLayer);
    const place = Math.floor(range.index / perPiece);
    // Nobody needs hashes of what lies behind the end of the file, nor leaves of more pieces than one at once.
    if (range.length > perPiece || place >= pieceCount) return false;
    const piece = file.firstPiece + place;
    const leaves = this.#trees.leavesOf(piece);
    const answer = leaves && this.#answer(session, range, file, piece, leaves);
    if (answer) this.#send(session, range, answer);
    return answer !== undefined || (!leaves && this.#hashFirst(session, range, piece));
  }

  #hashFirst(session: PeerSession, range: FileHashRange, piece: number): boolean {
    if (!this.#trees.pieceHash(piece) || !this.#host.isStored(piece)) return false;
    const isServed = !session.amChoking || session.offeredFast.has(piece);
    const waiting = this.#waiting.get(piece);
    if (session.hashJobs >= this.#maxJobs || !(isServed || waiting || this.#mayLend(session))) return false;
    session.hashJobs++;
    const entry = { session, range: copyOf(range) };
    if (waiting) waiting.push(entry);
    else {
      this.#waiting.set(piece, [entry]);
      this.#host.hashLeaves(piece);
    }
    return true;
  }

  /** A piece a second for a peer that is choked, while few wait: what it has of the piece may be others' lies. */
  #mayLend(session: PeerSession): boolean {
    return this.#waiting.size < this.#maxJobs && ++session.hashLoans === 1;
  }

  #send(session: PeerSession, range: FileHashRange, answer: Uint8Array): void {
    this.#host.answers.spend(HASH_RANGE_BYTES + answer.length);
    this.#effects.write(session).hashes(range, answer);
  }

  #answer(
    session: PeerSession,
    range: FileHashRange,
    file: HashedFile,
    piece: number,
    hashes: Uint8Array,
  ): Uint8Array | undefined {
    // All leaves of the piece, which prove themselves: the common request, for which no node has to be computed.
    const { pieceLayer } = file.shape;
    if (range.baseLayer === 0 && range.proofLayers < pieceLayer && range.length === 2 ** pieceLayer) {
      const padded = new Uint8Array(range.length * TREE_HASH_BYTES);
      padded.set(hashes);
      return padded;
    }
    const layers = this.#climb(session, file, hashes);
    return layers && this.#trees.tree(file)?.answer(range, { piece: piece - file.firstPiece, layers });
  }

  /** The layers above these leaves of a piece. Undefined when no more may be computed for the peer in this second. */
  #climb(session: PeerSession, { shape }: HashedFile, leaves: Uint8Array): readonly Uint8Array[] | undefined {
    if (this.#climbed?.leaves === leaves) return this.#climbed.layers;
    if (session.hashedNodes >= MAX_HASHED_NODES_PER_SECOND) return undefined;
    session.hashedNodes += leaves.length / TREE_HASH_BYTES;
    this.#climbed = { leaves, layers: layersOfPiece(leaves, shape) };
    return this.#climbed.layers;
  }
}

/** A range that is kept: what was received aliases its message. */
function copyOf({ piecesRoot, baseLayer, index, length, proofLayers }: FileHashRange): FileHashRange {
  return { piecesRoot: piecesRoot.slice(), baseLayer, index, length, proofLayers };
}
