import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalBytes, toHex, utf8Encode } from '../../../shared/src/bytes.ts';
import { MAX_FILES, MAX_PATH_SEGMENTS, MAX_PIECE_LENGTH } from '../../../shared/src/limits/metainfo.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { type BencodeInput, decodeBencode, dictionaryOf, encodeBencode, keyOf } from './bencode.ts';
import { buildMetainfo } from './build-metainfo.ts';
import { decodeFileTree } from './file-tree.ts';
import { TREE_HASH_BYTES, isPieceLayer, rootOf, treeShape } from './merkle.ts';
import {
  decodeInfo,
  decodeTorrentFile,
  encodeTorrentFile,
  infoHashOf,
  infoHashV2Of,
  pieceCountOf,
  underInfoHash,
  withPieceLayer,
} from './metainfo.ts';
import { isSafeSegment } from './paths.ts';
import { at } from './test/at.ts';
import { mutate } from './test/fuzz.ts';
import type { Metainfo, TorrentVersion } from './types.ts';

const PIECE = 16 * 1024;
const dictionary = (entries: Readonly<Record<string, BencodeInput>>): BencodeInput => new Map(Object.entries(entries));
const root = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
/** What stands in a file tree for a file. */
const leaf = (length: number, piecesRoot?: Uint8Array): BencodeInput =>
  dictionary({ '': dictionary(piecesRoot ? { length, 'pieces root': piecesRoot } : { length }) });

/** A v2-only info dictionary with some entries replaced. */
function info(tree: BencodeInput, changes: Readonly<Record<string, BencodeInput>> = {}): Uint8Array {
  const entries = { name: 'a share', 'piece length': PIECE, 'meta version': 2, 'file tree': tree, ...changes };
  return encodeBencode(dictionary(entries));
}

const reason = (bytes: Uint8Array): string => {
  const result = decodeInfo(bytes);
  return result.ok ? 'ok' : result.error;
};

/** A hybrid info dictionary of two files, with other entries in its list of BEP 3. */
function hybrid(
  list: readonly BencodeInput[],
  pieces: number,
  changes: Readonly<Record<string, BencodeInput>> = {},
): Uint8Array {
  const tree = dictionary({ a: leaf(5, root(1)), b: leaf(7, root(2)) });
  return info(tree, { files: list, pieces: new Uint8Array(20 * pieces), ...changes });
}
const listed = (length: number, ...path: string[]): BencodeInput => dictionary({ length, path });
const padding = (length: number): BencodeInput => dictionary({ attr: 'p', length, path: ['.pad', `${length}`] });

/** Content with random hashes, as one of the three versions. */
function build(version: TorrentVersion, lengths: readonly number[], seed = 1): Metainfo {
  const rng = seededRng(seed);
  const files = lengths.map((length, i) => ({ path: [`file ${String(i).padStart(3, '0')}`], length }));
  const layerOf = (length: number): Uint8Array | undefined =>
    length === 0 ? undefined : randomBytes(rng, pieceCountOf(length, PIECE) * TREE_HASH_BYTES);
  const last = lengths.findLastIndex((length) => length > 0);
  const padded = lengths.reduce((sum, length, i) => sum + (i < last ? pieceCountOf(length, PIECE) * PIECE : length), 0);
  const total = version === 'hybrid' ? padded : lengths.reduce((sum, length) => sum + length, 0);
  return buildMetainfo({
    name: 'a share',
    files,
    pieceLength: PIECE,
    pieceHashes: version === 'v2' ? undefined : randomBytes(rng, 20 * pieceCountOf(total, PIECE)),
    pieceLayers: version === 'v1' ? undefined : lengths.map(layerOf),
    trackers: [],
  });
}

test('the example of BEP 52 is a file tree of one file', () => {
  const example =
    'd4:infod9:file treed4:dir1d4:dir2d9:fileA.txtd0:d6:lengthi1024e11:pieces root32:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaeeeeeee';
  const document = decodeBencode(utf8Encode(example));
  if (!document.ok || document.value.kind !== 'dictionary') throw new Error('no dictionary');
  const outer = dictionaryOf(document.value, 'info');
  const tree = outer && dictionaryOf(outer, 'file tree');
  if (!tree) throw new Error('no file tree');
  const piecesRoot = utf8Encode('a'.repeat(32));
  expect(decodeFileTree(tree)).toEqual({
    ok: true,
    value: [{ path: ['dir1', 'dir2', 'fileA.txt'], length: 1024, piecesRoot }],
  });
});

