import { MAX_READ_WINDOWS, READ_AHEAD_WINDOWS, READ_WINDOW_BYTES } from '../../../../shared/src/limits/storage.ts';
import { Layout } from './layout.ts';
import { type ContentStore, type OwnBytes, type StoredFile, StorageError } from './types.ts';

/**
 * Serves the files that a person shared from where they are, without a copy. Reads go through windows: a block read
 * by itself would cost a round trip to the browser process each. Windows that are likely next are read ahead.
 */
export class SourceStore implements ContentStore {
  readonly #sources: readonly Blob[];
  readonly #layout: Layout;
  /** Windows read or being read, least recently used first. BOUNDED: by MAX_READ_WINDOWS. */
  readonly #windows = new Map<number, OwnBytes | Promise<OwnBytes>>();

  constructor(files: readonly StoredFile[], sources: readonly Blob[]) {
    this.#sources = sources;
    this.#layout = new Layout(files);
  }

  read(offset: number, into: OwnBytes): Promise<void> | undefined {
    const first = Math.floor(offset / READ_WINDOW_BYTES);
    const last = Math.floor((offset + into.length - 1) / READ_WINDOW_BYTES);
    const windows: (OwnBytes | Promise<OwnBytes>)[] = [];
    for (let window = first; window <= last; window++) windows.push(this.#window(window));
    for (let ahead = 1; ahead <= READ_AHEAD_WINDOWS; ahead++) {
      if ((last + ahead) * READ_WINDOW_BYTES < this.#layout.totalLength) this.#window(last + ahead);
    }
    const ready = windows.filter((window) => window instanceof Uint8Array);
    if (ready.length === windows.length) {
      copyOut(ready, first, offset, into);
      return undefined;
    }
    return Promise.all(windows).then((all) => copyOut(all, first, offset, into));
  }

  write(): never {
    throw new StorageError('storage-failed', 'Shared files are only read, never written.');
  }

  flush(): undefined {
    return undefined;
  }

  file(index: number): Promise<Blob> {
    return Promise.resolve(this.#sources[index] ?? new Blob([]));
  }

  close(): Promise<void> {
    this.#windows.clear();
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return this.close();
  }

  #window(index: number): OwnBytes | Promise<OwnBytes> {
    const known = this.#windows.get(index);
    if (known) {
      this.#windows.delete(index);
      this.#windows.set(index, known);
      return known;
    }
    const reading = readFiles(this.#sources, this.#layout, index * READ_WINDOW_BYTES, READ_WINDOW_BYTES);
    this.#windows.set(index, reading);
    reading.then(
      (bytes) => {
        if (this.#windows.get(index) === reading) this.#windows.set(index, bytes);
      },
      () => this.#windows.delete(index),
    );
    if (this.#windows.size > MAX_READ_WINDOWS) {
      for (const oldest of this.#windows.keys()) {
        this.#windows.delete(oldest);
        break;
      }
    }
    return reading;
  }
}

/** Reads `length` bytes of the run of all files, or fewer at its end. Rejects with `storage-failed`. */
export async function readFiles(
  sources: readonly Blob[],
  layout: Layout,
  offset: number,
  length: number,
): Promise<OwnBytes> {
  const spans = layout.spans(offset, length);
  try {
    const parts = await Promise.all(
      spans.map((span) => sources[span.file]?.slice(span.at, span.at + span.length).arrayBuffer() ?? emptyBuffer()),
    );
    if (parts.some((part, i) => part.byteLength !== spans[i]?.length)) throw new Error('the file is shorter than it was');
    if (parts.length === 1) return new Uint8Array(parts[0] as ArrayBuffer);
    const whole = new Uint8Array(spans.reduce((sum, span) => sum + span.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(new Uint8Array(part), at);
      at += part.byteLength;
    }
    return whole;
  } catch (error) {
    throw new StorageError(
      'storage-failed',
      'A shared file can no longer be read: it was changed, moved or deleted. Share it again.',
      { cause: error },
    );
  }
}

function emptyBuffer(): Promise<ArrayBuffer> {
  return Promise.resolve(new ArrayBuffer(0));
}

function copyOut(windows: readonly OwnBytes[], first: number, offset: number, into: OwnBytes): void {
  let done = 0;
  for (const [i, window] of windows.entries()) {
    const at = Math.max(0, offset - (first + i) * READ_WINDOW_BYTES);
    const part = window.subarray(at, at + into.length - done);
    into.set(part, done);
    done += part.length;
  }
}
