import { expect, test } from 'vitest';
import { utf8Encode } from '../../../../shared/src/bytes.ts';
import { readCreatedBy } from './created-by.ts';

test('the program that a torrent file names is read, in any language', () => {
  expect(readCreatedBy(utf8Encode('d10:created by7:Wörkere'))).toBe('Wörker');
});

test('a file without it, or with something else in its place, names nobody', () => {
  expect(readCreatedBy(utf8Encode('d4:infodee'))).toBeUndefined();
  expect(readCreatedBy(utf8Encode('d10:created byi4ee'))).toBeUndefined();
  expect(readCreatedBy(utf8Encode('not bencode'))).toBeUndefined();
});
