import { MAX_OPEN_FILES } from '../../../../shared/src/limits/storage.ts';
import { openExclusively, sizeOf } from './handles.ts';
import { Journal } from './journal.ts';
import { fullDisk } from './quota.ts';
import type { CachedReader, ReadCache } from './read-cache.ts';
import { Reserve } from './reserve.ts';
import { type JournaledStore, type OwnBytes, type StoredFile, StorageError, toStorageError } from './types.ts';
import { type UnitSpan, Units } from './units.ts';

/** Folder of the origin private file system under which every torrent has a folder, named by its info-hash. */
const ROOT_FOLDER = 'skein';

/** Beside the stored files, which are named by numbers. */
const JOURNAL_NAME = 'journal';

/** True when this worker can keep files: a secure context with the origin private file system and Web Locks. */
export async function canUseOpfs(): Promise<boolean> {
  if (!isSecureContext || typeof FileSystemFileHandle === 'undefined' || !('locks' in navigator)) return false;
  if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return false;
  try {
    await rootFolder();
    return true;
  } catch {
    return false;
  }
}

/** Deletes the folder of a torrent. Never rejects: what cannot be deleted now is overwritten by the next download. */
export async function deleteFolder(name: string): Promise<void> {
  try {
    await (await rootFolder()).removeEntry(name, { recursive: true });
  } catch {
    // It was never made, or a dying tab still holds a file of it.
  }
}

/** Names of all folders, of torrents that are known and of those that are not. Rejects when the browser refuses. */
export async function listFolders(): Promise<string[]> {
  const names: string[] = [];
  for await (const name of (await rootFolder()).keys()) names.push(name);
  return names;
}

/** A complete file of a torrent that another tab keeps. Rejects with `StorageError`. */
export async function readComplete(name: string, files: readonly StoredFile[], index: number): Promise<Blob> {
  const place = new Units(files).placeOf(index);
  if (!place) return new Blob([]);
  try {
    const folder = await (await rootFolder()).getDirectoryHandle(name);
    const stored = await (await folder.getFileHandle(String(place.unit))).getFile();
    return stored.slice(place.at, place.at + place.length);
  } catch (error) {
    throw toStorageError(error);
  }
}

/** Which folder a store keeps its files in, and how it reads. */
export interface OpfsSetup {
  /** Name of the folder. */
  readonly name: string;
  readonly files: readonly StoredFile[];
  readonly pieceLength: number;
  readonly cache: ReadCache;
}

/**
 * Keeps content in the origin private file system: in files named by numbers, so that no name from the network reaches
 * a file system. Files are opened when first needed and the ones opened longest ago closed; while the files of a
 * request are open it is served synchronously. The caller holds the torrent's Web Lock.
 */
export class OpfsStore implements JournaledStore {
  readonly #setup: OpfsSetup;
  readonly #folder: FileSystemDirectoryHandle;
  readonly #units: Units;
  readonly #journal: Journal;
  /** Open handles by stored file, the longest open first. BOUNDED: by MAX_OPEN_FILES. */
  readonly #open = new Map<number, FileSystemSyncAccessHandle>();
  /** Files written since the last flush. BOUNDED: by MAX_OPEN_FILES: closing flushes. */
  readonly #dirty = new Set<number>();
  /** Operations that must open a file first, one after the other: nothing is evicted under a running one. */
  #chain: Promise<void> = Promise.resolve();
  readonly #reader: CachedReader;
  readonly #reserve: Reserve;
  #isClosed = false;

  private constructor(setup: OpfsSetup, folder: FileSystemDirectoryHandle, journal: Journal) {
    this.#setup = setup;
    this.#folder = folder;
    this.#units = new Units(setup.files);
    this.#journal = journal;
    this.#reserve = new Reserve(folder);
    this.#reader = setup.cache.view(
      { totalLength: this.#units.totalLength, load: (offset, length) => this.#load(offset, length) },
      setup.pieceLength,
    );
  }

