import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import type { PeerKey } from './peer-key.ts';

/** An info dictionary as far as its blocks have come (BEP 9), and who sent which. */
export class MetadataBlocks {
  /** Of the whole. [bytes] */
  readonly size: number;
  /** BOUNDED: by `size`. */
  readonly #blocks = new Map<number, { readonly bytes: Uint8Array; readonly from: PeerKey }>();

  constructor(size: number) {
    this.size = size;
  }

  get count(): number {
    return Math.ceil(this.size / BLOCK_BYTES);
  }

  get isComplete(): boolean {
    return this.#blocks.size === this.count;
  }

  /** What is kept, in whole blocks. [bytes] */
  get keptBytes(): number {
    return this.#blocks.size * BLOCK_BYTES;
  }

  has(block: number): boolean {
    return this.#blocks.has(block);
  }

  /** True for bytes of the length of this block. */
  fits(block: number, bytes: Uint8Array): boolean {
    return block < this.count && bytes.length === Math.min(BLOCK_BYTES, this.size - block * BLOCK_BYTES);
  }

  /** A block that fits and is missing. Copies it. */
  add(block: number, bytes: Uint8Array, from: PeerKey): void {
    this.#blocks.set(block, { bytes: bytes.slice(), from });
  }

  /** Everyone of whom there is a block. */
  senders(): readonly PeerKey[] {
    return [...new Set([...this.#blocks.values()].map(({ from }) => from))];
  }

  /** What one of them sent; undefined when that is nothing. */
  of(sender: PeerKey): MetadataBlocks | undefined {
    const own = new MetadataBlocks(this.size);
    for (const [block, each] of this.#blocks) if (each.from === sender) own.#blocks.set(block, each);
    return own.#blocks.size > 0 ? own : undefined;
  }

  /** All of it, once it is complete. */
  join(): Uint8Array {
    const whole = new Uint8Array(this.size);
    for (const [block, { bytes }] of this.#blocks) whole.set(bytes, block * BLOCK_BYTES);
    return whole;
  }
}