test('files of a v2-only torrent begin with a piece, with padding that nobody lists', () => {
  const tree = dictionary({ a: leaf(PIECE + 1, root(1)), b: dictionary({ c: leaf(0), d: leaf(5, root(2)) }) });
  const decoded = decodeInfo(info(tree));
  if (!decoded.ok) throw new Error(decoded.error);
  const { infoHash, infoHashV2, files, totalLength, pieceLayers } = decoded.value;
  expect(infoHashV2).toBe(infoHashV2Of(info(tree)));
  expect(infoHash).toBe(infoHashV2?.slice(0, 40));
  expect(files.map(({ path, length, offset, isPadding }) => [path.join('/'), length, offset, isPadding])).toEqual([
    ['a', PIECE + 1, 0, false],
    ['b/c', 0, PIECE + 1, false],
    [`.pad/${PIECE - 1}`, PIECE - 1, PIECE + 1, true],
    ['b/d', 5, 2 * PIECE, false],
  ]);
  expect(totalLength).toBe(2 * PIECE + 5);
  // The root is the layer of a file of one piece; the layer of the longer file is not in the info dictionary.
  expect(pieceLayers).toEqual([undefined, undefined, undefined, root(2)]);
});

test('what is built decodes to the same, in every version', () => {
  const lengths = fc.array(fc.oneof(fc.constantFrom(0, 1, PIECE, 2 * PIECE), fc.nat(100_000)), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.constantFrom('v1', 'v2', 'hybrid'), lengths, fc.nat(99), (version, list, seed) => {
      const built = build(version, list, seed);
      expect(built.version).toBe(version);
      expect(decodeTorrentFile(encodeTorrentFile(built))).toEqual({ ok: true, value: built });
      expect(built.files.filter((file) => !file.isPadding).map(({ length }) => length)).toEqual(list);
      let end = 0;
      for (const file of built.files) {
        expect(file.offset).toBe(end);
        end += file.length;
        expect(!file.piecesRoot || file.offset % PIECE === 0).toBe(true);
      }
      expect(built.totalLength).toBe(end);
    }),
  );
});

test('layers that a torrent file lacks are taken from peers, and only right ones', () => {
  const built = build('v2', [3 * PIECE, 5, 2 * PIECE]);
  const decoded = decodeInfo(built.infoBytes);
  if (!decoded.ok) throw new Error(decoded.error);
  expect(decodeTorrentFile(encodeTorrentFile(decoded.value))).toEqual({ ok: true, value: decoded.value });
  const [layer, , , other] = built.pieceLayers ?? [];
  if (!layer || !other) throw new Error('no layers');
  const known = withPieceLayer(decoded.value, 0, layer);
  expect(known?.pieceLayers).toEqual([layer, built.pieceLayers?.[1], undefined, undefined]);
  expect(known && withPieceLayer(known, 3, other)).toMatchObject({ pieceLayers: built.pieceLayers });
  expect(withPieceLayer(decoded.value, 0, other)).toBeUndefined();
  expect(withPieceLayer(decoded.value, 1, layer)).toBeUndefined();
  expect(withPieceLayer(decoded.value, 99, layer)).toBeUndefined();
});

test('a hybrid torrent is that of the swarm of either of its hashes, and of no other', () => {
  const built = build('hybrid', [5]);
  const truncated = built.infoHashV2?.slice(0, 40) as typeof built.infoHash;
  expect(built.infoHash).toBe(infoHashOf(built.infoBytes));
  expect(underInfoHash(built, built.infoHash)).toBe(built);
  expect(underInfoHash(built, truncated)).toEqual({ ...built, infoHash: truncated });
  expect(underInfoHash(built, infoHashOf(new Uint8Array(1)))).toBeUndefined();
});

test('the version is looked at before anything else, and only 2 is known', () => {
  const tree = dictionary({ a: leaf(5, root(1)) });
  expect(reason(info(tree))).toBe('ok');
  for (const version of [1, 3, 'x', -2])
    expect(reason(info(7, { 'meta version': version, name: '' }))).toBe('version-unsupported');
  expect(reason(info(7))).toBe('not-metainfo');
});

