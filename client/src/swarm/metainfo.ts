import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, toHex, utf8Decode, utf8Encode } from '../../../shared/src/bytes.ts';
import { ID_BYTES, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import {
  MAX_INFO_BYTES,
  MAX_PIECES,
  MAX_PIECE_LENGTH,
  MAX_TORRENT_FILE_BYTES,
  MAX_TRACKERS,
  MIN_PIECE_LENGTH,
} from '../../../shared/src/limits/metainfo.ts';
import { type Result, err, ok } from '../../../shared/src/result.ts';
import {
  type BencodeDictionary,
  type BencodeInput,
  bytesOf,
  decodeBencode,
  dictionaryOf,
  encodeBencode,
  integerOf,
  keyOf,
  listOf,
} from './bencode.ts';
import { pickEntries } from './bencode-entries.ts';
import { decodeFileList } from './file-list.ts';
import { alignFiles, decodeFileTree, joinFiles } from './file-tree.ts';
import { isUrl, truncateInfoHash } from './magnet.ts';
import { isPieceLayer, treeShape } from './merkle.ts';
import type { MetainfoErrorCode } from './metainfo-error.ts';
import { distinctPaths, isSafeSegment } from './paths.ts';
import type { InfoHash, InfoHashV2, Metainfo, TorrentFile, TorrentVersion } from './types.ts';

const EMPTY_DICTIONARY = utf8Encode('de');

/** `meta version` of BEP 52. */
const META_VERSION = 2;

/** Length of a SHA-1 digest. [bytes] */
export const PIECE_HASH_BYTES = 20;

/** The number of pieces of content of `totalBytes`; none when it is empty. */
export function pieceCountOf(totalBytes: number, pieceLength: number): number {
  return Math.ceil(totalBytes / pieceLength);
}

/** The length of piece `index`: `pieceLength`, but for the last one. Padding counts. [bytes] */
export function pieceLengthOf(metainfo: Metainfo, index: number): number {
  return Math.min(metainfo.pieceLength, metainfo.totalLength - index * metainfo.pieceLength);
}

/** Reads a torrent file (BEP 3, BEP 52, trackers of BEP 12). Total; copies what it keeps out of `bytes`. */
export function decodeTorrentFile(bytes: Uint8Array): Result<Metainfo, MetainfoErrorCode> {
  if (bytes.length > MAX_TORRENT_FILE_BYTES) return err('too-large');
  const infoBytes = pickEntries(bytes, ['info'])?.get('info');
  const document = decodeBencode(infoBytes ? withoutInfo(bytes, infoBytes) : bytes);
  if (!document.ok) return err('not-bencode');
  if (!infoBytes || document.value.kind !== 'dictionary') return err('not-metainfo');
  const decoded = decodeInfo(infoBytes.slice(), trackersOf(document.value), webSeedsOf(document.value));
  const layers = dictionaryOf(document.value, 'piece layers');
  return decoded.ok && layers ? withLayersOf(decoded.value, layers) : decoded;
}

/** The same torrent file with nothing in the place of `infoBytes`, its own: most of a file, it is decoded by itself. */
function withoutInfo(bytes: Uint8Array, infoBytes: Uint8Array): Uint8Array {
  const start = infoBytes.byteOffset - bytes.byteOffset;
  return concatBytes(bytes.subarray(0, start), EMPTY_DICTIONARY, bytes.subarray(start + infoBytes.length));
}

/** The torrent file of `metainfo`, with the info dictionary byte for byte as it was hashed, and what layers are known. */
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
  if (metainfo.webSeeds.length > 0) file.set('url-list', metainfo.webSeeds);
  if (metainfo.pieceLayers) file.set('piece layers', encodeLayers(metainfo, metainfo.pieceLayers));
  return encodeBencode(file);
}

/**
 * Reads an info dictionary, e.g. as peers send it (BEP 9). Total; keeps `infoBytes` itself. Of piece layers it knows
 * those that are a root.
 */
