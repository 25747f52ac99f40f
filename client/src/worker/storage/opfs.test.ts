import { afterEach, expect, test, vi } from 'vitest';
import { MAX_READ_WINDOW_BYTES, PACK_BELOW_BYTES } from '../../../../shared/src/limits/storage.ts';
import { FakeDisk } from '../test/fake-disk.ts';
import { STORE_CONTRACT } from './contract.ts';
import { OpfsStore, readComplete } from './opfs.ts';
import { ReadCache } from './read-cache.ts';
import { ALL_WANTED, type OwnBytes, type StoredFile, type WantedFiles } from './types.ts';

/** Pieces of the tests. [bytes] */
const PIECE = 16_384;

/** A file that is stored by itself, and ends inside of a piece. [bytes] */
const LARGE = PACK_BELOW_BYTES + 1000;

afterEach(() => {
  vi.unstubAllGlobals();
});

function filesOf(lengths: readonly number[]): StoredFile[] {
  let offset = 0;
  return lengths.map((length) => {
    const file = { length, offset };
    offset += length;
    return file;
  });
}

function useDisk(room?: number): FakeDisk {
  const disk = new FakeDisk(room);
  vi.stubGlobal('navigator', disk.navigator);
  return disk;
}

function openStore(
  files: readonly StoredFile[],
  isWanted: WantedFiles = ALL_WANTED,
  pieceLength = PIECE,
): Promise<OpfsStore> {
  return OpfsStore.open({ name: 'torrent', files, pieceLength, isWanted, cache: new ReadCache() });
}

/** One piece, all of whose bytes are `value`. */
function piece(value: number): OwnBytes {
  return new Uint8Array(PIECE).fill(value);
}

async function bytesAt(store: OpfsStore, offset: number, length: number): Promise<number[]> {
  const into = new Uint8Array(length);
  await store.read(offset, into);
  return [...into];
}

test.each(STORE_CONTRACT.map((each) => [each.title, each] as const))('storage on disk %s', async (_title, promise) => {
  const disk = useDisk();
  await promise.run((files) => openStore(files));
  await expect(disk.lengths('torrent')).rejects.toMatchObject({ name: 'NotFoundError' });
});

test('a torrent larger than the disk is taken in part, with room for what is wanted of it', async () => {
  const disk = useDisk(2 * LARGE);
  const files = filesOf([LARGE, LARGE, LARGE, LARGE]);
  const store = await openStore(files, (file) => file === 1);
  expect(disk.free).toBe(LARGE);
  await store.close();
  await expect(openStore(files)).rejects.toMatchObject({ code: 'storage-full' });
});

test('of skipped neighbours no more is stored than the pieces that reach into them', async () => {
  const disk = useDisk(LARGE + 5 * PIECE);
  const store = await openStore(filesOf([LARGE, LARGE, LARGE]), (file) => file === 1);
  const [first, last] = [Math.floor(LARGE / PIECE), Math.floor((2 * LARGE) / PIECE)];
  await store.write(first * PIECE, piece(1));
  await store.write(last * PIECE, piece(2));
  const lengths = await disk.lengths('torrent');
  expect(lengths['0'] ?? lengths['2']).toBeUndefined();
  expect(await bytesAt(store, first * PIECE - 1, 2)).toEqual([0, 1]);
  expect(await bytesAt(store, LARGE - 1, 2)).toEqual([1, 1]);
  expect(await bytesAt(store, 2 * LARGE - 1, 2)).toEqual([2, 2]);
  expect(await bytesAt(store, (last + 1) * PIECE - 1, 2)).toEqual([2, 0]);
});

