import { MAX_OPEN_FILES, OPEN_FILE_PATIENCE_MS, OPEN_FILE_RETRY_MS } from '../../../../shared/src/limits/storage.ts';
import { Layout, type Span } from './layout.ts';
import type { CachedReader, ReadCache } from './read-cache.ts';
import { type ContentStore, type OwnBytes, type StoredFile, StorageError, toStorageError } from './types.ts';

/** Folder of the origin private file system under which every torrent has a folder, named by its info-hash. */
const ROOT_FOLDER = 'skein';

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

/** Which folder a store keeps its files in, and how it reads. */
export interface OpfsSetup {
  /** Name of the folder. */
  readonly name: string;
  readonly files: readonly StoredFile[];
  readonly pieceLength: number;
  readonly cache: ReadCache;
}

/**
 * Keeps content in the origin private file system: one file per file of the torrent, named by its index, so that no
 * name from the network reaches a file system. Files are opened when first needed and the ones opened longest ago
 * closed; while the files of a request are open it is served synchronously. The caller holds the torrent's Web Lock.
 */
export class OpfsStore implements ContentStore {
  readonly #name: string;
  readonly #folder: FileSystemDirectoryHandle;
  readonly #files: readonly StoredFile[];
  readonly #layout: Layout;
  /** Open handles, the longest open first. BOUNDED: by MAX_OPEN_FILES. */
  readonly #open = new Map<number, FileSystemSyncAccessHandle>();
  /** Files written since the last flush. BOUNDED: by the number of files. */
  readonly #dirty = new Set<number>();
  /** Operations that must open a file first, one after the other: nothing is evicted under a running one. */
  #chain: Promise<void> = Promise.resolve();
  readonly #reader: CachedReader;
  #isClosed = false;

  private constructor(setup: OpfsSetup, folder: FileSystemDirectoryHandle) {
    this.#name = setup.name;
    this.#folder = folder;
    this.#files = setup.files;
    this.#layout = new Layout(setup.files);
    this.#reader = setup.cache.view(
      { totalLength: this.#layout.totalLength, load: (offset, length) => this.#load(offset, length) },
      setup.pieceLength,
    );
  }

  /** Opens or creates the folder of a torrent. Rejects with `StorageError`. */
  static async open(setup: OpfsSetup): Promise<OpfsStore> {
    const { name, files } = setup;
    try {
      const folder = await (await rootFolder()).getDirectoryHandle(name, { create: true });
      const store = new OpfsStore(setup, folder);
      const first = files.findIndex((file) => file.length > 0);
      if (first >= 0) await store.#handle(first);
      return store;
    } catch (error) {
      throw toStorageError(error);
    }
  }

  read(offset: number, into: OwnBytes): Promise<void> | undefined {
    return this.#reader.read(offset, into);
  }

  write(offset: number, bytes: OwnBytes): Promise<void> | undefined {
    this.#reader.invalidate(offset, bytes.length);
    return this.#onSpans(offset, bytes, (handle, at, part, file) => {
      this.#dirty.add(file);
      for (let done = 0; done < part.length;) {
        const length = handle.write(part.subarray(done), { at: at + done });
        if (length <= 0) throw new DOMException('nothing was written', 'QuotaExceededError');
        done += length;
      }
    });
  }

  flush(): undefined {
    try {
      for (const file of this.#dirty) this.#open.get(file)?.flush();
      this.#dirty.clear();
    } catch (error) {
      throw toStorageError(error);
    }
  }

  async file(index: number): Promise<Blob> {
    if ((this.#files[index]?.length ?? 0) === 0) return new Blob([]);
    this.#open.get(index)?.flush();
    const handle = await this.#folder.getFileHandle(String(index));
    return await handle.getFile();
  }

  async close(): Promise<void> {
    await this.#chain;
    this.#isClosed = true;
    this.#reader.close();
    for (const handle of this.#open.values()) handle.close();
    this.#open.clear();
    this.#dirty.clear();
  }

  async destroy(): Promise<void> {
    await this.close();
    await deleteFolder(this.#name);
  }

  #load(offset: number, length: number): OwnBytes | Promise<OwnBytes> {
    const bytes = new Uint8Array(length);
    const reading = this.#onSpans(offset, bytes, (handle, at, part) => {
      const read = handle.read(part, { at });
      if (read < part.length) part.fill(0, read);
    });
    return reading ? reading.then(() => bytes) : bytes;
  }

  #onSpans(
    offset: number,
    bytes: OwnBytes,
    use: (handle: FileSystemSyncAccessHandle, at: number, part: OwnBytes, file: number) => void,
  ): Promise<void> | undefined {
    const spans = this.#layout.spans(offset, bytes.length);
    let from = 0;
    const next = (span: Span, handle: FileSystemSyncAccessHandle): void => {
      use(handle, span.at, bytes.subarray(from, from + span.length), span.file);
      from += span.length;
    };
    try {
      const handles = spans.map((span) => this.#open.get(span.file));
      if (handles.every((handle) => handle !== undefined)) {
        spans.forEach((span, i) => next(span, handles[i] as FileSystemSyncAccessHandle));
        return undefined;
      }
    } catch (error) {
      throw toStorageError(error);
    }
    const work = this.#chain.then(async () => {
      for (const span of spans) next(span, await this.#handle(span.file));
    });
    this.#chain = work.catch(() => undefined);
    return work.catch((error: unknown) => {
      throw toStorageError(error);
    });
  }

  async #handle(file: number): Promise<FileSystemSyncAccessHandle> {
    const open = this.#open.get(file);
    if (open) return open;
    if (this.#isClosed) throw new StorageError('storage-failed', 'The files of this download are closed.');
    const handle = await openExclusively(await this.#folder.getFileHandle(String(file), { create: true }));
    try {
      // Reserves the room now: a full disk shows before the download, not at its end.
      const length = this.#files[file]?.length ?? 0;
      if (handle.getSize() !== length) handle.truncate(length);
    } catch (error) {
      handle.close();
      throw error;
    }
    this.#open.set(file, handle);
    if (this.#open.size > MAX_OPEN_FILES) this.#closeOldest();
    return handle;
  }

  #closeOldest(): void {
    for (const [file, handle] of this.#open) {
      if (this.#dirty.delete(file)) handle.flush();
      handle.close();
      this.#open.delete(file);
      return;
    }
  }
}

async function rootFolder(): Promise<FileSystemDirectoryHandle> {
  return await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT_FOLDER, { create: true });
}

/** A dying page keeps its handles for a moment after its lock is free. */
async function openExclusively(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  for (let waited = 0; ; waited += OPEN_FILE_RETRY_MS) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      const isHeld = error instanceof DOMException && error.name === 'NoModificationAllowedError';
      if (!isHeld || waited >= OPEN_FILE_PATIENCE_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, OPEN_FILE_RETRY_MS));
    }
  }
}
