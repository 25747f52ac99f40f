/** Bytes in a buffer of their own, which can be transferred, hashed and written. */
export type OwnBytes = Uint8Array<ArrayBuffer>;

/** Storage cannot go on; the message is a sentence for people. */
export class StorageError extends Error {
  readonly code: 'storage-full' | 'storage-failed';

  constructor(code: 'storage-full' | 'storage-failed', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** What a full disk is called: by the standard, and by Firefox 153 when a file is made longer, which throws no `Error` then. */
const FULL_NAMES: readonly unknown[] = ['QuotaExceededError', 'NS_ERROR_FILE_NO_DEVICE_SPACE'];

/** What a browser's storage threw, as an error with a code and a sentence. */
export function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { name, message } = Object(error) as { readonly name?: unknown; readonly message?: unknown };
  if (FULL_NAMES.includes(name)) {
    return new StorageError(
      'storage-full',
      'The browser has no more room for this page. What is downloaded so far is kept. Free some space and press resume.',
      { cause: error },
    );
  }
  return new StorageError(
    'storage-failed',
    `The browser could not read or write its storage (${String(message || name || error)}). What is downloaded so far is kept. Press resume to try again.`,
    { cause: error },
  );
}

/**
 * Where the content of one torrent lives, as one run of bytes over all of its files in order. A result of undefined
 * means that the operation is already done: the common case costs no promise. Failures are `StorageError`s, thrown
 * or rejected.
 */
export interface ContentStore {
  /** Fills `into` with the content from `offset` on. Bytes never written read as zero. */
  read(offset: number, into: OwnBytes): Promise<void> | undefined;
  /** Stores `bytes` at `offset`. The array is the caller's again when it is done. */
  write(offset: number, bytes: OwnBytes): Promise<void> | undefined;
  /**
   * Takes room for these files from now on, or anew for those that were wanted, and gives back what was kept for others
   * and is not used. What is stored stays. Rejects with `storage-full` when they do not fit.
   */
  want(isWanted?: WantedFiles): Promise<void>;
  /** Returns when everything written would survive a crash of the browser. */
  flush(): Promise<void> | undefined;
  /** The file with this index. Only for files whose every piece is stored. */
  file(index: number): Promise<Blob>;
  /** Lets go of the files and keeps them. Nothing may be called afterwards. */
  close(): Promise<void>;
  /** Lets go of the files and deletes what was stored. Nothing may be called afterwards. */
  destroy(): Promise<void>;
}

/** A store that notes beside the content what no record names yet. */
export interface JournaledStore extends ContentStore {
  /** A person is about to be told of what is stored: from now on no end of the tab may take it back. */
  writeJournal(): void;
  /** The resume record names those for which `has` is true. */
  recorded(has: (piece: number) => boolean): void;
}

export function isJournaled(store: ContentStore): store is JournaledStore {
  return 'writeJournal' in store;
}

/** What a store needs to know of a file. */
export interface StoredFile {
  /** [bytes] */
  readonly length: number;
  /** Offset in the run of all files. [bytes] */
  readonly offset: number;
  /** Zeros between files (BEP 47), which are stored nowhere. */
  readonly isPadding?: boolean;
}

/** Whether the file with this index is wanted. */
export type WantedFiles = (file: number) => boolean;

/** Nothing is skipped. */
export const ALL_WANTED: WantedFiles = () => true;
