import { MAX_FILES, MAX_PATH_SEGMENTS, MAX_PIECE_LENGTH } from '../../../shared/src/limits/metainfo.ts';
import { type Result, err, ok } from '../../../shared/src/result.ts';
import { type BencodeDictionary, type BencodeInput, bytesOf, integerOf, keyBytes, textKey } from './bencode.ts';
import { decodePath, paddingFile, plainFile } from './file-list.ts';
import { TREE_HASH_BYTES } from './merkle.ts';
import type { MetainfoErrorCode } from './metainfo-error.ts';
import type { Path } from './paths.ts';
import type { TorrentFile } from './types.ts';

/** A file of a file tree (BEP 52). */
export interface TreeFile {
  readonly path: Path;
  /** [bytes] */
  readonly length: number;
  /** Undefined for empty files. */
  readonly piecesRoot: Uint8Array | undefined;
}

/** The files of a file tree, in its order. Total. */
export function decodeFileTree(tree: BencodeDictionary): Result<readonly TreeFile[], MetainfoErrorCode> {
  const files: TreeFile[] = [];
  const refused = collect(tree, [], files);
  if (refused) return err(refused);
  if (files.length === 0) return err('no-files');
  // Each may be as long as can be written down: their sum, padding included, must still be exact.
  const total = files.reduce((sum, file) => sum + file.length + MAX_PIECE_LENGTH, 0);
  return total <= Number.MAX_SAFE_INTEGER ? ok(files) : err('bad-length');
}

/** The file tree of files with distinct paths. */
export function encodeFileTree(files: readonly TreeFile[]): BencodeInput {
  const root = new Map<string, BencodeInput>();
  for (const { path, length, piecesRoot } of files) {
    let folder = root;
    for (const segment of path) {
      const key = textKey(segment);
      const found = (folder.get(key) as Map<string, BencodeInput> | undefined) ?? new Map<string, BencodeInput>();
      folder.set(key, found);
      folder = found;
    }
    const file = new Map<string, BencodeInput>([['length', length]]);
    if (piecesRoot) file.set('pieces root', piecesRoot);
    folder.set('', file);
  }
  return root;
}

/** Sorts by paths as a file tree does: by the bytes of their names, folder by folder. */
export function inTreeOrder<T extends { readonly path: Path }>(files: readonly T[]): T[] {
  // No name holds the NUL that stands between them, and every other byte is greater.
  const keyed = files.map((file) => ({ file, key: file.path.map((name) => textKey(name)).join('\0') }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ file }) => file);
}

/** Lays files out so that each with content begins with a piece (BEP 52), and names the gaps as padding. */
export function alignFiles(
  files: readonly { readonly path: Path; readonly length: number; readonly piecesRoot?: Uint8Array | undefined }[],
  pieceLength: number,
): readonly TorrentFile[] {
  const laid: TorrentFile[] = [];
  let offset = 0;
  for (const { path, length, piecesRoot } of files) {
    const gap = length > 0 ? (pieceLength - (offset % pieceLength)) % pieceLength : 0;
    if (gap > 0) laid.push(paddingFile(gap, offset));
    laid.push({ ...plainFile(path, length, offset + gap), piecesRoot });
    offset += gap + length;
  }
  return laid;
}

/**
 * The files of a hybrid torrent: those of BEP 3 with their padding, and the roots of BEP 52. Refused unless both name
 * the same files in the same order, and the padding is no more than makes each file begin with a piece.
 */
export function joinFiles(
  listed: readonly TorrentFile[],
  tree: readonly TreeFile[],
  pieceLength: number,
): Result<readonly TorrentFile[], 'versions-differ'> {
  const joined: TorrentFile[] = [];
  let next = 0;
  for (const file of listed) {
    if (file.isPadding) {
      const isNeeded = file.length < pieceLength && (file.offset + file.length) % pieceLength === 0;
      if (!isNeeded) return err('versions-differ');
      joined.push(file);
      continue;
    }
    const twin = tree[next++];
    const isAligned = file.length === 0 || file.offset % pieceLength === 0;
    if (!twin || !isAligned || file.length !== twin.length || !isSamePath(file.path, twin.path))
      return err('versions-differ');
    joined.push({ ...file, piecesRoot: twin.piecesRoot });
  }
  return next === tree.length ? ok(joined) : err('versions-differ');
}

function isSamePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((segment, depth) => segment === b[depth]);
}

/** Adds the files below `folder` to `files`. Bencode bounds the depth, and that keys are distinct the duplicates. */
function collect(
  folder: BencodeDictionary,
  path: readonly Uint8Array[],
  files: TreeFile[],
): MetainfoErrorCode | undefined {
  for (const [key, entry] of folder.entries) {
    if (entry.kind !== 'dictionary') return 'not-metainfo';
    if (key === '') {
      // What has properties is a file: it has no entries beside them, and the root is none (BEP 52).
      if (path.length === 0) return 'bad-path';
      if (folder.entries.size > 1) return 'duplicate-path';
      const file = decodeFile(entry, path);
      if (!file.ok) return file.error;
      if (files.length >= MAX_FILES) return 'too-many-files';
      files.push(file.value);
      continue;
    }
    if (path.length >= MAX_PATH_SEGMENTS) return 'bad-path';
    const refused = collect(entry, [...path, keyBytes(key)], files);
    if (refused) return refused;
  }
  return undefined;
}

function decodeFile(
  properties: BencodeDictionary,
  segments: readonly Uint8Array[],
): Result<TreeFile, MetainfoErrorCode> {
  const path = decodePath(segments);
  if (!path) return err('bad-path');
  const length = integerOf(properties, 'length');
  if (length === undefined || length < 0) return err('bad-length');
  if (length === 0) return ok({ path, length, piecesRoot: undefined });
  const piecesRoot = bytesOf(properties, 'pieces root');
  return piecesRoot?.length === TREE_HASH_BYTES ? ok({ path, length, piecesRoot }) : err('bad-pieces-root');
}