  /** Opens or creates the folder of a torrent. Rejects with `StorageError`. */
  static async open(setup: OpfsSetup): Promise<OpfsStore> {
    try {
      const folder = await (await rootFolder()).getDirectoryHandle(setup.name, { create: true });
      const file = await openExclusively(await folder.getFileHandle(JOURNAL_NAME, { create: true }));
      const store = new OpfsStore(setup, folder, new Journal(file));
      try {
        if (store.#units.lengths.length > 1) await store.#reserve.take(store.#units.storedLength);
        if (store.#units.lengths.length > 0) await store.#handle(0);
      } catch (error) {
        await store.close();
        throw await store.#explain(error);
      }
      return store;
    } catch (error) {
      throw toStorageError(error);
    }
  }

  /** Pieces that an earlier page stored and recorded nowhere: to be verified. */
  get unrecorded(): readonly number[] {
    return this.#journal.left;
  }

  writeJournal(): void {
    if (!this.#isClosed) this.#journal.write();
  }

  recorded(has: (piece: number) => boolean): void {
    if (!this.#isClosed) this.#journal.recorded(has);
  }

  read(offset: number, into: OwnBytes): Promise<void> | undefined {
    return this.#reader.read(offset, into);
  }

  /** `bytes` are a whole piece when `offset` is the start of one. */
  write(offset: number, bytes: OwnBytes): Promise<void> | undefined {
    this.#reader.invalidate(offset, bytes.length);
    const piece = offset / this.#setup.pieceLength;
    const note = (): void => {
      if (this.#isClosed) return;
      this.#reader.keep(offset, bytes);
      if (Number.isInteger(piece)) this.#journal.add(piece);
    };
    const failed = async (error: unknown): Promise<never> => {
      throw await this.#explain(error);
    };
    try {
      const writing = this.#onSpans(offset, bytes, (handle, at, part, unit) => {
        this.#dirty.add(unit);
        writeAll(handle, part, at);
      });
      if (writing) return writing.then(note, failed);
      note();
      return undefined;
    } catch (error) {
      return failed(error);
    }
  }

  flush(): undefined {
    try {
      for (const unit of this.#dirty) this.#open.get(unit)?.flush();
      this.#dirty.clear();
    } catch (error) {
      throw toStorageError(error);
    }
  }

  async file(index: number): Promise<Blob> {
    const place = this.#units.placeOf(index);
    const file = this.#setup.files[index];
    if (!place || !file) return new Blob([]);
    if (place.isPacked) {
      // A blob of a stored file breaks when that is written to again, as it is for its neighbours' sake.
      const bytes = new Uint8Array(place.length);
      await this.read(file.offset, bytes);
      return new Blob([bytes]);
    }
    this.#open.get(place.unit)?.flush();
    const handle = await this.#folder.getFileHandle(String(place.unit));
    return await handle.getFile();
  }

  async close(): Promise<void> {
    await this.#chain;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reader.close();
    this.#journal.close();
    for (const handle of this.#open.values()) handle.close();
    this.#open.clear();
    this.#dirty.clear();
  }

  async destroy(): Promise<void> {
    await this.close();
    await deleteFolder(this.#setup.name);
  }

  #load(offset: number, length: number): OwnBytes | Promise<OwnBytes> {
    const bytes = new Uint8Array(length);
    const reading = this.#onSpans(offset, bytes, (handle, at, part) => {
      const read = handle.read(part, { at });
      if (read < part.length) part.fill(0, read);
    });
    return reading ? reading.then(() => bytes) : bytes;
  }

  /** Calls `use` for each part that is stored; the padding is left out. */
  #onSpans(
    offset: number,
    bytes: OwnBytes,
    use: (handle: FileSystemSyncAccessHandle, at: number, part: OwnBytes, unit: number) => void,
  ): Promise<void> | undefined {
    const spans = this.#units.spans(offset, bytes.length);
    let from = 0;
    const next = (span: UnitSpan, handle: FileSystemSyncAccessHandle | undefined): void => {
      if (handle && span.unit !== undefined) use(handle, span.at, bytes.subarray(from, from + span.length), span.unit);
      from += span.length;
    };
    try {
      const isOpen = spans.every(({ unit }) => unit === undefined || this.#open.has(unit));
      if (isOpen) {
        for (const span of spans) next(span, span.unit === undefined ? undefined : this.#open.get(span.unit));
        return undefined;
      }
    } catch (error) {
      throw toStorageError(error);
    }
    const work = this.#chain.then(async () => {
      for (const span of spans) next(span, span.unit === undefined ? undefined : await this.#handle(span.unit));
    });
    this.#chain = work.catch(() => undefined);
    return work.catch((error: unknown) => {
      throw toStorageError(error);
    });
  }

  async #handle(unit: number): Promise<FileSystemSyncAccessHandle> {
    const open = this.#open.get(unit);
    if (open) return open;
    if (this.#isClosed) throw new StorageError('storage-failed', 'The files of this download are closed.');
    const handle = await openExclusively(await this.#folder.getFileHandle(String(unit), { create: true }));
    try {
      const length = this.#units.lengths[unit] ?? 0;
      const size = handle.getSize();
      // What the file takes now was kept for it in the reserve.
      if (size < length) await this.#reserve.give(length - size);
      if (size !== length) handle.truncate(length);
    } catch (error) {
      handle.close();
      throw error;
    }
    this.#open.set(unit, handle);
    if (this.#open.size > MAX_OPEN_FILES) this.#closeOldest();
    return handle;
  }

  #closeOldest(): void {
    for (const [unit, handle] of this.#open) {
      if (this.#dirty.delete(unit)) handle.flush();
      handle.close();
      this.#open.delete(unit);
      return;
    }
  }

  /** A full disk in figures: what is not there yet, and what still fits. */
  async #explain(error: unknown): Promise<StorageError> {
    const failure = toStorageError(error);
    if (failure.code !== 'storage-full') return failure;
    try {
      const needed = await this.#missingLength();
      // A disk so full that not even a file can be tried out has nothing left.
      return fullDisk(needed, await this.#reserve.measure(needed).catch(() => 0), failure);
    } catch {
      return failure;
    }
  }

  /** Bytes of stored files that are not created yet. */
  async #missingLength(): Promise<number> {
    let missing = 0;
    for (const [unit, length] of this.#units.lengths.entries()) {
      if (this.#open.has(unit)) continue;
      if ((await sizeOf(this.#folder, String(unit))) !== length) missing += length;
    }
    return missing;
  }
}

function writeAll(handle: FileSystemSyncAccessHandle, bytes: OwnBytes, at: number): void {
  for (let done = 0; done < bytes.length;) {
    const length = handle.write(bytes.subarray(done), { at: at + done });
    if (length <= 0) throw new DOMException('nothing was written', 'QuotaExceededError');
    done += length;
  }
}

async function rootFolder(): Promise<FileSystemDirectoryHandle> {
  return await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT_FOLDER, { create: true });
}
