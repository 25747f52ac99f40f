import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { concatBytes, toHex } from '../../../shared/src/bytes.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { MAX_BENCODE_VALUES, MAX_INFO_BYTES, MAX_PIECES } from '../../../shared/src/limits/metainfo.ts';
import { HASH_READS_IN_FLIGHT, HASH_READ_BYTES } from '../../../shared/src/limits/storage.ts';
import { type ContentPlan, buildMetainfo, planContent } from '../swarm/build-metainfo.ts';
import { leafHashes, pieceLayerOf, rootOf, treeShape } from '../swarm/merkle.ts';
import { decodeTorrentFile, encodeTorrentFile } from '../swarm/metainfo.ts';
import type { Metainfo } from '../swarm/types.ts';
import { PieceSet } from './bitfield.ts';
import { hashContent, planShare, sharedPieceLength } from './hash-files.ts';
import { MemoryBudget, MemoryStore } from './storage/memory.ts';
import { StoredPieces } from './storage/verify.ts';

const KIB = 1024;

interface Content {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

async function share(
  name: string,
  files: readonly Content[],
  pieceLength: number,
): Promise<{ readonly metainfo: Metainfo; readonly run: Uint8Array<ArrayBuffer>; readonly told: readonly number[] }> {
  const given = files.map(({ path, bytes }) => ({ path: path.split('/'), length: bytes.length }));
  const plan = planContent(name, given, pieceLength);
  const contents = plan.files.map(({ source }) => (source === undefined ? undefined : files[source]?.bytes));
  const told: number[] = [];
  const sources = contents.map((bytes) => bytes && new Blob([bytes]));
  const hashes = await hashContent(plan, sources, { progress: (done, total) => told.push(done / total) });
  const run = concatBytes(...plan.files.map((file, i) => contents[i] ?? new Uint8Array(file.length)));
  return { metainfo: buildMetainfo({ ...plan, ...hashes, trackers: [] }), run: new Uint8Array(run), told };
}

/** Bytes that are no power of anything, the same every time. */
const pattern = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, i) => (i * i) >> 8);

test("content has the info-hashes that BEP 52's reference generator gives it", async () => {
  const folder = [
    { path: 'a', bytes: pattern(40_000) },
    { path: 'b/c', bytes: new TextEncoder().encode('hello') },
    { path: 'd', bytes: pattern(16_384) },
  ];
  const many = (await share('vector', folder, 16 * KIB)).metainfo;
  expect(many.infoHash).toBe('111ea181922194351736229b12756879c599ee1e');
  expect(many.infoHashV2).toBe('cabc4ea145742fe37bab29f02da99ca2413e4e254124620ffad11c914dc62f45');
  const one = (await share('one', [{ path: 'one', bytes: pattern(40_000) }], 32 * KIB)).metainfo;
  expect(one.infoHash).toBe('37f50d21291dd9c0ae63e2f20c41348f4bc0e0df');
  expect(one.infoHashV2).toBe('66bba15a1d0d389cf4d15142909a1b0b8da11beb00921d6801c9dd0749283369');
  const { files, name, pieceLength, pieceLayers, trackers } = many;
  const v2 = buildMetainfo({ name, files, pieceLength, pieceLayers, trackers });
  expect(v2.infoHashV2).toBe('9de4231a9a618d5b874afff3f45d4d8836c48d68629951cdc3cd8d2c03835b67');
  expect(v2).toMatchObject({ version: 'v2', infoHash: v2.infoHashV2?.slice(0, 40) });
});

const someFiles = fc.uniqueArray(
  fc.record({
    path: fc.constantFrom('a', 'b/c', 'b/d', 'ö', 'z', 'b.e', 'B/x'),
    bytes: fc
      .oneof(fc.constantFrom(0, 1, 16 * KIB, 32 * KIB, 64 * KIB), fc.nat(100_000))
      .map((length) => new Uint8Array(randomBytes(seededRng(length), length))),
  }),
  { minLength: 1, selector: ({ path }) => path },
);

