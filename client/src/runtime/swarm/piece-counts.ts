import type { PieceMap } from '../../api.ts';

/** How many of a file's bytes lie in stored pieces. `offset` and `size` are the file's, in the run of all files. [bytes] */
export function countStored(map: PieceMap, pieceLength: number, offset: number, size: number): number {
  if (map.count === 0 || size === 0) return 0;
  const end = offset + size;
  const last = Math.min(map.count - 1, Math.floor((end - 1) / pieceLength));
  let bytes = 0;
  for (let piece = Math.floor(offset / pieceLength); piece <= last; piece++) {
    if (!isStored(map, piece)) continue;
    const start = piece * pieceLength;
    bytes += Math.min(end, start + pieceLength) - Math.max(offset, start);
  }
  return bytes;
}

function isStored({ stored }: PieceMap, piece: number): boolean {
  return ((stored[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0;
}