test('file trees of no, bad or unsafe files are refused', () => {
  const r = root(1);
  expect(reason(info(dictionary({})))).toBe('no-files');
  expect(reason(info(dictionary({ a: dictionary({}) })))).toBe('no-files');
  expect(reason(info(dictionary({ a: 5 })))).toBe('not-metainfo');
  expect(reason(info(dictionary({ a: dictionary({ '': 5 }) })))).toBe('not-metainfo');
  expect(reason(info(dictionary({ '': dictionary({ length: 5, 'pieces root': r }) })))).toBe('bad-path');
  for (const segment of ['.', '..', 'a/b', '/etc', 'a\\b', 'a\0', 'C:', 'x'.repeat(256)]) {
    expect(reason(info(dictionary({ [segment]: leaf(5, r) })))).toBe('bad-path');
    expect(reason(info(dictionary({ dir: dictionary({ [segment]: leaf(5, r) }) })))).toBe('bad-path');
  }
  expect(reason(info(new Map([[keyOf(new Uint8Array([0xff])), leaf(5, r)]])))).toBe('bad-path');
  // A file that is a folder too.
  const both = dictionary({ '': dictionary({ length: 5, 'pieces root': r }), b: leaf(5, r) });
  expect(reason(info(dictionary({ a: both })))).toBe('duplicate-path');
});

test('lengths, roots and piece lengths that cannot be are refused', () => {
  const r = root(1);
  expect(reason(info(dictionary({ a: leaf(-1, r) })))).toBe('bad-length');
  expect(reason(info(dictionary({ a: dictionary({ '': dictionary({ 'pieces root': r }) }) })))).toBe('bad-length');
  expect(reason(info(dictionary({ a: leaf(Number.MAX_SAFE_INTEGER, r), b: leaf(1, r) })))).toBe('bad-length');
  expect(reason(info(dictionary({ a: leaf(5) })))).toBe('bad-pieces-root');
  expect(reason(info(dictionary({ a: leaf(5, r.subarray(1)) })))).toBe('bad-pieces-root');
  expect(reason(info(dictionary({ a: leaf(2 ** 40, r) })))).toBe('too-many-pieces');
  for (const length of [0, 1, PIECE / 2, PIECE + 1, 3 * PIECE, 2 * MAX_PIECE_LENGTH])
    expect(reason(info(dictionary({ a: leaf(5, r) }), { 'piece length': length }))).toBe('bad-piece-length');
});

test('the number of files and the depth of folders are bounded', () => {
  const many = (count: number): BencodeInput =>
    new Map(Array.from({ length: count }, (_, i) => [String(i).padStart(6, '0'), leaf(0)]));
  expect(reason(info(many(MAX_FILES)))).toBe('ok');
  expect(reason(info(many(MAX_FILES + 1)))).toBe('too-many-files');
  const deep = (levels: number): BencodeInput => {
    let tree = leaf(5, root(1));
    for (let i = 0; i < levels; i++) tree = dictionary({ d: tree });
    return tree;
  };
  expect(reason(info(deep(MAX_PATH_SEGMENTS)))).toBe('ok');
  expect(reason(info(deep(MAX_PATH_SEGMENTS + 1)))).toBe('bad-path');
  expect(reason(info(deep(100)))).toBe('not-bencode');
});

test('the file lists of a hybrid torrent must agree, padding included', () => {
  const gap = PIECE - 5;
  expect(reason(hybrid([listed(5, 'a'), padding(gap), listed(7, 'b')], 2))).toBe('ok');
  expect(reason(hybrid([listed(5, 'a'), padding(gap), listed(7, 'b'), padding(PIECE - 7)], 2))).toBe('ok');
  for (const list of [
    [listed(5, 'a'), listed(7, 'b')],
    [listed(7, 'b'), padding(PIECE - 7), listed(5, 'a')],
    [listed(5, 'a'), padding(gap), listed(7, 'c')],
    [listed(5, 'a'), padding(gap), listed(8, 'b')],
    [listed(5, 'a'), padding(gap)],
    [listed(5, 'a'), padding(gap), listed(7, 'b'), listed(0, 'c')],
    [listed(5, 'a'), padding(gap + PIECE), listed(7, 'b')],
    [listed(5, 'a'), padding(gap - 1), listed(7, 'b')],
    [listed(5, 'a'), padding(1), padding(gap - 1), listed(7, 'b')],
    [listed(5, 'a', 'b'), padding(gap), listed(7, 'b')],
  ])
    expect(reason(hybrid(list, 2))).toBe('versions-differ');
  const good = [listed(5, 'a'), padding(gap), listed(7, 'b')];
  expect(reason(hybrid(good, 1))).toBe('bad-pieces');
  expect(reason(hybrid(good, 2, { 'file tree': dictionary({ a: leaf(5, root(1)) }) }))).toBe('versions-differ');
});

