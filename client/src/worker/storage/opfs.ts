import { Edges } from './edges.ts';
import { namesIn, openExclusively } from './handles.ts';
import { Journal } from './journal.ts';
import type { CachedReader, ReadCache } from './read-cache.ts';
import { type JournaledStore, type OwnBytes, type StoredFile, type WantedFiles, toStorageError } from './types.ts';
import type { UnitFile } from './unit-file.ts';
import { UnitFiles, edgesName } from './unit-files.ts';
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
    return await hasFiles(await rootFolder());
  } catch {
    // As in private windows of some browsers.
    return false;
  }
}

/** False where folders are all there is, as in WebKitGTK. What else fails may be a full disk, on which much is kept. */
async function hasFiles(folder: FileSystemDirectoryHandle): Promise<boolean> {
  const name = crypto.randomUUID();
  try {
    const file = await folder.getFileHandle(name, { create: true });
    (await openExclusively(file)).close();
    return true;
  } catch (error) {
    return !(error instanceof DOMException && error.name === 'NotSupportedError');
  } finally {
    await folder.removeEntry(name).catch(() => undefined);
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

/** The folder of a torrent. Rejects when the browser refuses, or there is none and none is to be made. */
export async function folderOf(name: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  return await (await rootFolder()).getDirectoryHandle(name, { create });
}

/** Names of all folders, of torrents that are known and of those that are not. Rejects when the browser refuses. */
export async function listFolders(): Promise<string[]> {
  return await namesIn(await rootFolder());
}

/** A complete file of a torrent that another tab keeps. Rejects with `StorageError`. */
export async function readComplete(
  name: string,
  files: readonly StoredFile[],
  pieceLength: number,
  index: number,
): Promise<Blob> {
  const units = new Units(files);
  const place = units.placeOf(index);
  if (!place) return new Blob([]);
  const { unit, at, length, isPacked } = place;
  try {
    const folder = await folderOf(name, false);
    const edges = new Edges(units.lengths[unit] ?? 0, pieceLength);
    // The edges go last: while there are some, the whole may lack what is in them.
    const short = edges.holds(at, length)
      ? await folder.getFileHandle(edgesName(unit)).catch(() => undefined)
      : undefined;
    const stored = short ?? (await folder.getFileHandle(String(unit)));
    const from = short ? edges.placeOf(at) : at;
    const file = (await stored.getFile()).slice(from, from + length);
    // As in `OpfsStore.file`: the other tab may still write to its neighbours.
    return isPacked ? new Blob([await file.arrayBuffer()]) : file;
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
  /** Room is taken for these files. */
  readonly isWanted: WantedFiles;
  readonly cache: ReadCache;
}

/**
 * Keeps content in the origin private file system: in files named by numbers, so that no name from the network reaches
 * a file system. While the files of a request are open it is served synchronously. The caller holds the torrent's Web
 * Lock.
 */
export class OpfsStore implements JournaledStore {
  readonly #setup: OpfsSetup;
  readonly #units: Units;
  readonly #files: UnitFiles;
  readonly #journal: Journal;
  /** Operations that must open a file first, one after the other: nothing is evicted under a running one. */
  #chain: Promise<void> = Promise.resolve();
  readonly #reader: CachedReader;
  #isWanted: WantedFiles;
  #isClosed = false;

  private constructor(setup: OpfsSetup, units: Units, files: UnitFiles, journal: Journal) {
    this.#setup = setup;
    this.#units = units;
    this.#files = files;
    this.#journal = journal;
    this.#isWanted = setup.isWanted;
    this.#reader = setup.cache.view(
      { totalLength: units.totalLength, load: (offset, length) => this.#load(offset, length) },
      setup.pieceLength,
    );
  }

  /** Opens or creates the folder of a torrent. Rejects with `StorageError`. */
  static async open(setup: OpfsSetup): Promise<OpfsStore> {
    try {
      const folder = await folderOf(setup.name, true);
      const journal = await openExclusively(await folder.getFileHandle(JOURNAL_NAME, { create: true }));
      const units = new Units(setup.files);
      const files = await UnitFiles.in(folder, units, setup.pieceLength).catch((error: unknown) => {
        journal.close();
        throw error;
      });
      const store = new OpfsStore(setup, units, files, new Journal(journal));
      try {
        await store.want();
      } catch (error) {
        await store.close();
        throw error;
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

  async want(isWanted = this.#isWanted): Promise<void> {
    this.#isWanted = isWanted;
    const work = this.#chain.then(() => this.#files.takeRoom(this.#units.holding(isWanted)));
    this.#chain = work.catch(() => undefined);
    await work.catch(async (error: unknown) => {
      throw await this.#files.explain(error);
    });
  }

  read(offset: number, into: OwnBytes): Promise<void> | undefined {
    return this.#reader.read(offset, into);
  }

  /** `bytes` are a whole piece when `offset` is the start of one. */
  write(offset: number, bytes: OwnBytes): Promise<void> | undefined {
    const piece = offset / this.#setup.pieceLength;
    const note = (): void => {
      if (this.#isClosed) return;
      // Not before: what lies beside it may have been read while a file was opened.
      this.#reader.invalidate(offset, bytes.length);
      this.#reader.keep(offset, bytes);
      if (Number.isInteger(piece)) this.#journal.add(piece);
    };
    const failed = async (error: unknown): Promise<never> => {
      throw await this.#files.explain(error);
    };
    try {
      const writing = this.#onSpans(offset, bytes, true, (file, at, part, unit) => {
        this.#files.soil(unit);
        file.write(part, at);
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
      this.#files.flush();
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
    return await this.#files.blob(place.unit);
  }

  async close(): Promise<void> {
    await this.#chain;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reader.close();
    this.#journal.close();
    this.#files.close();
  }

  async destroy(): Promise<void> {
    await this.close();
    await deleteFolder(this.#setup.name);
  }

  #load(offset: number, length: number): OwnBytes | Promise<OwnBytes> {
    const bytes = new Uint8Array(length);
    const reading = this.#onSpans(offset, bytes, false, (file, at, part) => file.read(part, at));
    return reading ? reading.then(() => bytes) : bytes;
  }

  /** Calls `use` for each part that is stored; the padding is left out. */
  #onSpans(
    offset: number,
    bytes: OwnBytes,
    isWriting: boolean,
    use: (file: UnitFile, at: number, part: OwnBytes, unit: number) => void,
  ): Promise<void> | undefined {
    const spans = this.#units.spans(offset, bytes.length);
    let from = 0;
    const next = (span: UnitSpan, file: UnitFile | undefined): void => {
      if (file && span.unit !== undefined) use(file, span.at, bytes.subarray(from, from + span.length), span.unit);
      from += span.length;
    };
    try {
      const files = spans.map((span) => this.#files.opened(span, isWriting));
      if (files.every((file, i) => file !== undefined || spans[i]?.unit === undefined)) {
        for (const [i, span] of spans.entries()) next(span, files[i]);
        return undefined;
      }
    } catch (error) {
      throw toStorageError(error);
    }
    const work = this.#chain.then(async () => {
      for (const span of spans) next(span, await this.#files.open(span, isWriting));
    });
    this.#chain = work.catch(() => undefined);
    return work.catch((error: unknown) => {
      throw toStorageError(error);
    });
  }
}

async function rootFolder(): Promise<FileSystemDirectoryHandle> {
  return await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT_FOLDER, { create: true });
}
