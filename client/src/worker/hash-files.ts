import {
  HASH_READ_BYTES,
  HASH_READS_IN_FLIGHT,
  MIN_SHARED_PIECES,
  PREFERRED_PIECE_BYTES,
} from '../../../shared/src/limits/storage.ts';
import { MAX_LEAF_BYTES } from '../../../shared/src/limits/swarm.ts';
import { type ContentPlan, type SourceFile, choosePieceLength, planContent } from '../swarm/build-metainfo.ts';
import { TREE_HASH_BYTES, climb, treeShape } from '../swarm/merkle.ts';
import { PIECE_HASH_BYTES, pieceCountOf } from '../swarm/metainfo.ts';
import { WorkerError } from './errors.ts';
import { sha1 } from './hash.ts';
import { hashLeaves } from './piece-check.ts';
import { Layout } from './storage/layout.ts';
import { readFiles } from './storage/source-files.ts';
import type { OwnBytes } from './storage/types.ts';

/** The piece length for a share of `totalBytes`: longer than the usual choice where storage gains by it. [bytes] */
export function sharedPieceLength(totalBytes: number): number {
  let length = choosePieceLength(totalBytes);
  while (length < PREFERRED_PIECE_BYTES && totalBytes >= 2 * length * MIN_SHARED_PIECES) length *= 2;
  return length;
}

/** Plans a share before anything of it is read. Throws `too-large` for what nobody could be told of. */
export function planShare(name: string, files: readonly SourceFile[]): ContentPlan {
  const totalBytes = files.reduce((sum, { length }) => sum + length, 0);
  const pieceLength = sharedPieceLength(totalBytes);
  const plan = planContent(name, files, pieceLength);
  if (!plan.isTooLarge) return plan;
  // An archive of them would be as large.
  if (planContent(name, [{ path: ['archive'], length: totalBytes }], pieceLength).isTooLarge)
    throw new WorkerError(
      'too-large',
      'This is more than one link can stand for, which is about 8 TB. Nothing was shared. Share a part of it at a time.',
    );
  throw new WorkerError(
    'too-large',
    'These are too many files, or too deep in folders, for one link. Nothing was shared. Pack them into an archive, or share a part of them at a time.',
  );
}

/** All hashes of a plan. */
export interface ContentHashes {
  /** The SHA-1 digests of all pieces, in order and in one array. */
  readonly pieceHashes: Uint8Array;
  /** The piece layer of each file of the plan; undefined for a plan of v1. */
  readonly pieceLayers: readonly (Uint8Array | undefined)[] | undefined;
  /** The leaves of pieces, as many as a torrent keeps: who serves them need not hash the pieces again. */
  readonly leaves: ReadonlyMap<number, Uint8Array> | undefined;
}

/** Who follows a run of hashing. */
export interface Hashing {
  /** Told of the bytes that are done and of those that there are, with padding. */
  readonly progress?: (doneBytes: number, totalBytes: number) => void;
  /** Aborting ends it after the parts that are being read. */
  readonly signal?: AbortSignal;
}

/**
 * Hashes the files of `plan`, for which `sources` are where they are, reading each once: in large parts, a few of them
 * ahead of the digests. Rejects with `storage-failed` when a file cannot be read, and with `aborted`.
 */
export async function hashContent(
  plan: ContentPlan,
  sources: readonly (Blob | undefined)[],
  { progress, signal }: Hashing = {},
): Promise<ContentHashes> {
  const { pieceLength } = plan;
  const layout = new Layout(plan.files);
  const pieceCount = pieceCountOf(layout.totalLength, pieceLength);
  const pieceHashes = new Uint8Array(pieceCount * PIECE_HASH_BYTES);
  const layers = plan.version === 'hybrid' ? new LayerHasher(plan, layout) : undefined;
  const piecesPerRead = Math.max(1, Math.floor(HASH_READ_BYTES / pieceLength));
  let nextPiece = 0;
  let doneBytes = 0;
  const hashPiece = async (piece: number, bytes: OwnBytes): Promise<void> => {
    const [digest] = await Promise.all([sha1(bytes), layers?.hash(piece, bytes)]);
    pieceHashes.set(digest, piece * PIECE_HASH_BYTES);
  };
  const work = async (): Promise<void> => {
    while (nextPiece < pieceCount) {
      checkNotStopped(signal);
      const first = nextPiece;
      nextPiece += piecesPerRead;
      const bytes = await readFiles(sources, layout, first * pieceLength, piecesPerRead * pieceLength);
      const digests: Promise<void>[] = [];
      for (let at = 0, piece = first; at < bytes.length; at += pieceLength, piece++)
        digests.push(hashPiece(piece, bytes.subarray(at, at + pieceLength)));
      await Promise.all(digests);
      doneBytes += bytes.length;
      progress?.(doneBytes, layout.totalLength);
    }
  };
  await Promise.all(Array.from({ length: HASH_READS_IN_FLIGHT }, work));
  return { pieceHashes, pieceLayers: layers?.layers, leaves: layers?.leaves };
}

/** Throws `aborted` for a share that its person does not want any more. */
export function checkNotStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new WorkerError('aborted', 'Sharing was cancelled. Nothing of it is shared.');
}

/** Makes the piece layers of files (BEP 52), piece by piece in any order. */
class LayerHasher {
  readonly layers: readonly (Uint8Array | undefined)[];
  /** By piece. BOUNDED: by MAX_LEAF_BYTES. */
  readonly leaves = new Map<number, Uint8Array>();
  #leafBytes = 0;
  readonly #plan: ContentPlan;
  readonly #layout: Layout;

  constructor(plan: ContentPlan, layout: Layout) {
    this.#plan = plan;
    this.#layout = layout;
    this.layers = plan.files.map((file) =>
      file.isPadding || file.length === 0
        ? undefined
        : new Uint8Array(pieceCountOf(file.length, plan.pieceLength) * TREE_HASH_BYTES),
    );
  }

  /** `bytes` are the whole piece. Padding behind the end of its file has no leaves. */
  async hash(piece: number, bytes: OwnBytes): Promise<void> {
    const { files, pieceLength } = this.#plan;
    const start = piece * pieceLength;
    const index = this.#layout.fileAt(start);
    const file = files[index];
    if (!file) return;
    const leaves = await hashLeaves(bytes.subarray(0, Math.min(bytes.length, file.offset + file.length - start)));
    this.#leafBytes += leaves.length;
    if (this.#leafBytes <= MAX_LEAF_BYTES) this.leaves.set(piece, leaves);
    const hash = climb(leaves, 0, treeShape(file.length, pieceLength).pieceLayer);
    this.layers[index]?.set(hash, ((start - file.offset) / pieceLength) * TREE_HASH_BYTES);
  }
}
