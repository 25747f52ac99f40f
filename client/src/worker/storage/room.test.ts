import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PACK_BELOW_BYTES } from '../../../../shared/src/limits/storage.ts';
import { FakeDisk } from '../test/fake-disk.ts';
import { OpfsStore } from './opfs.ts';
import { ReadCache } from './read-cache.ts';
import { ALL_WANTED } from './types.ts';

/** Each is stored in a file of its own. */
const FILE_BYTES = 2 * PACK_BELOW_BYTES;
const FILES = [0, 1, 2].map((at) => ({ length: FILE_BYTES, offset: at * FILE_BYTES, isPadding: false }));
/** Less than what is measured of room is exact to, more than the journal takes. */
const A_LITTLE = FILE_BYTES / 100;

let disk: FakeDisk;

beforeEach(() => {
  disk = new FakeDisk(Infinity);
  vi.stubGlobal('navigator', disk.navigator);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const open = (name: string): Promise<OpfsStore> =>
  OpfsStore.open({ name, files: FILES, pieceLength: FILE_BYTES, isWanted: ALL_WANTED, cache: new ReadCache() });

test('a download of several files is refused at the start when the disk holds some of them only, and keeps no room', async () => {
  disk.room = 3 * FILE_BYTES - 1;
  await expect(open('a')).rejects.toMatchObject({ code: 'storage-full' });
  expect(disk.used).toBeLessThan(A_LITTLE);
});

test('room is taken for all files at the start, so that a later download finds no more than there is', async () => {
  disk.room = 5 * FILE_BYTES;
  await open('a');
  expect(disk.used).toBeGreaterThanOrEqual(3 * FILE_BYTES);
  await expect(open('b')).rejects.toMatchObject({ code: 'storage-full' });
});

test('files take the room that was kept for them, one after the other, and none besides', async () => {
  disk.room = 3 * FILE_BYTES + A_LITTLE;
  const store = await open('a');
  for (const { offset } of FILES) {
    await store.write(offset, new Uint8Array(FILE_BYTES));
    expect(disk.used).toBeLessThan(disk.room);
    expect(disk.used).toBeGreaterThanOrEqual(3 * FILE_BYTES);
  }
});

test('a page that takes a download up again keeps the room that an earlier one took, and takes no more', async () => {
  disk.room = 3 * FILE_BYTES + A_LITTLE;
  await (await open('a')).close();
  const store = await open('a');
  expect(disk.used).toBeGreaterThanOrEqual(3 * FILE_BYTES);
  for (const { offset } of FILES) await store.write(offset, new Uint8Array(FILE_BYTES));
  expect(disk.used).toBeLessThan(disk.room);
});
