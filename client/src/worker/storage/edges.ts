/**
 * What is kept of a stored file that nobody wants: the first and the last piece's length of it, since pieces of wanted
 * neighbours reach into it. Both lie in one short file, the end right after the beginning.
 */
export class Edges {
  readonly #length: number;
  readonly #edge: number;

  /** Of a stored file of `length` bytes. */
  constructor(length: number, pieceLength: number) {
    this.#length = length;
    this.#edge = pieceLength;
  }

  /** The short file would not be shorter. */
  get isAll(): boolean {
    return this.#length <= 2 * this.#edge;
  }

  /** The bytes lie in one edge. */
  holds(at: number, length: number): boolean {
    return at + length <= this.#edge || at >= this.#length - this.#edge;
  }

  /** Where a byte of an edge lies in the short file. */
  placeOf(at: number): number {
    return at < this.#edge ? at : at - (this.#length - 2 * this.#edge);
  }

  /** The parts of `length` bytes from `at` on that lie in edges, in order, by their offsets in the whole file. */
  parts(at: number, length: number): { readonly at: number; readonly length: number }[] {
    const end = at + length;
    const headEnd = Math.min(end, this.#edge);
    const tail = Math.max(at, this.#length - this.#edge);
    const parts = [
      { at, length: headEnd - at },
      { at: tail, length: end - tail },
    ];
    return parts.filter((part) => part.length > 0);
  }
}
