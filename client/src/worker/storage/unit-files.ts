import { MAX_OPEN_FILES } from '../../../../shared/src/limits/storage.ts';
import { Edges } from './edges.ts';
import { namesIn, openExclusively, sizeOf } from './handles.ts';
import { fullDisk } from './quota.ts';
import { Reserve } from './reserve.ts';
import { type OwnBytes, StorageError, toStorageError } from './types.ts';
import { UnitFile } from './unit-file.ts';
import type { UnitSpan, Units } from './units.ts';

/** Name of what is kept of a stored file that nobody wants. */
export function edgesName(unit: number): string {
  return `edges-${unit}`;
}

/** Of a stored file as a whole. */
const STORED_NAME = /^\d+$/;

/**
 * The stored files of one torrent: each as long as it will ever be from the moment that it is created, and room kept
 * for those that are wanted and not created yet. Of one that nobody wants only the edges are kept, until more of it is
 * written. Files are opened when first needed, and the ones opened longest ago closed.
 */
export class UnitFiles {
  readonly #folder: FileSystemDirectoryHandle;
  readonly #units: Units;
  readonly #pieceLength: number;
  readonly #reserve: Reserve;
  /** Files of the folder that are as long as they will ever be, and edges. BOUNDED: by the stored files and their edges. */
  readonly #names: Set<string>;
  #wanted: ReadonlySet<number> = new Set();
  /** Open files, the longest open first. BOUNDED: by MAX_OPEN_FILES. */
  readonly #open = new Map<number, UnitFile>();
  /** Files written since the last flush. BOUNDED: by MAX_OPEN_FILES: closing flushes. */
  readonly #dirty = new Set<number>();
  #isClosed = false;

  private constructor(folder: FileSystemDirectoryHandle, units: Units, pieceLength: number, names: Set<string>) {
    this.#folder = folder;
    this.#units = units;
    this.#pieceLength = pieceLength;
    this.#names = names;
    this.#reserve = new Reserve(folder);
  }

  /** Those in this folder. Rejects with what the browser throws. */
  static async in(folder: FileSystemDirectoryHandle, units: Units, pieceLength: number): Promise<UnitFiles> {
    const names = new Set<string>();
    for (const name of await namesIn(folder)) {
      // A page that was killed as it created the file left it empty: room must still be kept for it.
      if (STORED_NAME.test(name) && (await sizeOf(folder, name)) === 0) continue;
      names.add(name);
    }
    return new UnitFiles(folder, units, pieceLength, names);
  }

