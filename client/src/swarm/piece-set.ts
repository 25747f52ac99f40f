/** A set of piece numbers in the layout of BEP 3's bitfield: highest bit of the first byte is piece 0. */
export class PieceSet {
  /** Number of pieces of the torrent. */
  readonly size: number;
  readonly #bits: Uint8Array;
  #count = 0;

  constructor(size: number) {
    this.size = size;
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  /** Reads a bitfield; undefined when its length is wrong or a bit behind the last piece is set (BEP 3). */
  static fromBitfield(bits: Uint8Array, size: number): PieceSet | undefined {
    if (bits.length !== Math.ceil(size / 8)) return undefined;
    const set = new PieceSet(size);
    set.#bits.set(bits);
    for (const byte of bits) set.#count += bitCount(byte);
    const spare = 8 * bits.length - size;
    return spare > 0 && ((bits.at(-1) as number) & ((1 << spare) - 1)) !== 0 ? undefined : set;
  }

  static full(size: number): PieceSet {
    const set = new PieceSet(size);
    for (let piece = 0; piece < size; piece++) set.add(piece);
    return set;
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.size;
  }

  /** `piece` is below `size`. */
  has(piece: number): boolean {
    return ((this.#bits[piece >> 3] as number) & (0x80 >> (piece & 7))) !== 0;
  }

  /** False when `piece` was there. */
  add(piece: number): boolean {
    const mask = 0x80 >> (piece & 7);
    const byte = this.#bits[piece >> 3] as number;
    if ((byte & mask) !== 0) return false;
    this.#bits[piece >> 3] = byte | mask;
    this.#count++;
    return true;
  }

  toBitfield(): Uint8Array {
    return this.#bits.slice();
  }
}

function bitCount(byte: number): number {
  let bits = byte - ((byte >> 1) & 0x55);
  bits = (bits & 0x33) + ((bits >> 2) & 0x33);
  return (bits + (bits >> 4)) & 0x0f;
}
