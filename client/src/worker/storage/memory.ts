import { MAX_MEMORY_STORAGE_BYTES } from '../../../../shared/src/limits/storage.ts';
import { Layout } from './layout.ts';
import {
  ALL_WANTED,
  type ContentStore,
  type OwnBytes,
  StorageError,
  type StoredFile,
  type WantedFiles,
} from './types.ts';

/** Unit of memory. [bytes] Small enough that a small download is small, large enough that a large one is few arrays. */
const PAGE_BYTES = 1024 * 1024;

/** The memory that all stores of one tab share. */
export class MemoryBudget {
  readonly #cap: number;
  #used = 0;

  constructor(cap: number = MAX_MEMORY_STORAGE_BYTES) {
    this.#cap = cap;
  }

  get free(): number {
    return this.#cap - this.#used;
  }

  /** Throws `storage-full` when there is not that much room. */
  check(bytes: number): void {
    if (bytes > this.free) throw new StorageError('storage-full', memoryFull(bytes, this.free));
  }

  /** Throws `storage-full` when there is not that much room. */
  take(bytes: number): void {
    this.check(bytes);
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used = Math.max(0, this.#used - bytes);
  }
}

/** Pages from one up to another, both included. */
interface Run {
  readonly first: number;
  readonly last: number;
}

/** Keeps content in memory, in pages that come to be with the first byte written to them. */
export class MemoryStore implements ContentStore {
  readonly #layout: Layout;
  readonly #files: readonly StoredFile[];
  readonly #budget: MemoryBudget;
  readonly #pieceLength: number;
  /** BOUNDED: by the torrent's length, which the budget admitted. */
  readonly #pages = new Map<number, OwnBytes>();
  /** Pages that are stored or kept for what is wanted. BOUNDED: like `#pages`. */
  #taken: ReadonlySet<number> = new Set();
  #isWanted: WantedFiles;

  /**
   * Takes memory for the whole pieces of all wanted files from the budget at once, so that a download does not fail
   * half-way. Without a choice that is all.
   */
  constructor(files: readonly StoredFile[], budget: MemoryBudget, pieceLength = 1, isWanted = ALL_WANTED) {
    this.#files = files;
    this.#layout = new Layout(files);
    this.#budget = budget;
    this.#pieceLength = pieceLength;
    this.#isWanted = isWanted;
    this.#takeFor(isWanted);
  }

  async want(isWanted = this.#isWanted): Promise<void> {
    this.#isWanted = isWanted;
    this.#takeFor(isWanted);
  }

  read(offset: number, into: OwnBytes): undefined {
    this.#eachPage(offset, into.length, (page, at, from, length) => {
      const bytes = this.#pages.get(page);
      if (bytes) into.set(bytes.subarray(at, at + length), from);
      else into.fill(0, from, from + length);
    });
  }

  write(offset: number, bytes: OwnBytes): undefined {
    this.#eachPage(offset, bytes.length, (page, at, from, length) => {
      let target = this.#pages.get(page);
      if (!target) {
        if (!this.#taken.has(page)) this.#take(new Set([...this.#taken, page]));
        target = new Uint8Array(this.#lengthOf(page));
        this.#pages.set(page, target);
      }
      target.set(bytes.subarray(from, from + length), at);
    });
  }

  flush(): undefined {
    return undefined;
  }

  file(index: number): Promise<Blob> {
    const file = this.#files[index];
    const parts: OwnBytes[] = [];
    if (file) {
      this.#eachPage(file.offset, file.length, (page, at, _from, length) => {
        const bytes = this.#pages.get(page);
        parts.push(bytes ? bytes.subarray(at, at + length) : new Uint8Array(length));
      });
    }
    return Promise.resolve(new Blob(parts));
  }

  close(): Promise<void> {
    return this.destroy();
  }

  destroy(): Promise<void> {
    this.#pages.clear();
    this.#take(new Set());
    return Promise.resolve();
  }

  /** From now on these pages are its own, and no others. Throws `storage-full`, and changes nothing then. */
  #take(pages: ReadonlySet<number>): void {
    const more = this.#sumOf(pages) - this.#sumOf(this.#taken);
    if (more > 0) this.#budget.take(more);
    else this.#budget.give(-more);
    this.#taken = pages;
  }

  /** Takes the pages of wanted files, besides those that are stored. Throws `storage-full`, and changes nothing then. */
  #takeFor(isWanted: WantedFiles): void {
    const runs = this.#runsOf(isWanted);
    const bytes = runs.reduce(
      (sum, { first, last }) => sum + last * PAGE_BYTES + this.#lengthOf(last) - first * PAGE_BYTES,
      0,
    );
    // A torrent may name more pages than could be counted one by one.
    this.#budget.check(bytes - this.#sumOf(this.#taken));
    const pages = new Set(this.#pages.keys());
    for (const { first, last } of runs) for (let page = first; page <= last; page++) pages.add(page);
    this.#take(pages);
  }

  /** Where the whole pieces of wanted files lie, in order. */
  #runsOf(isWanted: WantedFiles): Run[] {
    const runs: Run[] = [];
    let next = 0;
    for (const [index, { isPadding }] of this.#files.entries()) {
      const pieces = isPadding || !isWanted(index) ? undefined : this.#layout.pieces(index, this.#pieceLength);
      if (!pieces) continue;
      const end = Math.min((pieces.last + 1) * this.#pieceLength, this.#layout.totalLength);
      const first = Math.max(next, Math.floor((pieces.first * this.#pieceLength) / PAGE_BYTES));
      const last = Math.floor((end - 1) / PAGE_BYTES);
      if (first <= last) runs.push({ first, last });
      next = Math.max(next, last + 1);
    }
    return runs;
  }

  #sumOf(pages: ReadonlySet<number>): number {
    let sum = 0;
    for (const page of pages) sum += this.#lengthOf(page);
    return sum;
  }

  #lengthOf(page: number): number {
    return Math.min(PAGE_BYTES, this.#layout.totalLength - page * PAGE_BYTES);
  }

  #eachPage(
    offset: number,
    length: number,
    use: (page: number, at: number, from: number, length: number) => void,
  ): void {
    const end = Math.min(offset + length, this.#layout.totalLength);
    for (let at = offset; at < end;) {
      const page = Math.floor(at / PAGE_BYTES);
      const inPage = at - page * PAGE_BYTES;
      const take = Math.min(PAGE_BYTES - inPage, end - at);
      use(page, inPage, at - offset, take);
      at += take;
    }
  }
}

function memoryFull(needed: number, free: number): string {
  return (
    `This download needs ${formatBytes(needed)} of memory, and ${formatBytes(free)} are left in this tab. ` +
    'Open the page over https or on localhost, where downloads are kept on disk, or remove another download.'
  );
}

/** A size for people, in decimal units. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
