import { sha1 } from '@noble/hashes/legacy.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { MAX_PIECES, MAX_PIECE_LENGTH } from '../../../shared/src/limits/metainfo.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { type BencodeInput, encodeBencode } from './bencode.ts';
import { buildMetainfo, choosePieceLength } from './build-metainfo.ts';
import { decodeInfo, decodeTorrentFile, encodeTorrentFile, pieceCountOf } from './metainfo.ts';
import { isSafeSegment } from './paths.ts';
import { mutate } from './test/fuzz.ts';

const KIB = 1024;
const hashes = (count: number): Uint8Array => new Uint8Array(20 * count);

/** An info dictionary with some entries replaced; undefined takes one out. */
function info(changes: Readonly<Record<string, BencodeInput | undefined>>): Uint8Array {
  const entries = new Map<string, BencodeInput>([
    ['name', 'a share'],
    ['piece length', 16384],
    ['pieces', hashes(1)],
    ['length', 5],
  ]);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
  return encodeBencode(entries);
}

const file = (length: number, ...path: BencodeInput[]): BencodeInput =>
  new Map<string, BencodeInput>([
    ['length', length],
    ['path', path],
  ]);
const files = (...list: BencodeInput[]): Uint8Array => info({ length: undefined, files: list });
const reason = (bytes: Uint8Array): string => {
  const result = decodeInfo(bytes);
  return result.ok ? 'ok' : result.error;
};

test('a tiny torrent made by hand has the info-hash that its bytes have, and is built alike here', () => {
  const infoBytes = vector('wire/INFO');
  const decoded = decodeInfo(infoBytes);
  if (!decoded.ok) throw new Error(decoded.error);
  expect(decoded.value).toMatchObject({
    name: 'hello.txt',
    pieceLength: 16384,
    totalLength: 12,
    files: [{ path: ['hello.txt'], length: 12, offset: 0 }],
  });
  expect(decoded.value.infoHash).toBe('7b5e918f364908afab937ecdd84059dfb61102b7');
  const built = buildMetainfo({
    name: 'hello.txt',
    files: [{ path: ['hello.txt'], length: 12 }],
    pieceLength: 16384,
    pieceHashes: sha1(utf8Encode('hello world\n')),
    trackers: [],
  });
  expect(built.infoBytes).toEqual(infoBytes);
  expect(built.infoHash).toBe(decoded.value.infoHash);
});

test('what is built decodes to the same, as a torrent file and as an info dictionary', () => {
  const length = fc.oneof(fc.constant(0), fc.nat(40_000), fc.constant(16 * KIB));
  const segment = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('..', '.', '', 'a/b', 'a\\b', 'x\0', 'é'.repeat(200)),
  );
  const path = fc.array(segment, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(fc.record({ path, length }), { minLength: 1, maxLength: 8 }), segment, (list, name) => {
      const total = list.reduce((sum, each) => sum + each.length, 0);
      const pieceHashes = hashes(pieceCountOf(total, 16 * KIB));
      const trackers = ['wss://tracker.example/announce', 'ws://localhost:8000'];
      const built = buildMetainfo({ name, files: list, pieceLength: 16 * KIB, pieceHashes, trackers });
      expect(built.totalLength).toBe(total);
      expect(built.files.map((each) => each.length)).toEqual(list.map((each) => each.length));
      expect(built.files.every((each) => each.path.every(isSafeSegment))).toBe(true);
      expect(new Set(built.files.map((each) => each.path.join('/'))).size).toBe(list.length);
      expect(decodeTorrentFile(encodeTorrentFile(built))).toEqual({ ok: true, value: built });
    }),
  );
});

test('files follow each other without gaps, and empty ones are there', () => {
  const decoded = decodeInfo(files(file(3, 'a'), file(0, 'b', 'empty'), file(2, 'b', 'ü.txt')));
  if (!decoded.ok) throw new Error(decoded.error);
  expect(decoded.value.files).toMatchObject([
    { path: ['a'], length: 3, offset: 0 },
    { path: ['b', 'empty'], length: 0, offset: 3 },
    { path: ['b', 'ü.txt'], length: 2, offset: 3 },
  ]);
});