  /** Takes room for these stored files, and no longer for others. Rejects with what the browser throws. */
  async takeRoom(wanted: ReadonlySet<number>): Promise<void> {
    if (this.#isClosed) return;
    this.#wanted = wanted;
    if (this.#units.lengths.length > 1) await this.#reserve.keep(this.#missingLength());
    // The first one shows whether files can be had at all, and a single one is its own reserve.
    const [unit] = wanted;
    if (unit !== undefined) await this.open({ unit, at: 0, length: this.#units.lengths[unit] ?? 0 }, true);
  }

  /** The file of a part, if it is open and can be read, or written to, there. */
  opened({ unit, at, length }: UnitSpan, isWriting: boolean): UnitFile | undefined {
    const file = unit === undefined ? undefined : this.#open.get(unit);
    return file && (!isWriting || file.holds(at, length)) ? file : undefined;
  }

  /** Opens the file of a part, to be read or written to there; undefined for padding. Rejects with what the browser throws. */
  async open(span: UnitSpan, isWriting: boolean): Promise<UnitFile | undefined> {
    const { unit, at, length } = span;
    const found = this.opened(span, isWriting);
    if (found || unit === undefined) return found;
    if (this.#isClosed) throw new StorageError('storage-failed', 'The files of this download are closed.');
    const edges = this.#edgesOf(unit);
    const isWhole = edges === undefined || (isWriting && !edges.holds(at, length));
    this.#close(unit);
    const file = isWhole ? await this.#openWhole(unit) : await this.#openEdges(unit, edges);
    this.#open.set(unit, file);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_OPEN_FILES && oldest !== undefined) this.#close(oldest);
    return file;
  }

  /** It was written to. */
  soil(unit: number): void {
    this.#dirty.add(unit);
  }

  /** Throws what the browser throws. */
  flush(): void {
    for (const unit of this.#dirty) this.#open.get(unit)?.flush();
    this.#dirty.clear();
  }

  /** The whole of a stored file as a blob. Rejects with what the browser throws. */
  async blob(unit: number): Promise<Blob> {
    this.#open.get(unit)?.flush();
    return await (await this.#folder.getFileHandle(String(unit))).getFile();
  }

  close(): void {
    this.#isClosed = true;
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
    this.#dirty.clear();
  }

  /** A full disk in figures: what is wanted and not there, nor kept room for, and what still fits. */
  async explain(error: unknown): Promise<StorageError> {
    const failure = toStorageError(error);
    const missing = this.#missingLength();
    if (failure.code !== 'storage-full' || missing === 0) return failure;
    const beyond = missing - this.#reserve.length;
    // When all of it was kept room for, the disk has shrunk, and that room is none.
    const needed = beyond > 0 ? beyond : missing;
    // A disk so full that not even a file can be tried out has nothing left.
    return fullDisk(needed, await this.#reserve.measure(needed).catch(() => 0), failure);
  }

  /** Undefined for a file that is there as a whole, or is to be. */
  #edgesOf(unit: number): Edges | undefined {
    if (this.#wanted.has(unit) || this.#names.has(String(unit))) return undefined;
    const edges = new Edges(this.#units.lengths[unit] ?? 0, this.#pieceLength);
    return edges.isAll ? undefined : edges;
  }

  async #openEdges(unit: number, edges: Edges): Promise<UnitFile> {
    const name = edgesName(unit);
    const handle = await openExclusively(await this.#folder.getFileHandle(name, { create: true }));
    this.#names.add(name);
    return new UnitFile(handle, edges);
  }

  async #openWhole(unit: number): Promise<UnitFile> {
    const name = String(unit);
    const stored = await this.#folder.getFileHandle(name, { create: true });
    let handle: FileSystemSyncAccessHandle | undefined;
    try {
      handle = await openExclusively(stored);
      const length = this.#units.lengths[unit] ?? 0;
      const size = handle.getSize();
      // What the file takes now was kept for it in the reserve.
      if (size < length && this.#wanted.has(unit)) await this.#reserve.give(length - size);
      if (size !== length) handle.truncate(length);
      const file = new UnitFile(handle, undefined);
      if (this.#names.has(edgesName(unit))) await this.#takeEdges(unit, file);
      this.#names.add(name);
      return file;
    } catch (error) {
      handle?.close();
      if (!this.#names.has(name)) await this.#folder.removeEntry(name).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Moves what is in the edges of a file into the file. Until they are gone, the next page does it again. What lies behind
   * the end of theirs was never stored there.
   */
  async #takeEdges(unit: number, into: UnitFile): Promise<void> {
    const name = edgesName(unit);
    const length = this.#units.lengths[unit] ?? 0;
    const edges = new Edges(length, this.#pieceLength);
    const handle = await openExclusively(await this.#folder.getFileHandle(name));
    const from = new UnitFile(handle, edges);
    try {
      const size = handle.getSize();
      const bytes: OwnBytes = new Uint8Array(this.#pieceLength);
      for (const at of [0, length - this.#pieceLength]) {
        const edge = bytes.subarray(0, Math.max(0, size - edges.placeOf(at)));
        from.read(edge, at);
        into.write(edge, at);
      }
      into.flush();
    } finally {
      from.close();
    }
    await this.#folder.removeEntry(name);
    this.#names.delete(name);
  }

  #close(unit: number): void {
    const file = this.#open.get(unit);
    this.#open.delete(unit);
    try {
      if (this.#dirty.delete(unit)) file?.flush();
    } finally {
      // What stays open cannot be opened again.
      file?.close();
    }
  }

  /** Bytes of wanted files that are not created yet. */
  #missingLength(): number {
    let missing = 0;
    for (const unit of this.#wanted) if (!this.#names.has(String(unit))) missing += this.#units.lengths[unit] ?? 0;
    return missing;
  }
}