test('a skipped neighbour that is wanted after all keeps what was stored of it, on the next page, too', async () => {
  const disk = useDisk();
  const files = filesOf([LARGE, LARGE, LARGE]);
  const first = Math.floor(LARGE / PIECE) * PIECE;
  const before = await openStore(files, (file) => file === 1);
  await before.write(first, piece(1));
  await before.close();
  const store = await openStore(files);
  await store.write(PIECE, piece(3));
  expect(await bytesAt(store, first - 1, 2)).toEqual([0, 1]);
  expect(await bytesAt(store, 2 * PIECE - 1, 2)).toEqual([3, 0]);
  expect(await disk.lengths('torrent')).toMatchObject({ 0: LARGE });
  expect(await disk.lengths('torrent')).not.toHaveProperty('edges-0');
});

test('more room is taken when more is wanted, and less is kept when less is', async () => {
  const disk = useDisk();
  const store = await openStore(filesOf([LARGE, LARGE, LARGE]), (file) => file === 0);
  const used = (): Promise<number> =>
    disk.lengths('torrent').then((lengths) => Object.values(lengths).reduce((sum, length) => sum + length, 0));
  expect(await used()).toBe(LARGE);
  await store.want(ALL_WANTED);
  expect(await used()).toBe(3 * LARGE);
  await store.want((file) => file === 1);
  expect(await used()).toBe(2 * LARGE);
});

test('what is wanted later and does not fit is refused in figures, and what was kept stays', async () => {
  const disk = useDisk(2.5 * LARGE);
  const store = await openStore(filesOf([LARGE, LARGE, LARGE, LARGE]), (file) => file < 2);
  await expect(store.want(ALL_WANTED)).rejects.toMatchObject({
    code: 'storage-full',
    message: expect.stringMatching(/needs room for 526 kB more.* has 13\d kB left/) as string,
  });
  expect(disk.free).toBe(0.5 * LARGE);
  await store.want((file) => file < 2);
  await store.write(LARGE + 100, piece(4));
  expect(disk.free).toBe(0.5 * LARGE);
});

test('bytes in the middle of a skipped file are stored, too, when they are asked for all the same', async () => {
  useDisk();
  const store = await openStore(filesOf([LARGE, LARGE]), (file) => file === 1);
  await store.write(5 * PIECE, piece(5));
  expect(await bytesAt(store, 5 * PIECE - 1, 2)).toEqual([0, 5]);
});

test('a small file that came with its neighbour is read by another tab, though it is skipped', async () => {
  useDisk();
  const small = Array.from({ length: 300 }, () => 1000);
  const files = filesOf([LARGE, ...small]);
  const store = await openStore(files, (file) => file === 0);
  const last = Math.floor(LARGE / PIECE) * PIECE;
  await store.write(last, piece(6));
  const blob = await readComplete('torrent', files, PIECE, 1);
  expect(new Uint8Array(await blob.arrayBuffer())).toEqual(new Uint8Array(1000).fill(6));
});

test('what another tab reads of small files is whole, though their neighbours are still written', async () => {
  useDisk();
  const files = filesOf([1000, PIECE]);
  const store = await openStore(files);
  await store.write(0, new Uint8Array(1000).fill(7));
  const blob = await readComplete('torrent', files, PIECE, 0);
  await store.write(1000, piece(8));
  expect(new Uint8Array(await blob.arrayBuffer())).toEqual(new Uint8Array(1000).fill(7));
});

test('a disk that shrinks below what was taken is told in figures: what is not created yet, and that nothing is left', async () => {
  const disk = useDisk();
  const store = await openStore(filesOf([LARGE, LARGE, LARGE]));
  disk.room = LARGE;
  await expect(store.write(LARGE + 100, piece(9))).rejects.toMatchObject({
    code: 'storage-full',
    message: expect.stringMatching(/needs room for 526 kB more.* has 0 bytes left/) as string,
  });
  disk.room = 3 * LARGE;
  await store.want();
  await store.write(LARGE + 100, piece(9));
  expect(await bytesAt(store, LARGE + 99, 2)).toEqual([0, 9]);
});

/** A stored file as another build, or a page that was killed, left it: zeros, and `bytes` at their end. */
async function leaveFile(disk: FakeDisk, name: string, length: number, bytes: OwnBytes): Promise<void> {
  const content = new Uint8Array(length);
  content.set(bytes, length - bytes.length);
  const file = await disk.create('torrent', name);
  file.bytes = content;
}

