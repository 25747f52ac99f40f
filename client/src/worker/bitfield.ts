/** Which pieces are stored: one bit a piece, the highest bit of the first byte for piece 0 (BEP 3). */
export class PieceSet {
  readonly #bits: Uint8Array;
  readonly length: number;
  #count = 0;

  /** Starts from `bits`; bits past the last piece, and a wrong length, are ignored. */
  constructor(length: number, bits?: Uint8Array) {
    this.length = length;
    this.#bits = new Uint8Array(Math.ceil(length / 8));
    if (bits?.length !== this.#bits.length) return;
    for (let piece = 0; piece < length; piece++) {
      if (((bits[piece >> 3] as number) >> (7 - (piece & 7))) & 1) this.add(piece);
    }
  }

  static full(length: number): PieceSet {
    const set = new PieceSet(length);
    for (let piece = 0; piece < length; piece++) set.add(piece);
    return set;
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  has(piece: number): boolean {
    return (((this.#bits[piece >> 3] ?? 0) >> (7 - (piece & 7))) & 1) === 1;
  }

  add(piece: number): void {
    if (piece < 0 || piece >= this.length || this.has(piece)) return;
    this.#bits[piece >> 3] = (this.#bits[piece >> 3] as number) | (0x80 >> (piece & 7));
    this.#count++;
  }

  /** The stored pieces in order. */
  pieces(): number[] {
    const pieces: number[] = [];
    for (let piece = 0; piece < this.length; piece++) if (this.has(piece)) pieces.push(piece);
    return pieces;
  }

  /** The bits, in an array of their own. */
  toBytes(): Uint8Array {
    return this.#bits.slice();
  }
}
