import { expect, test } from 'vitest';
import { type ProbeFile, fullDisk, measureRoom } from './quota.ts';

/** A file on a disk that is full at `room` bytes. */
function fileOf(size: number, room: number): ProbeFile & { readonly size: () => number } {
  let length = size;
  return {
    size: () => length,
    getSize: () => length,
    truncate: (wanted) => {
      if (wanted > room) throw new DOMException('no room', 'QuotaExceededError');
      length = wanted;
    },
  };
}

test.each([
  [0, 1_000_000],
  [1, 1_000_000],
  [399_999, 1_000_000],
  [5_000_000_000, 9_000_000_000],
])('%d bytes that are left are found by trying, and the file keeps its length', (free, needed) => {
  const file = fileOf(700, 700 + free);
  const found = measureRoom(file, needed);
  expect(found).toBeLessThanOrEqual(free);
  expect(found).toBeGreaterThanOrEqual(free - needed / 1000);
  expect(file.size()).toBe(700);
});

test('a full disk is told in figures', () => {
  const error = fullDisk(12_300_000, 4_500, undefined);
  expect(error.code).toBe('storage-full');
  expect(error.message).toContain('needs room for 12.3 MB more, and the browser has 4.5 kB left');
});
