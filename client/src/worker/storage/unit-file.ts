import type { Edges } from './edges.ts';
import type { OwnBytes } from './types.ts';

/** What is needed of an open file; a sync access handle of the origin private file system has it. */
export interface UnitHandle {
  read(into: OwnBytes, options: { readonly at: number }): number;
  write(bytes: OwnBytes, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}

/** An open stored file: the whole of it, or the edges that are kept of it. Offsets are those of the whole. */
export class UnitFile {
  readonly #handle: UnitHandle;
  readonly #edges: Edges | undefined;

  constructor(handle: UnitHandle, edges: Edges | undefined) {
    this.#handle = handle;
    this.#edges = edges;
  }

  /** These bytes can be written. */
  holds(at: number, length: number): boolean {
    return this.#edges?.holds(at, length) ?? true;
  }

  /** Fills `into`, with zeros where nothing was written. */
  read(into: OwnBytes, at: number): void {
    if (this.#edges) {
      into.fill(0);
      for (const part of this.#edges.parts(at, into.length)) {
        const from = part.at - at;
        this.#handle.read(into.subarray(from, from + part.length), { at: this.#edges.placeOf(part.at) });
      }
      return;
    }
    const read = this.#handle.read(into, { at });
    if (read < into.length) into.fill(0, read);
  }

  /** Only what it holds. Throws what the browser throws. */
  write(bytes: OwnBytes, at: number): void {
    const place = this.#edges?.placeOf(at) ?? at;
    // On a full disk Firefox 153 neither throws nor stores anything, and tells a length at random, which may be too large.
    if (this.#handle.write(bytes, { at: place }) !== bytes.length) {
      throw new DOMException('not all was written', 'QuotaExceededError');
    }
  }

  flush(): void {
    this.#handle.flush();
  }

  close(): void {
    this.#handle.close();
  }
}
