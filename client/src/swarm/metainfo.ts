import { sha1 } from '@noble/hashes/legacy.js';
import { utf8Decode } from '../../../shared/src/bytes.ts';
import { ID_BYTES, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import {
  MAX_CHOSEN_PIECE_LENGTH,
  MAX_FILES,
  MAX_INFO_BYTES,
  MAX_PATH_SEGMENTS,
  MAX_PIECES,
  MAX_PIECE_LENGTH,
  MAX_TORRENT_FILE_BYTES,
  MAX_TRACKERS,
  MIN_PIECE_LENGTH,
  TARGET_PIECE_COUNT,
} from '../../../shared/src/limits/swarm.ts';
import { type Result, err, invariant, ok } from '../../../shared/src/result.ts';
import {
  type Bencode,
  type BencodeDictionary,
  type BencodeInput,
  bytesOf,
  decodeBencode,
  dictionaryOf,
  encodeBencode,
  integerOf,
  listOf,
} from './bencode.ts';
import { isUrl } from './magnet.ts';
import { isSafeSegment, safePaths, safeSegment } from './paths.ts';
import type { InfoHash, Metainfo, TorrentFile } from './types.ts';

/** Why a torrent file or an info dictionary was refused. A closed list. */
export type MetainfoErrorCode =
  | 'too-large'
  /** Not well-formed, canonical bencode. */
  | 'not-bencode'
  /** Bencode, but without what BEP 3 demands, or of other types. */
  | 'not-metainfo'
  /** A torrent of BEP 52 without the parts of BEP 3. */
  | 'version-unsupported'
  /** The torrent's name is empty, no UTF-8, too long, or would leave its folder. */
  | 'bad-name'
  /** A file's path is empty or absolute, climbs up, holds a separator or NUL, is no UTF-8 or too long. */
  | 'bad-path'
  /** Two files of one path, or a file where another needs a folder. */
  | 'duplicate-path'
  | 'bad-length'
  | 'bad-piece-length'
  /** The number of hashes does not fit lengths and piece length. */
  | 'bad-pieces'
  | 'too-many-pieces'
  | 'no-files'
  | 'too-many-files';

/** Length of a SHA-1 digest. [bytes] */
export const PIECE_HASH_BYTES = 20;

/**
 * The piece length for content of `totalBytes`: the smallest power of two from 16 KiB to 16 MiB that makes at most
 * 2048 pieces, or 16 MiB. [bytes]
 */
export function choosePieceLength(totalBytes: number): number {
  let length = MIN_PIECE_LENGTH;
  while (length < MAX_CHOSEN_PIECE_LENGTH && totalBytes > length * TARGET_PIECE_COUNT) length *= 2;
  return length;
}

/** The number of pieces of content of `totalBytes`; none when it is empty. */
export function pieceCountOf(totalBytes: number, pieceLength: number): number {
  return Math.ceil(totalBytes / pieceLength);
}

/** The length of piece `index`: `pieceLength`, but for the last one. [bytes] */
export function pieceLengthOf(metainfo: Metainfo, index: number): number {
  return Math.min(metainfo.pieceLength, metainfo.totalLength - index * metainfo.pieceLength);
}

/** What a torrent is made of. `pieceHashes` are the SHA-1 digests of the pieces of all files in order, joined. */
export interface MetainfoSource {
  readonly name: string;
  readonly files: readonly { readonly path: readonly string[]; readonly length: number }[];
  readonly pieceLength: number;
  readonly pieceHashes: Uint8Array;
  readonly trackers: readonly string[];
}

/**
 * Makes the metainfo of our own content. Names that a receiver would have to refuse are made harmless and unique, so
 * what is built here always decodes. One file whose path is its name makes a single-file torrent.
 */
export function buildMetainfo(source: MetainfoSource): Metainfo {
  const { pieceLength, pieceHashes } = source;
  invariant(source.files.length > 0 && source.files.length <= MAX_FILES, 'a torrent has from 1 to MAX_FILES files');
  const totalLength = source.files.reduce((sum, file) => sum + file.length, 0);
  const pieceCount = pieceCountOf(totalLength, pieceLength);
  invariant(pieceHashes.length === pieceCount * PIECE_HASH_BYTES, 'one hash for each piece');
  const name = safeSegment(source.name);
  const paths = safePaths(source.files.map((file) => file.path));
  const info = new Map<string, BencodeInput>([
    ['name', name],
    ['piece length', pieceLength],
    ['pieces', pieceHashes],
  ]);
  const first = source.files[0];
  if (source.files.length === 1 && first?.path.length === 1 && first.path[0] === source.name)
    info.set('length', totalLength);
  else {
    const entry = (file: { readonly length: number }, index: number): BencodeInput =>
      new Map<string, BencodeInput>([
        ['length', file.length],
        ['path', paths[index] as readonly string[]],
      ]);
    info.set('files', source.files.map(entry));
  }
  const decoded = decodeInfo(encodeBencode(info), source.trackers.filter(isUrl).slice(0, MAX_TRACKERS));
  invariant(decoded.ok, 'what is built here decodes');
  return decoded.value;
}

/** The torrent file of `metainfo`, with the info dictionary byte for byte as it was hashed. */
export function encodeTorrentFile(metainfo: Metainfo): Uint8Array {
  const file = new Map<string, BencodeInput>([['info', { raw: metainfo.infoBytes }]]);
  const [first] = metainfo.trackers;
  if (first !== undefined) file.set('announce', first);
  // BEP 12: one tier for each tracker, tried in order.
  if (metainfo.trackers.length > 1)
    file.set(
      'announce-list',
      metainfo.trackers.map((tracker) => [tracker]),
    );
  return encodeBencode(file);
}

/** Reads a torrent file (BEP 3, trackers of BEP 12). Total; copies what it keeps out of `bytes`. */
export function decodeTorrentFile(bytes: Uint8Array): Result<Metainfo, MetainfoErrorCode> {
  if (bytes.length > MAX_TORRENT_FILE_BYTES) return err('too-large');
  const document = decodeBencode(bytes);
  if (!document.ok) return err('not-bencode');
  if (document.value.kind !== 'dictionary') return err('not-metainfo');
  const info = dictionaryOf(document.value, 'info');
  if (!info) return err('not-metainfo');
  return decodeInfo(bytes.slice(info.start, info.end), trackersOf(document.value));
}

/** Reads an info dictionary, e.g. as peers send it (BEP 9). Total; keeps `infoBytes` itself. */
export function decodeInfo(
  infoBytes: Uint8Array,
  trackers: readonly string[] = [],
): Result<Metainfo, MetainfoErrorCode> {
  if (infoBytes.length > MAX_INFO_BYTES) return err('too-large');
  const document = decodeBencode(infoBytes);
  if (!document.ok) return err('not-bencode');
  const info = document.value;
  if (info.kind !== 'dictionary') return err('not-metainfo');
  const name = utf8Decode(bytesOf(info, 'name') ?? new Uint8Array(0));
  if (name === undefined || !isSafeSegment(name)) return err('bad-name');
  const pieceLength = integerOf(info, 'piece length');
  if (pieceLength === undefined || pieceLength < 1 || pieceLength > MAX_PIECE_LENGTH) return err('bad-piece-length');
  const pieceHashes = bytesOf(info, 'pieces');
  if (!pieceHashes) return err(integerOf(info, 'meta version') === undefined ? 'not-metainfo' : 'version-unsupported');
  const files = decodeFiles(info, name);
  if (!files.ok) return files;
  const last = files.value.at(-1) as TorrentFile;
  const totalLength = last.offset + last.length;
  if (pieceHashes.length > MAX_PIECES * PIECE_HASH_BYTES) return err('too-many-pieces');
  const pieceCount = pieceCountOf(totalLength, pieceLength);
  if (pieceCount > MAX_PIECES) return err('too-many-pieces');
  if (pieceHashes.length !== pieceCount * PIECE_HASH_BYTES) return err('bad-pieces');
  const infoHash = infoHashOf(infoBytes);
  return ok({
    version: 'v1',
    infoHash,
    infoHashV2: undefined,
    name,
    pieceLength,
    pieceHashes,
    pieceLayers: undefined,
    files: files.value,
    totalLength,
    infoBytes,
    trackers,
  });
}

/** SHA-1 of an info dictionary (BEP 3). */
export function infoHashOf(infoBytes: Uint8Array): InfoHash {
  return nodeIdFromBytes(sha1(infoBytes).subarray(0, ID_BYTES));
}

function decodeFiles(info: BencodeDictionary, name: string): Result<readonly TorrentFile[], MetainfoErrorCode> {
  const list = listOf(info, 'files');
  const length = integerOf(info, 'length');
  if ((list === undefined) === (length === undefined)) return err('not-metainfo');
  if (length !== undefined) return length < 0 ? err('bad-length') : ok([plainFile([name], length, 0)]);
  if (!list || list.length === 0) return err('no-files');
  if (list.length > MAX_FILES) return err('too-many-files');
  const files: TorrentFile[] = [];
  const taken = new PathTree();
  let offset = 0;
  for (const entry of list) {
    const file = decodeFile(entry, offset);
    if (!file.ok) return file;
    if (!taken.add(file.value.path)) return err('duplicate-path');
    files.push(file.value);
    offset += file.value.length;
    if (offset > Number.MAX_SAFE_INTEGER) return err('bad-length');
  }
  return ok(files);
}

function decodeFile(entry: Bencode, offset: number): Result<TorrentFile, MetainfoErrorCode> {
  if (entry.kind !== 'dictionary') return err('not-metainfo');
  const length = integerOf(entry, 'length');
  if (length === undefined || length < 0) return err('bad-length');
  // BEP 47: padding files carry no name that matters, and several may have the same one.
  if (isPadding(entry)) return ok({ ...plainFile(['.pad', `${offset}-${length}`], length, offset), isPadding: true });
  const segments = listOf(entry, 'path');
  if (!segments || segments.length === 0 || segments.length > MAX_PATH_SEGMENTS) return err('bad-path');
  const path: string[] = [];
  for (const segment of segments) {
    const text = segment.kind === 'bytes' ? utf8Decode(segment.value) : undefined;
    if (text === undefined || !isSafeSegment(text)) return err('bad-path');
    path.push(text);
  }
  return ok(plainFile(path, length, offset));
}

function plainFile(path: readonly string[], length: number, offset: number): TorrentFile {
  return { path, length, offset, piecesRoot: undefined, isPadding: false };
}

function isPadding(file: BencodeDictionary): boolean {
  return bytesOf(file, 'attr')?.includes(0x70) ?? false;
}

/** Which paths are files and which are folders: no file may be there twice, nor be a folder of another. */
class PathTree {
  /** BOUNDED: by the files of one torrent and their depth. */
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  /** False when `path` collides with one that is there. Segments hold no `/`, so joined paths are unique. */
  add(path: readonly string[]): boolean {
    let folder = '';
    for (const segment of path.slice(0, -1)) {
      folder += `${segment}/`;
      if (this.#files.has(folder)) return false;
      this.#folders.add(folder);
    }
    const file = `${path.join('/')}/`;
    if (this.#files.has(file) || this.#folders.has(file)) return false;
    this.#files.add(file);
    return true;
  }
}

function trackersOf(document: BencodeDictionary): readonly string[] {
  const urls = new Set<string>();
  const add = (bytes: Uint8Array | undefined): void => {
    const url = bytes && utf8Decode(bytes);
    if (url !== undefined && urls.size < MAX_TRACKERS && isUrl(url)) urls.add(url);
  };
  add(bytesOf(document, 'announce'));
  for (const tier of listOf(document, 'announce-list') ?? []) {
    if (tier.kind !== 'list') continue;
    for (const entry of tier.items) if (entry.kind === 'bytes') add(entry.value);
  }
  return [...urls];
}
