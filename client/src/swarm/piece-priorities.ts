import { pieceCountOf } from './metainfo.ts';
import type { FilePriority, Metainfo } from './types.ts';

/** Priorities of pieces: the higher ones are fetched first. */
export const PRIORITY = { skip: 0, low: 1, normal: 2, high: 3 } as const satisfies Record<FilePriority, number>;

export const HIGHEST_PRIORITY = PRIORITY.high;

/**
 * The priority of each piece: that of the most wanted file in it. Padding (BEP 47) is in no way wanted, so a piece of
 * nothing else is skipped. A torrent without content has no pieces.
 */
export function piecePriorities(metainfo: Metainfo, files: readonly FilePriority[]): Uint8Array {
  const { pieceLength, totalLength } = metainfo;
  const priorities = new Uint8Array(pieceCountOf(totalLength, pieceLength));
  metainfo.files.forEach(({ offset, length, isPadding }, index) => {
    if (length === 0 || isPadding) return;
    const priority = PRIORITY[files[index] ?? 'normal'];
    const last = Math.floor((offset + length - 1) / pieceLength);
    for (let piece = Math.floor(offset / pieceLength); piece <= last; piece++)
      priorities[piece] = Math.max(priorities[piece] as number, priority);
  });
  return priorities;
}