test('every piece has the SHA-1 of its padded bytes, and every file its hash tree', async () => {
  await fc.assert(
    fc.asyncProperty(someFiles, fc.constantFrom(16, 32, 64), async (files, kib) => {
      const { metainfo, run, told } = await share('share', files, kib * KIB);
      const { pieceLength } = metainfo;
      expect(metainfo.version).toBe('hybrid');
      expect(metainfo.totalLength).toBe(run.length);
      const digests: string[] = [];
      for (let at = 0; at < run.length; at += pieceLength)
        digests.push(
          createHash('sha1')
            .update(run.subarray(at, at + pieceLength))
            .digest('hex'),
        );
      expect(toHex(metainfo.pieceHashes)).toBe(digests.join(''));
      for (const [i, { offset, length, piecesRoot, isPadding }] of metainfo.files.entries()) {
        const hasTree = length > 0 && !isPadding;
        const shape = treeShape(Math.max(1, length), pieceLength);
        const leaves = leafHashes(run.subarray(offset, offset + length));
        expect(piecesRoot).toEqual(hasTree ? rootOf(leaves, 0, shape.height) : undefined);
        expect(metainfo.pieceLayers?.[i]).toEqual(hasTree ? pieceLayerOf(leaves, shape) : undefined);
      }
      expect(told.at(-1) ?? 1).toBe(1);
      expect(decodeTorrentFile(encodeTorrentFile(metainfo))).toEqual({ ok: true, value: metainfo });
    }),
    { numRuns: 40 },
  );
});

test('the same files give the same torrent, whatever their order', async () => {
  const files = ['z', 'a/b', 'a/B', 'ö', 'a.c'].map((path, i) => ({ path, bytes: pattern(20_000 * i) }));
  const shared = (await share('share', files, 16 * KIB)).metainfo;
  expect((await share('share', files.toReversed(), 16 * KIB)).metainfo.infoHash).toBe(shared.infoHash);
  const names = shared.files.filter((file) => !file.isPadding).map(({ path }) => path.join('/'));
  expect(names).toEqual(['a/B', 'a/b (2)', 'a.c', 'z', 'ö']);
});

test('stored pieces are told from damaged ones, by the hashes of either version', async () => {
  const files = [
    { path: 'a', bytes: pattern(70_000) },
    { path: 'b', bytes: pattern(16_384) },
    { path: 'c', bytes: pattern(5) },
  ];
  const { metainfo, run } = await share('share', files, 16 * KIB);
  const { name, pieceLength, pieceHashes, pieceLayers } = metainfo;
  const only = { name, files: metainfo.files, pieceLength, trackers: [] };
  for (const torrent of [metainfo, buildMetainfo({ ...only, pieceLayers })]) {
    const store = new MemoryStore(torrent.files, new MemoryBudget());
    store.write(0, run);
    const pieces = new StoredPieces(torrent, store);
    const count = pieceHashes.length / 20;
    for (let piece = 0; piece < count; piece++) expect(await pieces.has(piece)).toBe(true);
    const damaged = run.slice(3 * pieceLength, 4 * pieceLength);
    damaged[7] = 1 ^ (damaged[7] as number);
    store.write(3 * pieceLength, damaged);
    let checks = 0;
    const found = await pieces.among(PieceSet.full(count), seededRng(1), () => checks++);
    expect(checks).toBe(1);
    expect(found.pieces()).toEqual(Array.from({ length: count }, (_, i) => i).filter((i) => i !== 3));
  }
});

test('a v2-only torrent whose piece layers are not known proves nothing', async () => {
  const { metainfo, run } = await share('share', [{ path: 'a', bytes: pattern(70_000) }], 16 * KIB);
  const { name, files, pieceLength, pieceLayers } = metainfo;
  const v2 = buildMetainfo({ name, files, pieceLength, pieceLayers, trackers: [] });
  const store = new MemoryStore(v2.files, new MemoryBudget());
  store.write(0, run);
  expect(await new StoredPieces({ ...v2, pieceLayers: [undefined] }, store).has(0)).toBe(false);
});

test('a file that grew shorter since it was chosen is an error with a code', async () => {
  const plan = planContent('a', [{ path: ['a'], length: 100_000 }], 16 * KIB);
  await expect(hashContent(plan, [new Blob([new Uint8Array(99_999)])])).rejects.toMatchObject({
    code: 'storage-failed',
  });
});

test('hashing that is stopped reads no more than it had begun to', async () => {
  const plan = planContent('a', [{ path: ['a'], length: 64 * HASH_READ_BYTES }], 1024 * KIB);
  let reads = 0;
  const source = new Blob();
  vi.spyOn(source, 'slice').mockImplementation((start = 0, end = 0) => {
    reads++;
    return new Blob([new Uint8Array(end - start)]);
  });
  const stop = new AbortController();
  const hashing = hashContent(plan, [source], { progress: () => stop.abort(), signal: stop.signal });
  await expect(hashing).rejects.toMatchObject({ code: 'aborted' });
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThanOrEqual(2 * HASH_READS_IN_FLIGHT);
});

