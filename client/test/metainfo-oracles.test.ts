import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import createWebTorrent from 'create-torrent';
import parseTorrent, { toMagnetURI } from 'parse-torrent';
import { afterAll, expect, test } from 'vitest';
import { toHex } from '../../shared/src/bytes.ts';
import { randomBytes, seededRng } from '../../shared/src/machine.ts';
import { buildMetainfo, planContent } from '../src/swarm/build-metainfo.ts';
import { formatMagnet, parseMagnet } from '../src/swarm/magnet.ts';
import { decodeTorrentFile, encodeTorrentFile } from '../src/swarm/metainfo.ts';
import type { Metainfo, TorrentVersion } from '../src/swarm/types.ts';
import { hashContent } from '../src/worker/hash-files.ts';
import { checkFiles, createTorrent, readMagnet, readTorrent } from './libtorrent.ts';

/*
 * Torrents made here and read by others, and the other way round: parse-torrent and create-torrent, which WebTorrent
 * uses, for BEP 3, and libtorrent for BEP 52.
 */

const KIB = 1024;
const NO_HASH = '00'.repeat(32);

interface TestFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Files of these lengths with random content. */
function filesOf(seed: number, lengths: Readonly<Record<string, number>>): readonly TestFile[] {
  const rng = seededRng(seed);
  return Object.entries(lengths).map(([path, length]) => ({ path, bytes: new Uint8Array(randomBytes(rng, length)) }));
}

/** What ours makes of files, as the worker does when a person shares them. */
async function share(name: string, files: readonly TestFile[], pieceLength: number): Promise<Metainfo> {
  const given = files.map(({ path, bytes }) => ({ path: path.split('/'), length: bytes.length }));
  const plan = planContent(name, given, pieceLength);
  const sources = plan.files.map(({ source }) =>
    source === undefined ? undefined : new Blob([files[source]?.bytes ?? '']),
  );
  return buildMetainfo({
    ...plan,
    ...(await hashContent(plan, sources)),
    trackers: ['wss://tracker.example/announce'],
  });
}

const scratch = mkdtempSync(join(tmpdir(), 'skein-oracles-'));
let folders = 0;
afterAll(() => rmSync(scratch, { recursive: true }));

