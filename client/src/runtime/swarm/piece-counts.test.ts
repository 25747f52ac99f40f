import { expect, test } from 'vitest';
import { countStored } from './piece-counts.ts';

/** Pieces 0, 1 and 3 of four, each of 10 bytes, are here. */
const MAP = { count: 4, stored: new Uint8Array([0b1101_0000]), availability: new Uint8Array(4) };

test('a file counts the bytes of its own in stored pieces, those shared with other files in part', () => {
  expect(countStored(MAP, 10, 0, 35)).toBe(25);
  expect(countStored(MAP, 10, 5, 10)).toBe(10);
  expect(countStored(MAP, 10, 18, 14)).toBe(4);
  expect(countStored(MAP, 10, 20, 10)).toBe(0);
});

test('a file without bytes, and a map that is not here yet, count nothing', () => {
  expect(countStored(MAP, 10, 10, 0)).toBe(0);
  expect(countStored({ count: 0, stored: new Uint8Array(0), availability: new Uint8Array(0) }, 10, 0, 35)).toBe(0);
});
