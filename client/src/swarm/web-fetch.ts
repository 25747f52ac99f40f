import type { Millis } from '../../../shared/src/machine.ts';
import type { EndgamePeer } from './endgame.ts';
import type { OpenPiece } from './open-piece.ts';
import { Outstanding } from './outstanding.ts';
import type { PeerKey } from './peer-key.ts';
import type { Picker } from './picker.ts';
import type { PieceSet } from './piece-set.ts';
import { Pipeline } from './pipeline.ts';
import type { WebBlock } from './web-types.ts';

/**
 * One request to a web seed: the blocks of some pieces, in order. While it lasts they are noted as asked for, so that
 * peers are asked for others, and at the end of a download for those that would come last.
 */
export class WebFetch implements EndgamePeer {
  readonly id: PeerKey;
  /** What is asked for, in order. */
  readonly blocks: readonly WebBlock[];
  /** [bytes] */
  readonly length: number;
  readonly outstanding = new Outstanding();
  readonly pipeline = new Pipeline();
  progressAt: Millis;
  // A web seed has everything, and chooses by runs instead of by these.
  pieces: PieceSet | undefined;
  isCountedAsSeed = false;
  wanted = 0;
  current: OpenPiece | undefined;
  nothingAt = -1;
  readonly #perPiece: number;
  /** BOUNDED: by WEB_RUN_BYTES, and one piece at least. */
  readonly #open = new Map<number, OpenPiece>();

  /** `pieces` are started and nobody is asked for anything of them. */
  constructor(id: PeerKey, pieces: readonly number[], picker: Picker, now: Millis) {
    this.id = id;
    this.progressAt = now;
    this.#perPiece = picker.blocks.perPiece;
    const blocks: WebBlock[] = [];
    for (const piece of pieces) {
      const open = picker.blocks.openPieces.get(piece);
      if (!open) continue;
      this.#open.set(piece, open);
      while (open.free > 0) {
        const block = picker.blocks.take(open);
        this.outstanding.push(block, now);
        blocks.push({ piece, place: block % this.#perPiece, length: picker.blocks.lengthOf(block) });
      }
    }
    this.blocks = blocks;
    this.length = blocks.reduce((sum, { length }) => sum + length, 0);
  }

  /** A block came. False when it is none that is awaited. */
  take(block: number, bytes: number, now: Millis): boolean {
    if (this.outstanding.take(block) !== 'counted') return false;
    this.progressAt = now;
    this.pipeline.onBlock(bytes, now, this.outstanding.takenSentAt);
    return true;
  }

  /** The piece is still the one that was opened for this request, and not given up meanwhile. */
  isOpen(piece: number, picker: Picker): boolean {
    const open = this.#open.get(piece);
    return open !== undefined && picker.blocks.openPieces.get(piece) === open;
  }

  /** Something of what is to come is not here yet. */
  isNeeded(picker: Picker): boolean {
    return this.outstanding.blocks().some((block) => {
      const piece = Math.floor(block / this.#perPiece);
      return this.isOpen(piece, picker) && this.#open.get(piece)?.isReceived(block % this.#perPiece) === false;
    });
  }

  /** What did not come is free for others. */
  release(picker: Picker): void {
    this.outstanding.uncountAll((block) => {
      if (this.isOpen(Math.floor(block / this.#perPiece), picker)) picker.blocks.release(block);
    });
  }
}
