import {
  MAX_CHOSEN_PIECE_LENGTH,
  MAX_FILES,
  MAX_HYBRID_FILES,
  MAX_PADDED_PIECES,
  MAX_PADDING_BYTES,
  MAX_PADDING_FRACTION,
  MAX_TRACKERS,
  MIN_PIECE_LENGTH,
  TARGET_PADDING_FRACTION,
  TARGET_PIECE_COUNT,
} from '../../../shared/src/limits/metainfo.ts';
import { invariant } from '../../../shared/src/result.ts';
import { encodeBencode } from './bencode.ts';
import { plainFile } from './file-list.ts';
import { type TreeFile, alignFiles, inTreeOrder } from './file-tree.ts';
import { fitsInfo, haveTooManyValues, infoOf } from './info-dictionary.ts';
import { isUrl } from './magnet.ts';
import { TREE_HASH_BYTES, rootOf, treeShape } from './merkle.ts';
import { PIECE_HASH_BYTES, decodeInfo, pieceCountOf } from './metainfo.ts';
import { type Path, safePaths, safeSegment } from './paths.ts';
import type { Metainfo, TorrentFile } from './types.ts';

/** A file that is about to be part of a torrent. */
export interface SourceFile {
  readonly path: Path;
  /** [bytes] */
  readonly length: number;
  /** Zeros that a plan put between files. */
  readonly isPadding?: boolean;
}

/** Our own content as it will be hashed. */
export interface ContentPlan {
  /** Which hashes it will have. */
  readonly version: 'v1' | 'hybrid';
  readonly name: string;
  /** [bytes] */
  readonly pieceLength: number;
  /** In the torrent's order, with its padding: those of the metainfo that is built from it. None when it is too large. */
  readonly files: readonly PlannedFile[];
  /** There are so many files, or names so long, that receivers would refuse the torrent: it cannot be built. */
  readonly isTooLarge: boolean;
}

export interface PlannedFile extends TorrentFile {
  /** Index of the file among those that the plan was made for; undefined for padding. */
  readonly source: number | undefined;
}

/**
 * The piece length for content of `totalBytes`: the smallest power of two from 16 KiB to 16 MiB that makes at most
 * 2048 pieces, or 16 MiB. [bytes]
 */
export function choosePieceLength(totalBytes: number): number {
  let length = MIN_PIECE_LENGTH;
  while (length < MAX_CHOSEN_PIECE_LENGTH && totalBytes > length * TARGET_PIECE_COUNT) length *= 2;
  return length;
}

/**
 * Plans a torrent of both BEP 3 and BEP 52: names made harmless and distinct, files in the order of a file tree, each
 * at the start of a piece. Pieces are shorter than `preferredLength` where padding would otherwise be out of proportion,
 * and what is padding for the most part even so has the hashes of BEP 3 alone, as has what would be too large to be
 * described twice. The same files give the same plan.
 */
export function planContent(name: string, files: readonly SourceFile[], preferredLength: number): ContentPlan {
  const refused = { version: 'v1', name, pieceLength: preferredLength, files: [], isTooLarge: true } as const;
  // Before their names are looked at, which takes a second where it is too much.
  if (haveTooManyValues(files)) return refused;
  // Which of two names that clash gets a number must not depend on the order in which they were chosen.
  const given = inTreeOrder(files.map(({ path, length }, source) => ({ path, length, source })));
  const paths = safePaths(given.map((file) => file.path));
  const named = inTreeOrder(given.map(({ length, source }, i) => ({ path: paths[i] as Path, length, source })));
  const plain = { name: safeSegment(name), pieceLength: preferredLength, files: concatenate(named), tree: undefined };
  // The description of both kinds of hashes has all of it, so what is too large is found out by the smaller one.
  if (!fitsInfo(plain)) return refused;
  const padded = paddedPlan(plain.name, named, preferredLength);
  const { pieceLength, files: laid } = padded ?? plain;
  let next = 0;
  return {
    version: padded ? 'hybrid' : 'v1',
    name: plain.name,
    pieceLength,
    files: laid.map((file) => ({ ...file, source: file.isPadding ? undefined : named[next++]?.source })),
    isTooLarge: false,
  };
}

/** What a torrent is made of: a plan and its hashes. */
export interface MetainfoSource {
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly pieceLength: number;
  /**
   * The SHA-1 digests of the pieces of all files in order, joined; those of a hybrid torrent with its padding. Undefined
   * for a v2-only torrent.
   */
  readonly pieceHashes?: Uint8Array | undefined;
  /** For each of `files` that has content its piece layer (`Metainfo.pieceLayers`). Undefined for a v1 torrent. */
  readonly pieceLayers?: readonly (Uint8Array | undefined)[] | undefined;
  readonly trackers: readonly string[];
  /** Peers come from the tracker alone (BEP 27). Another info-hash than that of the same files without it. */
  readonly isPrivate?: boolean | undefined;
}

