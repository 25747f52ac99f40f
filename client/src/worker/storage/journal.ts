import { JOURNAL_MS, MAX_JOURNAL_ENTRIES } from '../../../../shared/src/limits/storage.ts';
import type { OwnBytes } from './types.ts';

/** What the journal needs of a file; a sync access handle of the origin private file system has it. */
export interface JournalFile {
  getSize(): number;
  read(into: OwnBytes, options: { readonly at: number }): number;
  write(bytes: OwnBytes, options: { readonly at: number }): number;
  truncate(size: number): void;
  close(): void;
}

const ENTRY_BYTES = 4;

/**
 * Names the pieces that were stored since the last resume record, in a file beside them: a tab that is killed between two
 * records loses none of them, because the next page verifies each piece that the journal names. A hint, not a promise:
 * nothing is flushed, and a file that cannot be read or written is as good as an empty one.
 */
export class Journal {
  readonly #file: JournalFile;
  /** What an earlier page left. */
  readonly left: readonly number[];
  /** Not in any record yet, in the order in which they were stored. BOUNDED: by what one checkpoint period stores. */
  #unrecorded: number[] = [];
  #writtenCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(file: JournalFile) {
    this.#file = file;
    this.left = readEntries(file);
    this.#unrecorded = [...this.left];
    this.#writtenCount = this.left.length;
  }

  /** The piece is stored; the file says so within JOURNAL_MS. */
  add(piece: number): void {
    this.#unrecorded.push(piece);
    this.#timer ??= setTimeout(() => this.#append(), JOURNAL_MS);
  }

  /** Writes down what was added since. */
  write(): void {
    if (this.#timer !== undefined) this.#append();
  }

  /** A record names those for which `has` is true: they leave. */
  recorded(has: (piece: number) => boolean): void {
    if (this.#unrecorded.length === 0) return;
    this.#unrecorded = this.#unrecorded.filter((piece) => !has(piece));
    this.#writtenCount = 0;
    try {
      this.#file.truncate(0);
    } catch {
      // Entries too many cost a verification each, nothing else.
    }
    if (this.#unrecorded.length > 0) this.#append();
  }

  close(): void {
    this.write();
    this.#file.close();
  }

  #append(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const fresh = this.#unrecorded.slice(this.#writtenCount);
    const bytes = new Uint8Array(fresh.length * ENTRY_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [i, piece] of fresh.entries()) view.setUint32(i * ENTRY_BYTES, piece);
    try {
      const length = this.#file.write(bytes, { at: this.#writtenCount * ENTRY_BYTES });
      if (length === bytes.length) this.#writtenCount = this.#unrecorded.length;
    } catch {
      // A full disk, which Firefox tells by writing less: the pieces are still in the next record.
    }
  }
}

function readEntries(file: JournalFile): number[] {
  try {
    const count = Math.min(MAX_JOURNAL_ENTRIES, Math.floor(file.getSize() / ENTRY_BYTES));
    const bytes = new Uint8Array(count * ENTRY_BYTES);
    const readCount = Math.floor(file.read(bytes, { at: 0 }) / ENTRY_BYTES);
    const view = new DataView(bytes.buffer);
    return Array.from({ length: Math.min(count, readCount) }, (_, i) => view.getUint32(i * ENTRY_BYTES));
  } catch {
    return [];
  }
}
