import type { StoredFile } from './types.ts';

/** A part of one file. */
export interface Span {
  /** Index of the file. */
  readonly file: number;
  /** Offset inside the file. [bytes] */
  readonly at: number;
  /** At least 1. [bytes] */
  readonly length: number;
}

/**
 * Maps the run of all bytes of a torrent to its files. `files` are in order, without gaps; empty ones take no part.
 */
export class Layout {
  readonly #files: readonly StoredFile[];
  readonly totalLength: number;

  constructor(files: readonly StoredFile[]) {
    this.#files = files;
    const last = files.at(-1);
    this.totalLength = last ? last.offset + last.length : 0;
  }

  /** The parts of files that hold `length` bytes from `offset` on, in order. Bytes past the end have no part. */
  spans(offset: number, length: number): Span[] {
    const spans: Span[] = [];
    const end = Math.min(offset + length, this.totalLength);
    for (let at = offset, index = this.fileAt(offset); at < end; index++) {
      const file = this.#files[index];
      if (!file) break;
      const take = Math.min(end, file.offset + file.length) - at;
      if (take <= 0) continue;
      spans.push({ file: index, at: at - file.offset, length: take });
      at += take;
    }
    return spans;
  }

  /** The first and last piece that hold bytes of a file; undefined when the file is empty. */
  pieces(index: number, pieceLength: number): { readonly first: number; readonly last: number } | undefined {
    const file = this.#files[index];
    if (!file || file.length === 0) return undefined;
    return {
      first: Math.floor(file.offset / pieceLength),
      last: Math.floor((file.offset + file.length - 1) / pieceLength),
    };
  }

  /** Index of the last file that starts at or before `offset`, by bisection; 0 when there is none. */
  fileAt(offset: number): number {
    let low = 0;
    let high = this.#files.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#files[middle] as StoredFile).offset <= offset) low = middle;
      else high = middle - 1;
    }
    // Empty files share their offset with the next one; any of them will do, since spans are skipped when empty.
    return Math.max(0, low);
  }
}
