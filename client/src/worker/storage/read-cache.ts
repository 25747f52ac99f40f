import {
  MAX_READ_CACHE_BYTES,
  MAX_READ_WINDOW_BYTES,
  MIN_READ_WINDOW_BYTES,
} from '../../../../shared/src/limits/storage.ts';
import type { OwnBytes } from './types.ts';

/** Content that is read in windows. */
export interface WindowSource {
  readonly totalLength: number;
  /** Reads `length` bytes from `offset` on; both lie inside of the content. */
  load(offset: number, length: number): OwnBytes | Promise<OwnBytes>;
}

/**
 * What was read lately from files, for all torrents of a tab together. Peers ask for blocks of 16 KiB, and each read
 * by itself would cost a round trip to the browser process; so whole windows are read and kept for the next block and
 * the next peer.
 */
export class ReadCache {
  /** Least recently used first. BOUNDED: by MAX_READ_CACHE_BYTES. */
  readonly #windows = new Map<string, { readonly bytes: OwnBytes | Promise<OwnBytes>; readonly size: number }>();
  #usedBytes = 0;
  #nextOwner = 1;
  /** What the last window that was given up was kept in: new memory costs more than copying into old. */
  #spare: OwnBytes | undefined;

  /**
   * A view of one content. Windows are as large as pieces, within bounds: that is what peers ask for in one go. `run` is
   * how far one read goes on average, where the content is made of many small files: windows are no larger than that,
   * or else than a piece, since each file in a window costs a read of its own.
   */
  view(source: WindowSource, pieceLength: number, run = Number.POSITIVE_INFINITY): CachedReader {
    const size = Math.min(MAX_READ_WINDOW_BYTES, Math.max(Math.min(MIN_READ_WINDOW_BYTES, run), pieceLength));
    return new CachedReader(this, `${this.#nextOwner++}/`, source, size);
  }

  get(key: string): OwnBytes | Promise<OwnBytes> | undefined {
    const found = this.#windows.get(key);
    if (!found) return undefined;
    this.#windows.delete(key);
    this.#windows.set(key, found);
    return found.bytes;
  }

  set(key: string, bytes: OwnBytes | Promise<OwnBytes>, size: number): void {
    this.delete(key);
    this.#windows.set(key, { bytes, size });
    this.#usedBytes += size;
    for (const oldest of this.#windows.keys()) {
      if (this.#usedBytes <= MAX_READ_CACHE_BYTES || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const found = this.#windows.get(key);
    if (!found) return;
    this.#windows.delete(key);
    this.#usedBytes -= found.size;
    if (found.bytes instanceof Uint8Array) this.#spare = found.bytes;
  }

  /** The array of a window that was given up, if it has that length. It may hold anything. */
  takeSpare(length: number): OwnBytes | undefined {
    const spare = this.#spare;
    if (spare?.length !== length) return undefined;
    this.#spare = undefined;
    return spare;
  }

  /** Forgets everything whose key starts with `owner`. */
  forget(owner: string): void {
    for (const key of [...this.#windows.keys()]) if (key.startsWith(owner)) this.delete(key);
  }
}

/** Reads one content through the cache. */
export class CachedReader {
  readonly #cache: ReadCache;
  readonly #owner: string;
  readonly #source: WindowSource;
  readonly #size: number;

  constructor(cache: ReadCache, owner: string, source: WindowSource, size: number) {
    this.#cache = cache;
    this.#owner = owner;
    this.#source = source;
    this.#size = size;
  }

  /** Fills `into` from `offset` on; undefined when it is done already. Bytes past the end are left as they are. */
  read(offset: number, into: OwnBytes): Promise<void> | undefined {
    const end = Math.min(offset + into.length, this.#source.totalLength);
    const loading: Promise<void>[] = [];
    for (let index = Math.floor(offset / this.#size); index * this.#size < end; index++) {
      const window = this.#window(index);
      // Copied as soon as it is here: a window that is given up may be written to again.
      if (window instanceof Uint8Array) this.#copyOut(index, window, offset, into);
      else loading.push(window.then((bytes) => this.#copyOut(index, bytes, offset, into)));
    }
    return loading.length === 0 ? undefined : Promise.all(loading).then(() => undefined);
  }

  /** The content between these offsets changes. */
  invalidate(offset: number, length: number): void {
    for (let window = Math.floor(offset / this.#size); window * this.#size < offset + length; window++) {
      this.#cache.delete(this.#owner + window);
    }
  }

  /** What was just written is kept as far as it is whole windows: peers that are told of a piece ask for it. */
  keep(offset: number, bytes: OwnBytes): void {
    const end = offset + bytes.length;
    for (let index = Math.ceil(offset / this.#size); index * this.#size < end; index++) {
      const at = index * this.#size;
      const length = Math.min(this.#size, this.#source.totalLength - at);
      if (at + length > end) break;
      const window = this.#cache.takeSpare(length) ?? new Uint8Array(length);
      window.set(bytes.subarray(at - offset, at - offset + length));
      this.#cache.set(this.#owner + index, window, length);
    }
  }

  close(): void {
    this.#cache.forget(this.#owner);
  }

  #window(index: number): OwnBytes | Promise<OwnBytes> {
    const key = this.#owner + index;
    const known = this.#cache.get(key);
    if (known) return known;
    const offset = index * this.#size;
    const length = Math.min(this.#size, this.#source.totalLength - offset);
    const loaded = this.#source.load(offset, length);
    this.#cache.set(key, loaded, length);
    if (loaded instanceof Uint8Array) return loaded;
    loaded.then(
      (bytes) => {
        if (this.#cache.get(key) === loaded) this.#cache.set(key, bytes, length);
      },
      () => this.#cache.delete(key),
    );
    return loaded;
  }

  #copyOut(index: number, window: OwnBytes, offset: number, into: OwnBytes): void {
    const at = index * this.#size;
    const from = Math.max(offset, at);
    into.set(window.subarray(from - at, offset + into.length - at), from - offset);
  }
}