test('many small files get short pieces, or no padding at all', () => {
  const planOf = (count: number, length: number): ReturnType<typeof planContent> => {
    const files = Array.from({ length: count }, (_, i) => ({ path: [`${i}`], length }));
    return planContent('share', files, sharedPieceLength(count * length));
  };
  expect(planOf(10_000, 1000)).toMatchObject({ version: 'hybrid', pieceLength: 16 * KIB });
  expect(planOf(1, 100_000_000)).toMatchObject({ version: 'hybrid', pieceLength: 1024 * KIB });
  expect(planOf(1, 20_000_000)).toMatchObject({ version: 'hybrid', pieceLength: 256 * KIB });
  const tiny = planOf(40_000, 10);
  expect(tiny).toMatchObject({ version: 'v1' });
  expect(tiny.files.every((file) => !file.isPadding)).toBe(true);
});

/** Files of no bytes, so deep in folders of such names. */
const deepFiles = (count: number, depth: number, nameLength: number): { path: string[]; length: number }[] =>
  Array.from({ length: count }, (_, i) => ({
    path: [...Array.from({ length: depth - 1 }, () => 'f'.repeat(nameLength)), `${i}`],
    length: 0,
  }));

/**
 * What a plan describes, built: its info dictionary is read again by that. The files are empty, so there is nothing to
 * hash.
 */
function build(plan: ContentPlan): Metainfo {
  const pieceLayers = plan.version === 'v1' ? undefined : plan.files.map(() => undefined);
  return buildMetainfo({ ...plan, pieceHashes: new Uint8Array(0), pieceLayers, trackers: [], isPrivate: true });
}

/** The same, read again from its torrent file. */
function readBack(metainfo: Metainfo): Metainfo {
  const read = decodeTorrentFile(encodeTorrentFile(metainfo));
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

test('files whose names take too many values for both kinds of hashes get one, and are refused when that has too many', () => {
  const both = planShare('share', deepFiles(20_000, 8, 1));
  expect(both.version).toBe('hybrid');
  expect(build(both).version).toBe('hybrid');
  const one = planShare('share', deepFiles(20_000, 20, 1));
  expect(one.version).toBe('v1');
  expect(readBack(build(one)).version).toBe('v1');
  // A dictionary, a length, a list and its names for each: 11 values.
  expect(50_000 * 11).toBeGreaterThan(MAX_BENCODE_VALUES);
  expect(() => planShare('share', deepFiles(50_000, 8, 1))).toThrow(expect.objectContaining({ code: 'too-large' }));
});

test('what takes too many values is refused by the depth of its files alone: no name is looked at', () => {
  let looks = 0;
  const files = deepFiles(50_000, 8, 1).map(({ path, length }) => ({
    path: new Proxy(path, {
      get: (of, key) => (key === 'length' ? of.length : (looks++, Reflect.get(of, key) as unknown)),
    }),
    length,
  }));
  expect(() => planShare('share', files)).toThrow(expect.objectContaining({ code: 'too-large' }));
  expect(looks).toBe(0);
});

test('files whose names are too long for both kinds of hashes get one, and are refused when that is too long', () => {
  const length = (bytes: number): number => Math.floor(bytes / 20_000 / 2);
  const one = planShare('share', deepFiles(20_000, 3, length(0.9 * MAX_INFO_BYTES)));
  expect(one.version).toBe('v1');
  expect(build(one).version).toBe('v1');
  expect(() => planShare('share', deepFiles(20_000, 3, length(MAX_INFO_BYTES)))).toThrow(
    expect.objectContaining({ code: 'too-large' }),
  );
});

test('a share of more pieces than a torrent may have is refused', () => {
  const files = [{ path: ['a'], length: 2 ** 24 * (MAX_PIECES + 1) }];
  expect(() => planShare('share', files)).toThrow(expect.objectContaining({ code: 'too-large' }));
  // The rest of the description needs some room beside their hashes.
  files[0] = { path: ['a'], length: 2 ** 24 * (MAX_PIECES - 100) };
  expect(planShare('share', files).isTooLarge).toBe(false);
});

test('what is refused for its size alone is not blamed on the number of its files', () => {
  const large = [{ path: ['a'], length: 2 ** 24 * (MAX_PIECES + 1) }];
  expect(() => planShare('share', large)).toThrow(/^This is more than one link can stand for/);
  expect(() => planShare('share', deepFiles(50_000, 8, 1))).toThrow(/^These are too many files/);
});