test('room is kept for a file that a killed page had created and not made as long as it will be', async () => {
  const disk = useDisk();
  const files = filesOf([LARGE, LARGE, LARGE]);
  await (await openStore(files)).close();
  await disk.create('torrent', '1');
  await openStore(files);
  expect(disk.used).toBe(3 * LARGE);
});

test('a file that cannot be opened is not left as an empty one', async () => {
  const disk = useDisk();
  const store = await openStore(filesOf([LARGE, LARGE]));
  disk.room = LARGE;
  await expect(store.write(LARGE + 100, piece(1))).rejects.toMatchObject({ code: 'storage-full' });
  expect(await disk.lengths('torrent')).not.toHaveProperty('1');
});

test('a file at the edge of a stored one is read where it was kept, though its place in the whole is there already', async () => {
  const disk = useDisk();
  const files = filesOf([LARGE, ...Array.from({ length: 300 }, () => 1000)]);
  const store = await openStore(files, (file) => file === 0);
  await store.write(Math.floor(LARGE / PIECE) * PIECE, piece(6));
  await leaveFile(disk, '1', 300 * 1000, new Uint8Array(0));
  const blob = await readComplete('torrent', files, PIECE, 1);
  expect(new Uint8Array(await blob.arrayBuffer())).toEqual(new Uint8Array(1000).fill(6));
});

test('a file that cannot be flushed on a full disk is closed all the same, and opens again', async () => {
  const disk = useDisk();
  const store = await openStore(filesOf([LARGE, LARGE]), (file) => file === 1);
  const edge = Math.floor(LARGE / PIECE) * PIECE;
  await store.write(edge, piece(1));
  const { room } = disk;
  disk.room = 0;
  await expect(store.write(5 * PIECE, piece(5))).rejects.toMatchObject({ code: 'storage-full' });
  disk.room = room;
  await store.write(edge, piece(2));
  expect(await bytesAt(store, edge, 1)).toEqual([2]);
});

test('of an edge that was never stored nothing is moved over what is in the whole file', async () => {
  const disk = useDisk();
  const files = filesOf([LARGE, LARGE, LARGE]);
  const before = await openStore(files, (file) => file === 1);
  await before.write(Math.floor((2 * LARGE) / PIECE) * PIECE, piece(2));
  await before.close();
  await leaveFile(disk, '2', LARGE, piece(9));
  const store = await openStore(files);
  expect(await bytesAt(store, 2 * LARGE, 1)).toEqual([2]);
  expect(await bytesAt(store, 3 * LARGE - 1, 1)).toEqual([9]);
});

test('what is read beside a piece while that waits for a file to be opened hides nothing of it afterwards', async () => {
  useDisk();
  // Reads are of MAX_READ_WINDOW_BYTES, which the pieces are no multiple of: the second window holds the end of one and
  // the beginning of the next.
  const pieceLength = 1.5 * MAX_READ_WINDOW_BYTES;
  const store = await openStore(filesOf([2 * pieceLength - 10, pieceLength]), ALL_WANTED, pieceLength);
  await store.write(0, new Uint8Array(pieceLength).fill(1));
  const writing = store.write(pieceLength, new Uint8Array(pieceLength).fill(2));
  expect(await bytesAt(store, pieceLength - 1, 1)).toEqual([1]);
  await writing;
  expect(await bytesAt(store, pieceLength, 1)).toEqual([2]);
});

test('a folder that cannot be looked through is not held, and opens later', async () => {
  const disk = useDisk();
  await (await openStore(filesOf([LARGE]))).close();
  disk.isUnlistable = true;
  await expect(openStore(filesOf([LARGE]))).rejects.toMatchObject({ code: 'storage-failed' });
  disk.isUnlistable = false;
  await (await openStore(filesOf([LARGE]))).close();
});