test('piece layers of the wrong length or content are refused', () => {
  const built = build('hybrid', [3 * PIECE, 5, 2 * PIECE]);
  const withLayers = (change: (layer: Uint8Array) => Uint8Array): string => {
    const pieceLayers = (built.pieceLayers ?? []).map((layer, i) => (i === 0 && layer ? change(layer) : layer));
    const decoded = decodeTorrentFile(encodeTorrentFile({ ...built, pieceLayers }));
    return decoded.ok ? 'ok' : decoded.error;
  };
  expect(withLayers((layer) => layer)).toBe('ok');
  expect(withLayers((layer) => layer.map((byte) => byte ^ 1))).toBe('bad-piece-layers');
  expect(withLayers((layer) => layer.subarray(1))).toBe('bad-piece-layers');
  expect(withLayers((layer) => layer.subarray(TREE_HASH_BYTES))).toBe('bad-piece-layers');
  expect(withLayers((layer) => new Uint8Array([...layer, ...new Uint8Array(TREE_HASH_BYTES)]))).toBe(
    'bad-piece-layers',
  );
  expect(withLayers(() => new Uint8Array(0))).toBe('bad-piece-layers');
});

test('names that differ in case alone are both kept, one under another name', () => {
  const decoded = decodeInfo(info(dictionary({ README: leaf(1, root(1)), readme: leaf(2, root(2)) })));
  if (!decoded.ok) throw new Error(decoded.error);
  expect(decoded.value.files.filter((file) => !file.isPadding).map(({ path }) => path)).toEqual([
    ['README'],
    ['readme (2)'],
  ]);
});

test('100,000 hostile torrents of BEP 52 do not throw, and those that decode are whole', () => {
  const rng = seededRng(7);
  const samples = [build('v2', [20_000, 0, 5]), build('hybrid', [20_000, 5]), build('hybrid', [40_000])].flatMap(
    (metainfo) => [metainfo.infoBytes, encodeTorrentFile(metainfo)],
  );
  let accepted = 0;
  for (let i = 0; i < 100_000; i++) {
    const bytes = mutate(rng, samples);
    for (const result of [decodeTorrentFile(bytes), decodeInfo(bytes)]) {
      if (!result.ok) continue;
      accepted++;
      requireWhole(result.value);
    }
  }
  expect(accepted).toBeGreaterThan(1000);
});

/** Throws unless everything that others rely on holds. */
function requireWhole(metainfo: Metainfo): void {
  const { files, pieceLength, totalLength, pieceHashes, pieceLayers, version, infoHashV2 } = metainfo;
  const pieceCount = pieceCountOf(totalLength, pieceLength);
  if (pieceHashes.length !== (version === 'v2' ? 0 : 20 * pieceCount)) throw new Error('hashes do not fit');
  if ((version === 'v1') !== (pieceLayers === undefined)) throw new Error('layers do not fit');
  if ((version === 'v1') !== (infoHashV2 === undefined)) throw new Error('info-hashes do not fit');
  let end = 0;
  for (const [i, { offset, length, path, piecesRoot }] of files.entries()) {
    if (offset !== end || !path.every(isSafeSegment)) throw new Error('unsafe file');
    end += length;
    const layer = pieceLayers?.[i];
    if (!piecesRoot) continue;
    const shape = treeShape(length, pieceLength);
    if (offset % pieceLength !== 0) throw new Error('not aligned');
    if (layer && !isPieceLayer(layer, piecesRoot, shape)) throw new Error('unproven layer');
    if (shape.pieceCount === 1 && !(layer && equalBytes(layer, piecesRoot))) throw new Error('no layer');
  }
  if (end !== totalLength) throw new Error('lengths do not add up');
}

test('equal files share a root and its layer', () => {
  const layer = randomBytes(seededRng(2), 2 * TREE_HASH_BYTES);
  const files = ['a', 'b'].map((name) => ({ path: [name], length: 2 * PIECE }));
  const built = buildMetainfo({ name: 'twins', files, pieceLength: PIECE, pieceLayers: [layer, layer], trackers: [] });
  const shape = treeShape(2 * PIECE, PIECE);
  expect(built.files.map(({ piecesRoot }) => piecesRoot && toHex(piecesRoot))).toEqual(
    [0, 1].map(() => toHex(rootOf(layer, shape.pieceLayer, shape.height))),
  );
  const decoded = decodeTorrentFile(encodeTorrentFile(built));
  expect(decoded.ok && at(decoded.value.pieceLayers ?? [], 1)).toEqual(layer);
});
