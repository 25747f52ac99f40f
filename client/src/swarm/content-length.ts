import { shortPieces } from './hash-trees.ts';
import { pieceLengthOf } from './metainfo.ts';
import type { Metainfo } from './types.ts';

/** Length of a torrent's files, without the padding that makes files of hybrid and v2 torrents begin with a piece. [bytes] */
export function contentLengthOf(metainfo: Metainfo): number {
  let bytes = metainfo.totalLength;
  for (const [piece, length] of shortPieces(metainfo)) bytes -= pieceLengthOf(metainfo, piece) - length;
  return bytes;
}
