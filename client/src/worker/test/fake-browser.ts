import type { OwnBytes } from '../storage/types.ts';

/** What the browser of a test has, and what the test may change about it. */
export interface FakeBrowser {
  /** Names of the folders in which content is stored. */
  stored(): string[];
  /** While true, no stored file can be opened. */
  isBroken: boolean;
}

/** A file of the origin private file system, or one that a person gave the way to. */
export class FakeFileHandle {
  readonly kind = 'file';
  readonly #browser: FakeBrowser;
  #bytes: OwnBytes = new Uint8Array(0);
  /** What a person gave; it is not written. */
  readonly #given: File | undefined;

  constructor(browser: FakeBrowser, given?: File) {
    this.#browser = browser;
    this.#given = given;
  }

  getFile(): Promise<File> {
    return Promise.resolve(this.#given ?? new File([this.#bytes], 'stored'));
  }

  createSyncAccessHandle(): Promise<unknown> {
    if (this.#browser.isBroken) return Promise.reject(new Error('the disk is broken'));
    return Promise.resolve({
      getSize: () => this.#bytes.length,
      truncate: (size: number) => this.#resize(size),
      read: (into: Uint8Array, { at }: { readonly at: number }) => {
        const part = this.#bytes.subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
      write: (bytes: Uint8Array, { at }: { readonly at: number }) => {
        if (at + bytes.length > this.#bytes.length) this.#resize(at + bytes.length);
        this.#bytes.set(bytes, at);
        return bytes.length;
      },
      flush: () => undefined,
      close: () => undefined,
    });
  }

  #resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, size));
    this.#bytes = bytes;
  }
}

class FakeFolder {
  readonly kind = 'directory';
  readonly #browser: FakeBrowser;
  /** BOUNDED: by the test. */
  readonly #entries = new Map<string, FakeFolder | FakeFileHandle>();

  constructor(browser: FakeBrowser) {
    this.#browser = browser;
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  async *keys(): AsyncGenerator<string> {
    yield* this.names();
  }

  getDirectoryHandle(name: string, options?: { readonly create?: boolean }): Promise<FakeFolder> {
    return this.#entry(name, FakeFolder, options);
  }

  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<FakeFileHandle> {
    return this.#entry(name, FakeFileHandle, options);
  }

  removeEntry(name: string): Promise<void> {
    return this.#entries.delete(name) ? Promise.resolve() : Promise.reject(notFound());
  }

  #entry<T extends FakeFolder | FakeFileHandle>(
    name: string,
    kind: new (browser: FakeBrowser) => T,
    options?: { readonly create?: boolean },
  ): Promise<T> {
    const found = this.#entries.get(name);
    if (found instanceof kind) return Promise.resolve(found);
    if (options?.create !== true) return Promise.reject(notFound());
    const made = new kind(this.#browser);
    this.#entries.set(name, made);
    return Promise.resolve(made);
  }
}

/** Locks among all that run in this process. Whoever asks is served after those who asked before. */
class FakeLocks {
  /** Who has each next. BOUNDED: by the test. */
  readonly #turns = new Map<string, Promise<void>>();

  request(name: string, { signal }: { readonly signal: AbortSignal }, callback: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(() => (signal.aborted ? undefined : callback()));
    this.#turns.set(name, turn);
    return turn;
  }
}

/**
 * The globals of a browser that keeps files, as `vi.stubGlobal` takes them: each table that runs with them is a tab of the
 * same profile.
 */
export function fakeBrowser(): { readonly browser: FakeBrowser; readonly globals: ReadonlyMap<string, unknown> } {
  const browser: FakeBrowser = { isBroken: false, stored: () => content.names() };
  const content = new FakeFolder(browser);
  const storage = { getDirectory: () => Promise.resolve({ getDirectoryHandle: () => Promise.resolve(content) }) };
  const globals = new Map<string, unknown>([
    ['isSecureContext', true],
    ['FileSystemFileHandle', FakeFileHandle],
    ['navigator', { storage, locks: new FakeLocks() }],
  ]);
  return { browser, globals };
}

function notFound(): DOMException {
  return new DOMException('there is no such entry', 'NotFoundError');
}