/** Writes files under a folder of that name and returns the folder above it. */
function onDisk(name: string, files: readonly TestFile[]): string {
  const above = join(scratch, String(folders++));
  for (const { path, bytes } of files) {
    const place = join(above, name, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
  }
  return above;
}

/** Shapes of content whose edges differ: sizes around blocks and pieces, empty files, folders, names beyond ASCII. */
const FOLDERS: readonly {
  readonly title: string;
  readonly files: readonly TestFile[];
  readonly pieceLength: number;
}[] = [
  {
    title: 'a folder of files with padding between',
    files: filesOf(1, { 'a.bin': 100_000, 'b/c.bin': 65_536, 'b/d.bin': 1, 'b/empty': 0, 'z.bin': 300_001 }),
    pieceLength: 32 * KIB,
  },
  {
    title: 'sizes of exactly one block and one piece',
    files: filesOf(2, { '1': 16 * KIB, '2': 64 * KIB, '3': 128 * KIB, '4': 64 * KIB + 1, '5': 16 * KIB - 1 }),
    pieceLength: 64 * KIB,
  },
  {
    title: 'names beyond ASCII, in the order of their bytes',
    files: filesOf(3, { 'ä/ö.txt': 40_000, 'z.txt': 20_000, '日本/語.txt': 50_000, 'a b.txt': 10, 'B.txt': 17_000 }),
    pieceLength: 16 * KIB,
  },
];

for (const { title, files, pieceLength } of FOLDERS) {
  test(`libtorrent finds every byte right that a hybrid torrent of ours names: ${title}`, async () => {
    const metainfo = await share('share', files, pieceLength);
    const torrent = encodeTorrentFile(metainfo);
    const seen = readTorrent(torrent);
    expect(metainfo.version).toBe('hybrid');
    expect(seen.hashes).toEqual({ v1: metainfo.infoHash, v2: metainfo.infoHashV2 });
    expect(seen.name).toBe('share');
    const content = metainfo.files.filter((file) => !file.isPadding);
    // An empty file has no place of its own among the bytes.
    const placed = seen.files
      .filter((file) => !file.isPadding)
      .map((file) => ({ ...file, offset: file.length && file.offset }));
    expect(placed).toEqual(
      content.map(({ path, length, offset, piecesRoot }) => ({
        path: ['share', ...path].join('/'),
        length,
        offset: length && offset,
        isPadding: false,
        root: piecesRoot ? toHex(piecesRoot) : NO_HASH,
      })),
    );
    const checked = checkFiles(torrent, onDisk('share', files));
    const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(checked).toMatchObject({ done: total, wanted: total });
  });

  test(`libtorrent's torrents of each version decode to the files and hashes that they have: ${title}`, async () => {
    const ours = await share('share', files, pieceLength);
    const path = join(onDisk('share', files), 'share');
    for (const version of ['v1', 'v2', 'hybrid'] satisfies TorrentVersion[]) {
      const torrent = createTorrent(path, ours.pieceLength, version);
      const decoded = decodeTorrentFile(torrent);
      if (!decoded.ok) throw new Error(`${version}: ${decoded.error}`);
      const theirs = decoded.value;
      const seen = readTorrent(torrent);
      expect(theirs.version).toBe(version);
      expect({ v1: version === 'v2' ? null : theirs.infoHash, v2: theirs.infoHashV2 ?? null }).toEqual(seen.hashes);
      expect(theirs.infoHash).toBe(seen.hashes.v1 ?? seen.hashes.v2?.slice(0, 40));
      expect(contentOf(theirs)).toEqual(version === 'v1' ? contentOf(ours).map(withoutTree) : contentOf(ours));
    }
  });
}

/** The files that people see, by name, with their hash trees. */
function contentOf(metainfo: Metainfo): readonly ContentFile[] {
  const files = metainfo.files.map(({ path, length, piecesRoot, isPadding }, i) => {
    const layer = metainfo.pieceLayers?.[i];
    return {
      isPadding,
      path: path.join('/'),
      length,
      root: piecesRoot && toHex(piecesRoot),
      layer: layer && toHex(layer),
    };
  });
  return files.filter((file) => !file.isPadding).sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface ContentFile {
  readonly path: string;
  readonly root: string | undefined;
  readonly layer: string | undefined;
}

function withoutTree(file: ContentFile): ContentFile {
  return { ...file, root: undefined, layer: undefined };
}

test('a file of many pieces has the piece layers that libtorrent gives it', async () => {
  const files = filesOf(4, { 'one.bin': 37 * 16 * KIB + 5 });
  const ours = await share('one.bin', files, 32 * KIB);
  const above = onDisk('', files);
  const theirs = decodeTorrentFile(createTorrent(join(above, 'one.bin'), 32 * KIB, 'hybrid'));
  if (!theirs.ok) throw new Error(theirs.error);
  expect(theirs.value.infoHash).toBe(ours.infoHash);
  expect(theirs.value.infoHashV2).toBe(ours.infoHashV2);
  expect(theirs.value.pieceLayers).toEqual(ours.pieceLayers);
  expect(checkFiles(encodeTorrentFile(ours), above)).toMatchObject({ done: 37 * 16 * KIB + 5 });
});

test('libtorrent misses the piece in which a byte was changed: its check is no formality', async () => {
  const files = filesOf(5, { 'a.bin': 64 * KIB, 'b.bin': 64 * KIB });
  const torrent = encodeTorrentFile(await share('share', files, 16 * KIB));
  const changed = files.map(({ path, bytes }, i) => ({
    path,
    bytes: bytes.map((b, at) => (i + at === 20_001 ? b ^ 1 : b)),
  }));
  expect(checkFiles(torrent, onDisk('share', changed))).toMatchObject({ done: (128 - 32) * KIB });
});

test("WebTorrent's parser reads our hybrid torrents with the same info-hash, files and pieces", async () => {
  for (const { files, pieceLength } of FOLDERS) {
    const metainfo = await share('share', files, pieceLength);
    const parsed = await parseTorrent(encodeTorrentFile(metainfo));
    expect(parsed.infoHash).toBe(metainfo.infoHash);
    expect(parsed.name).toBe('share');
    expect(parsed.announce).toEqual(['wss://tracker.example/announce']);
    expect(parsed.length).toBe(metainfo.totalLength);
    expect(parsed.pieces.join('')).toBe(toHex(metainfo.pieceHashes));
    expect(parsed.files.map(({ path, length, offset }) => ({ path, length, offset }))).toEqual(
      metainfo.files.map(({ path, length, offset }) => ({ path: ['share', ...path].join('/'), length, offset })),
    );
  }
});

test("WebTorrent's torrents decode to the info-hash, files and pieces that its parser finds", async () => {
  for (const { files, pieceLength } of FOLDERS) {
    const given = files.map(({ path, bytes }) =>
      Object.defineProperty(new File([bytes], path.split('/').at(-1) ?? ''), 'webkitRelativePath', {
        value: `share/${path}`,
      }),
    );
    const torrent = await new Promise<Uint8Array>((resolve, reject) => {
      const options = { name: 'share', pieceLength, announceList: [['wss://a.example'], ['wss://b.example']] };
      createWebTorrent(given, options, (error, made) => (error ? reject(error) : resolve(new Uint8Array(made))));
    });
    const parsed = await parseTorrent(torrent);
    const decoded = decodeTorrentFile(torrent);
    if (!decoded.ok) throw new Error(decoded.error);
    expect(decoded.value).toMatchObject({ version: 'v1', infoHash: parsed.infoHash, infoHashV2: undefined });
    expect(decoded.value.trackers).toEqual(parsed.announce);
    expect(toHex(decoded.value.pieceHashes)).toBe(parsed.pieces.join(''));
    expect(
      decoded.value.files.map(({ path, length, offset }) => ({ path: `share/${path.join('/')}`, length, offset })),
    ).toEqual(parsed.files.map(({ path, length, offset }) => ({ path, length, offset })));
  }
});

test('links of ours mean the same to WebTorrent and to libtorrent', async () => {
  const metainfo = await share('a share: 100 % & more', filesOf(6, { 'ä.bin': 100_000, 'b.bin': 5 }), 16 * KIB);
  const { infoHash, infoHashV2, name, trackers } = metainfo;
  const link = formatMagnet({
    infoHash,
    infoHashV2,
    name,
    trackers,
    webSeeds: ['https://w.example/f'],
    selected: [0, 2, 3],
  });
  const parsed = await parseTorrent(link);
  expect(parsed).toMatchObject({ infoHash, name, announce: trackers, urlList: ['https://w.example/f'], so: [0, 2, 3] });
  expect(readMagnet(link)).toEqual({ hashes: { v1: infoHash, v2: infoHashV2 }, name, trackers });
  const theirs = parseMagnet(toMagnetURI(parsed));
  expect(theirs).toMatchObject({
    ok: true,
    value: { infoHash, infoHashV2, name, trackers, selected: [0, 2, 3] },
  });
});

test('a hybrid torrent whose file lists disagree is refused here as by libtorrent', async () => {
  const metainfo = await share('share', filesOf(7, { a: 100_000, b: 50_000 }), 16 * KIB);
  const text = Buffer.from(encodeTorrentFile(metainfo)).toString('latin1');
  const renamed = new Uint8Array(Buffer.from(text.replace('4:pathl1:aee', '4:pathl1:cee'), 'latin1'));
  expect(decodeTorrentFile(renamed)).toEqual({ ok: false, error: 'versions-differ' });
  expect(() => readTorrent(renamed)).toThrow(/v1 and v2 file metadata does not match/);
});
