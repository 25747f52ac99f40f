import { Layout } from './layout.ts';
import type { CachedReader, ReadCache } from './read-cache.ts';
import { type ContentStore, type OwnBytes, type StoredFile, StorageError } from './types.ts';

/** Serves the files that a person shared from where they are, without a copy. A file without a source is padding. */
export class SourceStore implements ContentStore {
  readonly #sources: readonly (Blob | undefined)[];
  readonly #reader: CachedReader;

  constructor(
    files: readonly StoredFile[],
    sources: readonly (Blob | undefined)[],
    pieceLength: number,
    cache: ReadCache,
  ) {
    const layout = new Layout(files);
    this.#sources = sources;
    this.#reader = cache.view(
      {
        totalLength: layout.totalLength,
        load: (offset, length) => readFiles(sources, layout, offset, length),
      },
      pieceLength,
      Math.ceil(layout.totalLength / Math.max(1, sources.filter((source) => source !== undefined).length)),
    );
  }

  read(offset: number, into: OwnBytes): Promise<void> | undefined {
    return this.#reader.read(offset, into);
  }

  write(): never {
    throw new StorageError('storage-failed', 'Shared files are only read, never written.');
  }

  /** They are there, and take no room. */
  want(): Promise<void> {
    return Promise.resolve();
  }

  flush(): undefined {
    return undefined;
  }

  file(index: number): Promise<Blob> {
    return Promise.resolve(this.#sources[index] ?? new Blob([]));
  }

  close(): Promise<void> {
    this.#reader.close();
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return this.close();
  }
}

/** Reads `length` bytes of the run of all files, zeros for padding, or fewer at its end. Rejects with `storage-failed`. */
export async function readFiles(
  sources: readonly (Blob | undefined)[],
  layout: Layout,
  offset: number,
  length: number,
): Promise<OwnBytes> {
  const spans = layout.spans(offset, length);
  try {
    const parts = await Promise.all(
      spans.map(
        (span) => sources[span.file]?.slice(span.at, span.at + span.length).arrayBuffer() ?? zeros(span.length),
      ),
    );
    if (parts.some((part, i) => part.byteLength !== spans[i]?.length))
      throw new Error('the file is shorter than it was');
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

function zeros(length: number): Promise<ArrayBuffer> {
  return Promise.resolve(new ArrayBuffer(length));
}
