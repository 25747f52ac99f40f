import type { PieceMap } from '../../index.ts';
import { plural } from './plural.ts';

/** Most columns of a bar: about one for each point of a phone's width. */
export const MAX_COLUMNS = 320;

/** Steps of a bar's shade: 0 for nothing, 4 for all of it or for plenty; `nowhere` for what neither we nor others have. */
export type Level = 0 | 1 | 2 | 3 | 4 | 'nowhere';

/** How full each column is: pieces that are here over pieces that there are. */
export function storedLevels(map: PieceMap): Level[] {
  return columnsOf(map.count).map(([first, end]) => {
    let here = 0;
    for (let piece = first; piece < end; piece++) here += hasPiece(map, piece) ? 1 : 0;
    if (here === end - first) return 4;
    return here === 0 ? 0 : (Math.min(3, 1 + Math.floor((3 * here) / (end - first))) as Level);
  });
}

/** How many peers have the rarest piece of each column: none, 1, 2, 3 to 4, more; `nowhere` when one is missing here, too. */
export function availabilityLevels(map: PieceMap): Level[] {
  return columnsOf(map.count).map(([first, end]) => {
    let rarest = 255;
    for (let piece = first; piece < end; piece++) {
      const peers = map.availability[piece] ?? 0;
      if (peers === 0 && !hasPiece(map, piece)) return 'nowhere';
      rarest = Math.min(rarest, peers);
    }
    if (rarest >= 5) return 4;
    return rarest >= 3 ? 3 : (rarest as Level);
  });
}

/** An SVG path of the columns of one level, each run of them as one rectangle of height 1. */
export function levelPath(levels: readonly Level[], level: Level): string {
  let path = '';
  for (let at = 0; at < levels.length; at++) {
    if (levels[at] !== level) continue;
    const start = at;
    while (levels[at + 1] === level) at++;
    path += `M${start} 0h${at + 1 - start}v1h${start - at - 1}z`;
  }
  return path;
}

/** The bar of stored pieces in words. */
export function storedSentence(map: PieceMap): string {
  let here = 0;
  for (let piece = 0; piece < map.count; piece++) here += hasPiece(map, piece) ? 1 : 0;
  if (here === map.count)
    return `All ${plural(map.count, 'piece')} are here`.replace('All 1 piece are', 'The piece is');
  return `${here} of ${plural(map.count, 'piece')} ${here === 1 ? 'is' : 'are'} here`;
}

/** The bar of availability in words: copies that the connected peers hold together, and what none of them has. */
export function availabilitySentence(map: PieceMap): string {
  let rarest = 255;
  let nowhere = 0;
  for (let piece = 0; piece < map.count; piece++) {
    const peers = map.availability[piece] ?? 0;
    rarest = Math.min(rarest, peers);
    if (peers === 0 && !hasPiece(map, piece)) nowhere++;
  }
  if (nowhere > 0) return `${plural(nowhere, 'missing piece')} ${nowhere === 1 ? 'is' : 'are'} with nobody connected`;
  return `The connected peers hold ${copies(map, rarest)}`;
}

/** `no copy`, `1 copy`, `2.4 copies`: the rarest piece counts, and how many pieces are less rare. */
function copies(map: PieceMap, rarest: number): string {
  let commoner = 0;
  for (let piece = 0; piece < map.count; piece++) commoner += (map.availability[piece] ?? 0) > rarest ? 1 : 0;
  const count = map.count === 0 ? 0 : Math.floor(10 * (rarest + commoner / map.count)) / 10;
  if (count === 0) return 'no copy';
  return count === 1 ? '1 copy' : `${count} copies`;
}

/** The columns as ranges of pieces: one for each piece, or as many as fit. */
function columnsOf(count: number): (readonly [first: number, end: number])[] {
  const columns = Math.min(count, MAX_COLUMNS);
  return Array.from({ length: columns }, (_, at) => [
    Math.floor((at * count) / columns),
    Math.floor(((at + 1) * count) / columns),
  ]);
}

function hasPiece({ stored }: PieceMap, piece: number): boolean {
  return ((stored[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0;
}
