import { equalBytes } from '../../../shared/src/bytes.ts';
import { MAX_SPARE_PIECE_BUFFERS } from '../../../shared/src/limits/storage.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { TREE_HASH_BYTES } from '../swarm/merkle.ts';
import type { PeerKey } from '../swarm/peer-key.ts';
import { sha256 } from './hash.ts';
import type { OwnBytes } from './storage/types.ts';

/** A block as it came. `leaf` is its hash, where it is known (BEP 52). */
export interface KeptBlock extends Sender {
  readonly piece: number;
  readonly begin: number;
  readonly bytes: Uint8Array;
  readonly leaf: Uint8Array | undefined;
}

/** Whose block it is. */
interface Sender {
  readonly from: PeerKey;
  /** It is to be told, too, when the block is right. */
  readonly isTrial: boolean;
}

/** Who is told what came of blocks, never from inside a call. */
export interface BlockVerdicts {
  /** The block does not match its leaf. */
  blockBad(piece: number, begin: number, from: PeerKey): void;
  /** The block of a peer on trial matches its leaf. */
  blockGood(piece: number, begin: number, from: PeerKey): void;
}

/** A piece that is being put together. */
interface Entry {
  readonly buffer: OwnBytes;
  /** Blocks that were kept without a leaf: where they begin, and whose they are. BOUNDED: by the blocks of the piece. */
  readonly unchecked: Map<number, Sender>;
  /** Blocks that turned out bad and were not replaced. BOUNDED: by the blocks of the piece. */
  readonly bad: Set<number>;
  /** Blocks that are being hashed. */
  pending: number;
  /** Called when none is. */
  settled: (() => void) | undefined;
}

/** What is known of a piece's blocks when all of them were hashed that could be. */
export interface PieceBlocks {
  readonly buffer: OwnBytes;
  /** Where blocks begin that do not match their leaves. */
  readonly bad: readonly number[];
  /** Every block matched its leaf. */
  readonly areAllGood: boolean;
}

/**
 * The pieces that are being put together from blocks, each of which is hashed on arrival where its leaf is known. Buffers
 * are used again once they were stored.
 */
export class PieceBuffers {
  readonly #pieceLength: number;
  readonly #totalLength: number;
  readonly #dataLength: (piece: number) => number;
  readonly #verdicts: BlockVerdicts;
  /** BOUNDED: by the machine, which limits the pieces under way. */
  readonly #entries = new Map<number, Entry>();
  /** BOUNDED: by MAX_SPARE_PIECE_BUFFERS. */
  readonly #spare: OwnBytes[] = [];

  /** `dataLength` is the length of a piece without the padding behind it. */
  constructor(
    sizes: { readonly pieceLength: number; readonly totalLength: number },
    dataLength: (piece: number) => number,
    verdicts: BlockVerdicts,
  ) {
    this.#pieceLength = sizes.pieceLength;
    this.#totalLength = sizes.totalLength;
    this.#dataLength = dataLength;
    this.#verdicts = verdicts;
  }

  /** Copies a block into its piece. What would lie outside of the piece is dropped. */
  keep(block: KeptBlock): void {
    const { piece, begin, bytes, leaf } = block;
    const entry = this.#entries.get(piece) ?? this.#start(piece);
    if (begin + bytes.length > entry.buffer.length) return;
    entry.buffer.set(bytes, begin);
    entry.bad.delete(begin);
    entry.unchecked.delete(begin);
    if (leaf) this.#check(entry, piece, begin, bytes.length, block, leaf);
    else entry.unchecked.set(begin, { from: block.from, isTrial: block.isTrial });
  }

  /** Hashes the blocks that were kept without a leaf. */
  check(piece: number, leaves: Uint8Array): void {
    const entry = this.#entries.get(piece);
    const dataLength = this.#dataLength(piece);
    for (const [begin, sender] of entry?.unchecked ?? []) {
      const at = (begin / BLOCK_BYTES) * TREE_HASH_BYTES;
      const length = Math.min(BLOCK_BYTES, dataLength - begin);
      this.#check(entry as Entry, piece, begin, length, sender, leaves.subarray(at, at + TREE_HASH_BYTES));
    }
    entry?.unchecked.clear();
  }

  /** Waits for the blocks of the piece that are being hashed. Undefined when no block of it was kept. */
  async settle(piece: number): Promise<PieceBlocks | undefined> {
    const entry = this.#entries.get(piece);
    if (!entry) return undefined;
    if (entry.pending > 0) await new Promise<void>((resolve) => (entry.settled = resolve));
    const bad = [...entry.bad];
    return { buffer: entry.buffer, bad, areAllGood: bad.length === 0 && entry.unchecked.size === 0 };
  }

  /** The piece is stored or given up. */
  drop(piece: number): void {
    const entry = this.#entries.get(piece);
    if (!entry) return;
    this.#entries.delete(piece);
    if (entry.pending === 0) this.#recycle(entry.buffer);
  }

  #check(entry: Entry, piece: number, begin: number, length: number, sender: Sender, leaf: Uint8Array): void {
    entry.pending++;
    const { from, isTrial } = sender;
    void sha256(entry.buffer.subarray(begin, begin + length)).then((digest) => {
      entry.pending--;
      if (!equalBytes(digest, leaf)) {
        entry.bad.add(begin);
        this.#verdicts.blockBad(piece, begin, from);
      } else if (isTrial) this.#verdicts.blockGood(piece, begin, from);
      if (entry.pending > 0) return;
      entry.settled?.();
      entry.settled = undefined;
    });
  }

  #start(piece: number): Entry {
    const length = Math.max(0, Math.min(this.#pieceLength, this.#totalLength - piece * this.#pieceLength));
    const buffer = (length === this.#pieceLength ? this.#spare.pop() : undefined) ?? new Uint8Array(length);
    // What a used buffer holds behind the data would not be the zeros of the padding.
    buffer.fill(0, this.#dataLength(piece));
    const entry: Entry = { buffer, unchecked: new Map(), bad: new Set(), pending: 0, settled: undefined };
    this.#entries.set(piece, entry);
    return entry;
  }

  #recycle(buffer: OwnBytes): void {
    if (buffer.length === this.#pieceLength && this.#spare.length < MAX_SPARE_PIECE_BUFFERS) this.#spare.push(buffer);
  }
}