/**
 * Makes the metainfo of our own content. Names that a receiver would have to refuse are made harmless and unique, so
 * what is built here always decodes, unless its plan was too large. Files with piece layers come in the order of a plan.
 */
export function buildMetainfo(source: MetainfoSource): Metainfo {
  const { pieceLength, pieceHashes, pieceLayers } = source;
  invariant(source.files.length > 0 && source.files.length <= MAX_FILES, 'a torrent has from 1 to MAX_FILES files');
  const name = safeSegment(source.name);
  const files = nameFiles(source);
  const laid = pieceLayers ? alignFiles(files, pieceLength) : concatenate(files);
  const last = laid.at(-1) as TorrentFile;
  const pieceCount = pieceCountOf(last.offset + last.length, pieceLength);
  invariant(!pieceHashes || pieceHashes.length === pieceCount * PIECE_HASH_BYTES, 'one hash for each piece');
  const tree = pieceLayers && files;
  const isPrivate = source.isPrivate === true;
  const info = infoOf({ name, pieceLength, files: laid, tree, pieceHashes, isPrivate });
  const trackers = source.trackers.filter(isUrl).slice(0, MAX_TRACKERS);
  const decoded = decodeInfo(encodeBencode(info), trackers);
  invariant(decoded.ok, 'what is built here decodes');
  if (!pieceLayers) return decoded.value;
  let next = 0;
  const layers = laid.map((file) => (file.isPadding ? undefined : files[next++]?.pieceLayer));
  return { ...decoded.value, pieceLayers: layers };
}

interface NamedFile extends TreeFile {
  readonly pieceLayer: Uint8Array | undefined;
}

/** The files under harmless names, with their roots and without padding. */
function nameFiles(source: MetainfoSource): readonly NamedFile[] {
  const given = source.files
    .map(({ path, length, isPadding }, i) => ({ path, length, isPadding, pieceLayer: source.pieceLayers?.[i] }))
    .filter((file) => file.isPadding !== true);
  const paths = safePaths(given.map((file) => file.path));
  const named = given.map((file, i) => ({ ...file, path: paths[i] as Path }));
  invariant(
    !source.pieceLayers || inTreeOrder(named).every((file, i) => file === named[i]),
    'the order of a file tree',
  );
  return named.map(({ path, length, pieceLayer }) => {
    if (!source.pieceLayers || length === 0) return { path, length, piecesRoot: undefined, pieceLayer: undefined };
    const shape = treeShape(length, source.pieceLength);
    invariant(pieceLayer?.length === shape.pieceCount * TREE_HASH_BYTES, 'a piece layer for each file with content');
    return { path, length, piecesRoot: rootOf(pieceLayer, shape.pieceLayer, shape.height), pieceLayer };
  });
}

/** One file after the other, as in BEP 3. */
function concatenate(files: readonly SourceFile[]): readonly TorrentFile[] {
  let offset = 0;
  return files.map(({ path, length }) => {
    const file = plainFile(path, length, offset);
    offset += length;
    return file;
  });
}

/** The part of a plan of both BEP 3 and BEP 52; undefined when padding or the description were out of proportion. */
function paddedPlan(
  name: string,
  named: readonly SourceFile[],
  preferredLength: number,
): { readonly pieceLength: number; readonly files: readonly TorrentFile[] } | undefined {
  const pieceLength = paddedPieceLength(named, preferredLength);
  if (pieceLength === undefined) return undefined;
  const files = alignFiles(named, pieceLength);
  const tree = named.map(({ path, length }) => ({ path, length, piecesRoot: undefined }));
  return fitsInfo({ name, pieceLength, files, tree }) ? { pieceLength, files } : undefined;
}

/** The longest piece length up to `preferred` that keeps padding in proportion; undefined when none does. */
function paddedPieceLength(files: readonly SourceFile[], preferred: number): number | undefined {
  if (files.length > MAX_HYBRID_FILES) return undefined;
  // Nothing follows a single file that would have to be aligned.
  if (files.length === 1) return preferred;
  const content = files.reduce((sum, file) => sum + file.length, 0);
  const pieces = (length: number): number => files.reduce((sum, file) => sum + pieceCountOf(file.length, length), 0);
  const padding = (length: number): number => pieces(length) * length - content;
  let length = preferred;
  while (
    length > MIN_PIECE_LENGTH &&
    padding(length) > content * TARGET_PADDING_FRACTION &&
    pieces(length / 2) <= MAX_PADDED_PIECES
  )
    length /= 2;
  const isBearable = padding(length) <= content * MAX_PADDING_FRACTION + MAX_PADDING_BYTES;
  return isBearable ? length : undefined;
}
