import { MAX_DEADLINES } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/** A piece that a player waits for. */
export interface PieceDeadline {
  readonly piece: number;
  readonly at: Millis;
}

/** Which pieces a player needs next, the earliest deadline first. */
export class Deadlines {
  /** BOUNDED: by MAX_DEADLINES; the latest deadlines are forgotten first. */
  #pieces: PieceDeadline[] = [];

  /** In order. */
  get pieces(): readonly PieceDeadline[] {
    return this.#pieces;
  }

  /** Sets, moves or, with `Infinity`, removes the deadline of a piece. */
  set(piece: number, at: Millis): void {
    this.delete(piece);
    if (!(at < Infinity)) return;
    const behind = this.#pieces.findIndex((each) => each.at > at);
    this.#pieces.splice(behind < 0 ? this.#pieces.length : behind, 0, { piece, at });
    this.#pieces.length = Math.min(this.#pieces.length, MAX_DEADLINES);
  }

  delete(piece: number): void {
    if (this.#pieces.some((each) => each.piece === piece))
      this.#pieces = this.#pieces.filter((each) => each.piece !== piece);
  }

  /** Removes the deadlines of all other pieces. */
  retain(isWanted: (piece: number) => boolean): void {
    if (!this.#pieces.every(({ piece }) => isWanted(piece)))
      this.#pieces = this.#pieces.filter(({ piece }) => isWanted(piece));
  }
}
