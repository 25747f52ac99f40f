import { expect, test } from 'vitest';
import { contentLengthOf } from './content-length.ts';
import type { Metainfo, TorrentFile } from './types.ts';

const KIB = 1024;

function file(length: number, offset: number, isPadding = false): TorrentFile {
  return { path: [`${offset}`], length, offset, isPadding, piecesRoot: isPadding ? undefined : new Uint8Array(32) };
}

test('padding behind files does not count, and the last file has none', () => {
  const files = [
    file(1000, 0),
    file(16 * KIB - 1000, 1000, true),
    file(20 * KIB, 16 * KIB),
    file(12 * KIB, 36 * KIB, true),
    file(7, 48 * KIB),
  ];
  const metainfo = {
    version: 'hybrid',
    pieceLength: 16 * KIB,
    totalLength: 48 * KIB + 7,
    files,
  } as unknown as Metainfo;
  expect(contentLengthOf(metainfo)).toBe(1000 + 20 * KIB + 7);
});

test('files that fill their pieces need no padding', () => {
  const files = [file(32 * KIB, 0), file(16 * KIB, 32 * KIB)];
  const metainfo = { version: 'v2', pieceLength: 16 * KIB, totalLength: 48 * KIB, files } as unknown as Metainfo;
  expect(contentLengthOf(metainfo)).toBe(48 * KIB);
});