test('a torrent of nothing has no pieces', () => {
  expect(reason(info({ length: 0, pieces: hashes(0) }))).toBe('ok');
  expect(reason(info({ length: 0, pieces: hashes(1) }))).toBe('bad-pieces');
});

test('paths that leave their folder, or are no names, are refused', () => {
  for (const segment of ['', '.', '..', 'a/b', '/etc', 'a\\b', 'a\0', 'x'.repeat(256), 'é'.repeat(128)]) {
    expect(reason(files(file(5, 'dir', segment)))).toBe('bad-path');
    expect(reason(info({ name: segment }))).toBe('bad-name');
  }
  expect(reason(files(file(5, 'x'.repeat(255))))).toBe('ok');
  expect(reason(files(file(5)))).toBe('bad-path');
  expect(reason(files(file(5, 7)))).toBe('bad-path');
  expect(reason(files(file(5, new Uint8Array([0xff]))))).toBe('bad-path');
  expect(reason(info({ name: new Uint8Array([0xff]) }))).toBe('bad-name');
  expect(reason(info({ name: undefined }))).toBe('bad-name');
});

test('names in some code page are read in the UTF-8 form that stands beside them', () => {
  const entry = new Map<string, BencodeInput>([
    ['length', 5],
    ['path', [new Uint8Array([0xe4])]],
    ['path.utf-8', ['ä']],
  ]);
  const decoded = decodeInfo(
    info({ name: new Uint8Array([0xf6]), 'name.utf-8': 'ö', length: undefined, files: [entry] }),
  );
  expect(decoded).toMatchObject({ ok: true, value: { name: 'ö', files: [{ path: ['ä'] }] } });
});

test('two files of one path, and a file that would have to be a folder, are refused', () => {
  expect(reason(files(file(2, 'a'), file(3, 'a')))).toBe('duplicate-path');
  expect(reason(files(file(2, 'a'), file(3, 'a', 'b')))).toBe('duplicate-path');
  expect(reason(files(file(2, 'a', 'b'), file(3, 'a')))).toBe('duplicate-path');
  expect(reason(files(file(2, 'a', 'b'), file(3, 'a', 'c')))).toBe('ok');
});

test('padding files of one name are no duplicates (BEP 47)', () => {
  const pad = (length: number): BencodeInput =>
    new Map<string, BencodeInput>([
      ['attr', 'p'],
      ['length', length],
      ['path', ['.pad', '7']],
    ]);
  expect(reason(files(file(1, 'a'), pad(7), file(1, 'b'), pad(7), file(1, 'c')))).toBe('ok');
});

test('lengths and piece counts that do not fit are refused', () => {
  expect(reason(info({ length: -1 }))).toBe('bad-length');
  expect(reason(info({ length: undefined }))).toBe('not-metainfo');
  expect(reason(info({ files: [file(5, 'a')] }))).toBe('not-metainfo');
  expect(reason(files())).toBe('no-files');
  expect(reason(files(file(-5, 'a')))).toBe('bad-length');
  expect(reason(files(file(Number.MAX_SAFE_INTEGER, 'a'), file(1, 'b')))).toBe('bad-length');
  expect(reason(files(...Array.from({ length: 50_001 }, (_, i) => file(0, `${i}`))))).toBe('too-many-files');
  expect(reason(info({ pieces: hashes(2) }))).toBe('bad-pieces');
  expect(reason(info({ pieces: new Uint8Array(19) }))).toBe('bad-pieces');
  expect(reason(info({ pieces: undefined }))).toBe('not-metainfo');
  expect(reason(info({ pieces: undefined, 'meta version': 2 }))).toBe('not-metainfo');
  expect(reason(info({ 'meta version': 3 }))).toBe('version-unsupported');
  for (const pieceLength of [0, -1, MAX_PIECE_LENGTH + 1])
    expect(reason(info({ 'piece length': pieceLength }))).toBe('bad-piece-length');
  expect(reason(info({ 'piece length': 1, length: MAX_PIECES + 1 }))).toBe('too-many-pieces');
  expect(reason(utf8Encode('i1e'))).toBe('not-metainfo');
  expect(reason(utf8Encode('d'))).toBe('not-bencode');
});