export function decodeInfo(
  infoBytes: Uint8Array,
  trackers: readonly string[] = [],
  webSeeds: readonly string[] = [],
): Result<Metainfo, MetainfoErrorCode> {
  if (infoBytes.length > MAX_INFO_BYTES) return err('too-large');
  const document = decodeBencode(infoBytes);
  if (!document.ok) return err('not-bencode');
  const info = document.value;
  if (info.kind !== 'dictionary') return err('not-metainfo');
  const version = versionOf(info);
  if (!version.ok) return version;
  const name = nameOf(info);
  if (name === undefined) return err('bad-name');
  const pieceLength = integerOf(info, 'piece length') ?? 0;
  if (!isPieceLength(pieceLength, version.value)) return err('bad-piece-length');
  const files = decodeFiles(info, version.value, name, pieceLength);
  if (!files.ok) return files;
  const last = files.value.at(-1) as TorrentFile;
  const totalLength = last.offset + last.length;
  const pieceCount = pieceCountOf(totalLength, pieceLength);
  if (pieceCount > MAX_PIECES) return err('too-many-pieces');
  const pieceHashes = version.value === 'v2' ? new Uint8Array(0) : (bytesOf(info, 'pieces') as Uint8Array);
  if (version.value !== 'v2' && pieceHashes.length !== pieceCount * PIECE_HASH_BYTES) return err('bad-pieces');
  return ok({
    version: version.value,
    ...hashesOf(infoBytes, version.value),
    name,
    pieceLength,
    pieceHashes,
    pieceLayers: version.value === 'v1' ? undefined : files.value.map((file) => rootLayer(file, pieceLength)),
    files: files.value,
    totalLength,
    infoBytes,
    trackers,
    webSeeds,
    isPrivate: integerOf(info, 'private') === 1,
  });
}

/** SHA-1 of an info dictionary (BEP 3). */
export function infoHashOf(infoBytes: Uint8Array): InfoHash {
  return nodeIdFromBytes(sha1(infoBytes).subarray(0, ID_BYTES));
}

/** What the swarm of a torrent goes by: by its SHA-256 alone when it is v2 alone (BEP 52). */
export function swarmHashOf(infoBytes: Uint8Array, version: TorrentVersion): InfoHash {
  return version === 'v2' ? truncateInfoHash(infoHashV2Of(infoBytes)) : infoHashOf(infoBytes);
}

/** SHA-256 of an info dictionary (BEP 52). */
export function infoHashV2Of(infoBytes: Uint8Array): InfoHashV2 {
  return toHex(sha256(infoBytes));
}

/**
 * The metainfo as that of the swarm `infoHash`; undefined when neither of its hashes is that. A hybrid torrent that was
 * found by its v2 hash alone is in another swarm than the one its own `infoHash` names.
 */
export function underInfoHash(metainfo: Metainfo, infoHash: InfoHash): Metainfo | undefined {
  if (metainfo.infoHash === infoHash) return metainfo;
  const { infoHashV2 } = metainfo;
  return infoHashV2 !== undefined && truncateInfoHash(infoHashV2) === infoHash ? { ...metainfo, infoHash } : undefined;
}

/**
 * What the same torrent goes by besides (BEP 52): a hybrid one that goes by its v1 hash, the beginning of its v2 hash, and the
 * reverse. Undefined for one that has one hash.
 */
export function twinOf({ version, infoHash, infoHashV2, infoBytes }: Metainfo): InfoHash | undefined {
  if (version !== 'hybrid' || infoHashV2 === undefined) return undefined;
  const short = truncateInfoHash(infoHashV2);
  return infoHash === short ? infoHashOf(infoBytes) : short;
}

/** The metainfo with the piece layer of one file, when it is that file's; else undefined. Keeps `layer` itself. */
export function withPieceLayer(metainfo: Metainfo, index: number, layer: Uint8Array): Metainfo | undefined {
  const file = metainfo.files[index];
  if (!metainfo.pieceLayers || !file?.piecesRoot) return undefined;
  if (!isPieceLayer(layer, file.piecesRoot, treeShape(file.length, metainfo.pieceLength))) return undefined;
  return { ...metainfo, pieceLayers: metainfo.pieceLayers.with(index, layer) };
}

/** The version of an info dictionary, which must be looked at before anything else (BEP 52). */
export function versionOf(info: BencodeDictionary): Result<TorrentVersion, MetainfoErrorCode> {
  const hasPieces = bytesOf(info, 'pieces') !== undefined;
  if (!info.entries.has('meta version')) return hasPieces ? ok('v1') : err('not-metainfo');
  if (integerOf(info, 'meta version') !== META_VERSION) return err('version-unsupported');
  return ok(hasPieces ? 'hybrid' : 'v2');
}

/** The name in an info dictionary; undefined when it is none. */
export function nameOf(info: BencodeDictionary): string | undefined {
  const name = utf8Decode(bytesOf(info, 'name.utf-8') ?? bytesOf(info, 'name') ?? new Uint8Array(0));
  return name !== undefined && isSafeSegment(name) ? name : undefined;
}

