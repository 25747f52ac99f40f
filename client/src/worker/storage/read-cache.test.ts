import { expect, test } from 'vitest';
import { MAX_READ_CACHE_BYTES, MIN_READ_WINDOW_BYTES } from '../../../../shared/src/limits/storage.ts';
import { type CachedReader, ReadCache } from './read-cache.ts';
import type { OwnBytes } from './types.ts';

const WINDOW = MIN_READ_WINDOW_BYTES;

/** A reader of content whose every byte is that of its window, and what it loaded. */
function openReader(windows: number, isSlow = false): { readonly reader: CachedReader; readonly loaded: number[] } {
  const loaded: number[] = [];
  const load = (offset: number, length: number): OwnBytes | Promise<OwnBytes> => {
    loaded.push(offset / WINDOW);
    const bytes = new Uint8Array(length).fill(offset / WINDOW);
    return isSlow ? Promise.resolve(bytes) : bytes;
  };
  return { reader: new ReadCache().view({ totalLength: windows * WINDOW, load }, WINDOW), loaded };
}

async function read(reader: CachedReader, offset: number, length: number): Promise<number[]> {
  const into = new Uint8Array(length);
  await reader.read(offset, into);
  return [...into];
}

test('what was just written is read without loading it', async () => {
  const { reader, loaded } = openReader(3);
  reader.keep(WINDOW, new Uint8Array(WINDOW).fill(9));
  expect(await read(reader, 2 * WINDOW - 2, 4)).toEqual([9, 9, 2, 2]);
  expect(loaded).toEqual([2]);
});

test('the array that was written may change afterwards', async () => {
  const { reader } = openReader(1);
  const written = new Uint8Array(WINDOW).fill(9);
  reader.keep(0, written);
  written.fill(0);
  expect(await read(reader, 0, 2)).toEqual([9, 9]);
});

test('of what was written only whole windows are kept', async () => {
  const { reader, loaded } = openReader(3);
  reader.keep(WINDOW / 2, new Uint8Array(2 * WINDOW).fill(9));
  expect(await read(reader, WINDOW, 1)).toEqual([9]);
  expect(loaded).toEqual([]);
  expect(await read(reader, 0, 1)).toEqual([0]);
  expect(await read(reader, 2 * WINDOW, 1)).toEqual([2]);
  expect(loaded).toEqual([0, 2]);
});

test('content that changes is loaded again', async () => {
  const { reader, loaded } = openReader(2);
  await read(reader, 0, 1);
  reader.invalidate(10, 1);
  await read(reader, 0, 1);
  expect(loaded).toEqual([0, 0]);
});

test('a read over windows that are being loaded is right whatever is written and given up meanwhile', async () => {
  const windows = 2 + MAX_READ_CACHE_BYTES / WINDOW;
  const { reader } = openReader(windows, true);
  await read(reader, 0, 1);
  const into = new Uint8Array(4);
  const reading = reader.read(WINDOW - 2, into);
  for (let window = 2; window < windows; window++) {
    const length = Math.min(WINDOW, windows * WINDOW - window * WINDOW);
    reader.keep(window * WINDOW, new Uint8Array(length).fill(255));
  }
  await reading;
  expect([...into]).toEqual([0, 0, 1, 1]);
});

test('of more windows at once than may be kept each is loaded once', async () => {
  const windows = 10 + MAX_READ_CACHE_BYTES / WINDOW;
  const { reader, loaded } = openReader(windows, true);
  const reads = Array.from({ length: windows }, (_, window) => read(reader, window * WINDOW, 1));
  expect((await Promise.all(reads)).flat()).toEqual(Array.from({ length: windows }, (_, window) => window));
  expect(loaded).toHaveLength(windows);
});