test('the piece length grows with the content, and small files are one piece', () => {
  for (const size of [0, 1, 16 * KIB - 1, 16 * KIB])
    expect(pieceCountOf(size, choosePieceLength(size))).toBe(size === 0 ? 0 : 1);
  fc.assert(
    fc.property(fc.maxSafeNat(), (size) => {
      const length = choosePieceLength(size);
      expect(Number.isInteger(Math.log2(length)) && length >= 16 * KIB && length <= 16 * KIB * KIB).toBe(true);
      expect(pieceCountOf(size, length) <= 2048 || length === 16 * KIB * KIB).toBe(true);
      expect(pieceCountOf(size, length / 2) > 2048 || length === 16 * KIB).toBe(true);
    }),
  );
});

test('100,000 hostile torrent files do not throw, and those that decode are whole', () => {
  const rng = seededRng(4);
  const samples = [info({}), files(file(3, 'a'), file(2, 'b', 'c')), vector('wire/INFO')].flatMap((bytes) => [
    bytes,
    encodeBencode(
      new Map<string, BencodeInput>([
        ['announce', 'wss://a.example'],
        ['announce-list', [['wss://b.example'], 3]],
        ['info', { raw: bytes }],
      ]),
    ),
  ]);
  let accepted = 0;
  for (let i = 0; i < 100_000; i++) {
    const bytes = mutate(rng, samples);
    for (const result of [decodeTorrentFile(bytes), decodeInfo(bytes)]) {
      if (!result.ok) continue;
      accepted++;
      const { pieceHashes, totalLength, pieceLength, files: list } = result.value;
      if (pieceHashes.length !== 20 * pieceCountOf(totalLength, pieceLength)) throw new Error('hashes do not fit');
      if (!list.every((each) => each.path.length > 0 && each.path.every(isSafeSegment))) throw new Error('unsafe path');
    }
  }
  expect(accepted).toBeGreaterThan(1000);
});

test('web seeds are one URL or a list of them, what is no URL is left out, and they are written again (BEP 19)', () => {
  const torrent = (urlList: BencodeInput): Uint8Array =>
    encodeBencode(
      new Map<string, BencodeInput>([
        ['info', { raw: info({}) }],
        ['url-list', urlList],
      ]),
    );
  const read = (bytes: Uint8Array): readonly string[] | undefined => {
    const decoded = decodeTorrentFile(bytes);
    return decoded.ok ? decoded.value.webSeeds : undefined;
  };
  expect(read(torrent('https://seed.example/f'))).toEqual(['https://seed.example/f']);
  const list = [
    'https://a.example/',
    5,
    'nonsense',
    'https://b.example/x y',
    'http://b.example/',
    'https://a.example/',
  ];
  const many = torrent(list);
  expect(read(many)).toEqual(['https://a.example/', 'http://b.example/']);
  const decoded = decodeTorrentFile(many);
  expect(decoded.ok && read(encodeTorrentFile(decoded.value))).toEqual(['https://a.example/', 'http://b.example/']);
  expect(read(torrent(''))).toEqual([]);
  expect(read(torrent(7))).toEqual([]);
});

test('a torrent is private when its info dictionary says exactly so, and another one for it (BEP 27)', () => {
  const isPrivate = (value: BencodeInput | undefined): boolean | undefined => {
    const decoded = decodeInfo(info({ private: value }));
    return decoded.ok ? decoded.value.isPrivate : undefined;
  };
  expect([isPrivate(undefined), isPrivate(0), isPrivate(1), isPrivate(2), isPrivate('1')]).toEqual([
    false,
    false,
    true,
    false,
    false,
  ]);
  const source = { name: 'a', files: [{ path: ['a'], length: 5 }], pieceLength: 16 * KIB, pieceHashes: hashes(1) };
  const [open, closed] = [false, true].map((each) => buildMetainfo({ ...source, trackers: [], isPrivate: each }));
  expect([open?.isPrivate, closed?.isPrivate]).toEqual([false, true]);
  expect(closed?.infoHash).not.toBe(open?.infoHash);
});
