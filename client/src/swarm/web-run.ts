import type { Millis } from '../../../shared/src/machine.ts';
import type { Picker } from './picker.ts';
import { PRIORITY } from './piece-priorities.ts';

/**
 * The pieces that a web seed is asked for in one request, open by then: a run without gaps of pieces that have blocks
 * which nobody is asked for, of so many bytes or one piece at least. It begins with what a player waits for; in order,
 * with the first missing one; else where the longest gap of the most wanted pieces is, since peers fetch pieces here and
 * there and a server is best at long runs (BEP 19).
 */
export function chooseWebRun(picker: Picker, pieceLength: number, bytes: number, now: Millis): number[] {
  const run: number[] = [];
  const most = Math.max(1, Math.floor(bytes / pieceLength));
  const first = firstOf(picker, now);
  for (let piece = first; piece >= 0 && run.length < most && isFree(picker, piece, now); piece++) {
    const open = picker.blocks.openPieces.get(piece);
    open?.share(now);
    if (!open && !picker.pieces.start(piece, now, undefined)) break;
    run.push(piece);
  }
  return run;
}

/** Something of the piece is wanted and not asked of anybody, nor any suspect's alone. */
function isFree({ pieces, blocks }: Picker, piece: number, now: Millis): boolean {
  if (pieces.listed.isListed(piece)) return true;
  const open = blocks.openPieces.get(piece);
  return open !== undefined && open.free > 0 && (open.owner === undefined || open.isOverdue(now));
}

function firstOf(picker: Picker, now: Millis): number {
  const { pieces, isSequential, pieceCount } = picker;
  const { listed, deadlines } = pieces;
  for (const { piece } of deadlines) if (isFree(picker, piece, now)) return piece;
  let best = { start: -1, length: 0, priority: PRIORITY.skip as number };
  for (let piece = 0, length = 0, last = -1; piece < pieceCount; piece++) {
    const priority = isFree(picker, piece, now) ? listed.priority(piece) : PRIORITY.skip;
    length = priority === PRIORITY.skip ? 0 : priority === last ? length + 1 : 1;
    last = priority;
    const isBetter =
      priority > best.priority ||
      (priority === best.priority && length > best.length && !(isSequential && best.length > 0));
    if (length > 0 && isBetter) best = { start: piece - length + 1, length, priority };
  }
  return best.start;
}