function isPieceLength(length: number, version: TorrentVersion): boolean {
  if (length < 1 || length > MAX_PIECE_LENGTH) return false;
  return version === 'v1' || (length >= MIN_PIECE_LENGTH && Number.isInteger(Math.log2(length)));
}

function decodeFiles(
  info: BencodeDictionary,
  version: TorrentVersion,
  name: string,
  pieceLength: number,
): Result<readonly TorrentFile[], MetainfoErrorCode> {
  const listed = version === 'v2' ? undefined : decodeFileList(info, name);
  if (listed && (!listed.ok || version === 'v1')) return listed.ok ? ok(distinct(listed.value)) : listed;
  const root = dictionaryOf(info, 'file tree');
  if (!root) return err('not-metainfo');
  const tree = decodeFileTree(root);
  if (!tree.ok) return tree;
  const files = listed ? joinFiles(listed.value, tree.value, pieceLength) : ok(alignFiles(tree.value, pieceLength));
  return files.ok ? ok(distinct(files.value)) : files;
}

/** Shown and saved under names that no file system confuses; `infoBytes` keep what the torrent says. */
function distinct(files: readonly TorrentFile[]): readonly TorrentFile[] {
  const paths = distinctPaths(files.filter((file) => !file.isPadding).map((file) => file.path));
  let next = 0;
  return files.map((file) => (file.isPadding ? file : { ...file, path: paths[next++] ?? file.path }));
}

function hashesOf(
  infoBytes: Uint8Array,
  version: TorrentVersion,
): { readonly infoHash: InfoHash; readonly infoHashV2: InfoHashV2 | undefined } {
  if (version === 'v1') return { infoHash: infoHashOf(infoBytes), infoHashV2: undefined };
  const infoHashV2 = infoHashV2Of(infoBytes);
  return { infoHash: version === 'v2' ? truncateInfoHash(infoHashV2) : infoHashOf(infoBytes), infoHashV2 };
}

/** A file of one piece has its root for a piece layer. */
function rootLayer(file: TorrentFile, pieceLength: number): Uint8Array | undefined {
  return file.length <= pieceLength ? file.piecesRoot : undefined;
}

/** Takes the layers of a torrent file over. One that is missing is left to be asked of peers, a wrong one is refused. */
function withLayersOf(metainfo: Metainfo, layers: BencodeDictionary): Result<Metainfo, MetainfoErrorCode> {
  if (!metainfo.pieceLayers) return ok(metainfo);
  const taken = metainfo.pieceLayers.slice();
  for (const [index, file] of metainfo.files.entries()) {
    const layer = file.piecesRoot && bytesOf(layers, keyOf(file.piecesRoot));
    if (!file.piecesRoot || !layer || file.length <= metainfo.pieceLength) continue;
    if (!isPieceLayer(layer, file.piecesRoot, treeShape(file.length, metainfo.pieceLength)))
      return err('bad-piece-layers');
    taken[index] = layer.slice();
  }
  return ok({ ...metainfo, pieceLayers: taken });
}

function encodeLayers(metainfo: Metainfo, layers: readonly (Uint8Array | undefined)[]): BencodeInput {
  const entries = new Map<string, BencodeInput>();
  for (const [index, file] of metainfo.files.entries()) {
    const layer = layers[index];
    if (file.piecesRoot && layer && file.length > metainfo.pieceLength) entries.set(keyOf(file.piecesRoot), layer);
  }
  return entries;
}

/** The tracker URLs of a torrent file (BEP 3, BEP 12), each once. */
export function trackersOf(document: BencodeDictionary): readonly string[] {
  const urls = new Set<string>();
  addUrl(urls, bytesOf(document, 'announce'));
  for (const tier of listOf(document, 'announce-list') ?? []) {
    if (tier.kind !== 'list') continue;
    for (const entry of tier.items) if (entry.kind === 'bytes') addUrl(urls, entry.value);
  }
  return [...urls];
}

/** The web seeds of a torrent file (BEP 19): one URL, or a list of them. */
export function webSeedsOf(document: BencodeDictionary): readonly string[] {
  const urls = new Set<string>();
  addUrl(urls, bytesOf(document, 'url-list'));
  for (const entry of listOf(document, 'url-list') ?? []) if (entry.kind === 'bytes') addUrl(urls, entry.value);
  return [...urls];
}

function addUrl(urls: Set<string>, bytes: Uint8Array | undefined): void {
  const url = bytes && utf8Decode(bytes);
  if (url !== undefined && urls.size < MAX_TRACKERS && isUrl(url)) urls.add(url);
}
