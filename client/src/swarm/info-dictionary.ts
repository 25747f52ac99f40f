import {
  MAX_BENCODE_VALUES,
  MAX_INFO_BYTES,
  MAX_PATH_SEGMENTS,
  MAX_PIECES,
  MAX_TRACKERS,
} from '../../../shared/src/limits/metainfo.ts';
import { type BencodeInput } from './bencode.ts';
import { measureBencode } from './bencode-size.ts';
import { encodeFileList } from './file-list.ts';
import { type TreeFile, encodeFileTree } from './file-tree.ts';
import { TREE_HASH_BYTES } from './merkle.ts';
import { PIECE_HASH_BYTES, pieceCountOf } from './metainfo.ts';
import type { Path } from './paths.ts';
import type { TorrentFile } from './types.ts';

/** What an info dictionary is made of. */
export interface InfoSource {
  readonly name: string;
  /** [bytes] */
  readonly pieceLength: number;
  /** In order, with their padding. */
  readonly files: readonly TorrentFile[];
  /** Those with content have their roots. Undefined for a v1 torrent. */
  readonly tree: readonly TreeFile[] | undefined;
  /** Undefined for a v2-only torrent. */
  readonly pieceHashes: Uint8Array | undefined;
  readonly isPrivate: boolean;
}

/** The info dictionary, unencoded. One file whose path is its name makes a single-file torrent. */
export function infoOf(source: InfoSource): ReadonlyMap<string, BencodeInput> {
  const { name, pieceLength, files, tree, pieceHashes } = source;
  const info = new Map<string, BencodeInput>([
    ['name', name],
    ['piece length', pieceLength],
  ]);
  if (source.isPrivate) info.set('private', 1);
  if (pieceHashes) {
    info.set('pieces', pieceHashes);
    const [only] = files;
    const isSingle = files.length === 1 && only?.path.length === 1 && only.path[0] === name;
    if (isSingle) info.set('length', only.length);
    else info.set('files', encodeFileList(files));
  }
  if (tree) info.set('meta version', 2).set('file tree', encodeFileTree(tree));
  return info;
}

/** Values of a torrent file besides its info dictionary and piece layers: trackers, each in its list, and what is around. */
const OTHER_VALUES = 2 * MAX_TRACKERS + 16;

/** Values of an info dictionary of BEP 3 besides its files: name, piece length, `private`, `pieces`, their list, and itself. */
const OWN_VALUES = 6;

/**
 * Whether receivers refuse files so many and so deep in folders, whatever they are called: each is a dictionary of a
 * length and a list of names. Fewer than that may be too many, too, as `fitsInfo` says when their names are known.
 */
export function haveTooManyValues(files: readonly { readonly path: Path }[]): boolean {
  const values = files.reduce((sum, { path }) => sum + 3 + Math.min(path.length, MAX_PATH_SEGMENTS), OWN_VALUES);
  return values + OTHER_VALUES > MAX_BENCODE_VALUES;
}

/**
 * Whether receivers take what is made of these files: neither the info dictionary nor the torrent file around it is too
 * large for them. To be asked before anything is hashed, which takes minutes.
 */
export function fitsInfo(source: Omit<InfoSource, 'pieceHashes' | 'isPrivate'>): boolean {
  const last = source.files.at(-1);
  const pieceCount = pieceCountOf((last?.offset ?? 0) + (last?.length ?? 0), source.pieceLength);
  if (pieceCount > MAX_PIECES) return false;
  const piecesRoot = new Uint8Array(TREE_HASH_BYTES);
  const tree = source.tree?.map((file) => (file.length > 0 ? { ...file, piecesRoot } : file));
  const pieceHashes = new Uint8Array(pieceCount * PIECE_HASH_BYTES);
  const { bytes, values } = measureBencode(infoOf({ ...source, tree, pieceHashes, isPrivate: true }));
  return bytes <= MAX_INFO_BYTES && values + (tree?.length ?? 0) + OTHER_VALUES <= MAX_BENCODE_VALUES;
}
