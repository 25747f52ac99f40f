/** An origin private file system in memory that is full at `room` bytes. It knows how long files are, not what is in them. */
export class FakeDisk {
  /** [bytes] */
  room: number;
  /** Lengths by path. BOUNDED: by the test. */
  readonly #lengths = new Map<string, number>();

  constructor(room: number) {
    this.room = room;
  }

  /** What all files take. [bytes] */
  get used(): number {
    return [...this.#lengths.values()].reduce((sum, length) => sum + length, 0);
  }

  /** The part of `navigator` that storage asks. */
  get navigator(): unknown {
    return { storage: { getDirectory: () => Promise.resolve(this.#folder('')) } };
  }

  #folder(path: string): unknown {
    return {
      getDirectoryHandle: (name: string) => Promise.resolve(this.#folder(`${path}/${name}`)),
      getFileHandle: (name: string, { create = false } = {}) => this.#open(`${path}/${name}`, create),
      removeEntry: (name: string) => {
        for (const file of this.#lengths.keys())
          if (`${file}/`.startsWith(`${path}/${name}/`)) this.#lengths.delete(file);
        return Promise.resolve();
      },
    };
  }

  #open(file: string, create: boolean): Promise<unknown> {
    if (!this.#lengths.has(file)) {
      if (!create) return Promise.reject(new DOMException('no such file', 'NotFoundError'));
      this.#lengths.set(file, 0);
    }
    return Promise.resolve({
      getFile: () => Promise.resolve({ size: this.#lengths.get(file) }),
      createSyncAccessHandle: () => Promise.resolve(this.#handle(file)),
    });
  }

  #handle(file: string): unknown {
    const getSize = (): number => this.#lengths.get(file) ?? 0;
    const truncate = (length: number): void => {
      if (this.used - getSize() + length > this.room) throw new DOMException('no room', 'QuotaExceededError');
      this.#lengths.set(file, length);
    };
    return {
      getSize,
      truncate,
      read: () => 0,
      write: (bytes: Uint8Array, { at }: { readonly at: number }) => {
        truncate(Math.max(getSize(), at + bytes.length));
        return bytes.length;
      },
      flush: () => undefined,
      close: () => undefined,
    };
  }
}
