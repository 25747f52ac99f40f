/** What a browser gives of a stored file: it can be read until that is written to. */
class StoredBlob extends Blob {
  readonly #disk: FakeDisk;
  readonly #writes: number;

  constructor(disk: FakeDisk, parts: BlobPart[], writes = disk.writes) {
    super(parts);
    this.#disk = disk;
    this.#writes = writes;
  }

  override slice(begin?: number, end?: number): Blob {
    return new StoredBlob(this.#disk, [super.slice(begin, end)], this.#writes);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#writes !== this.#disk.writes) throw new DOMException('the file was changed', 'NotReadableError');
    return await super.arrayBuffer();
  }
}

/** A file of the fake disk, and the handle on it. */
class FakeFile {
  readonly #disk: FakeDisk;
  bytes = new Uint8Array(0);
  isOpen = false;

  constructor(disk: FakeDisk) {
    this.#disk = disk;
  }

  getFile(): Promise<Blob> {
    return Promise.resolve(new StoredBlob(this.#disk, [this.bytes]));
  }

  createSyncAccessHandle(): Promise<unknown> {
    if (this.isOpen) return Promise.reject(new DOMException('it is open', 'NoModificationAllowedError'));
    if (this.#disk.free < 0) return Promise.reject(new DOMException('no room', 'QuotaExceededError'));
    this.isOpen = true;
    return Promise.resolve({
      close: () => (this.isOpen = false),
      flush: () => {
        if (this.#disk.free < 0) throw new DOMException('no room', 'QuotaExceededError');
      },
      getSize: () => this.bytes.length,
      truncate: (size: number) => this.resize(size),
      read: (into: Uint8Array, { at }: { readonly at: number }) => {
        const part = this.bytes.subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
      write: (part: Uint8Array, { at }: { readonly at: number }) => {
        if (at + part.length > this.bytes.length) this.resize(at + part.length);
        this.bytes.set(part, at);
        this.#disk.writes++;
        return part.length;
      },
    });
  }

  resize(size: number): void {
    if (size - this.bytes.length > this.#disk.free) throw new DOMException('no room', 'QuotaExceededError');
    const resized = new Uint8Array(size);
    resized.set(this.bytes.subarray(0, size));
    this.bytes = resized;
  }
}

/** A folder of the fake disk: as much of `FileSystemDirectoryHandle` as storage uses. */
class FakeFolder {
  readonly #disk: FakeDisk;
  /** BOUNDED: by the test. */
  readonly entries = new Map<string, FakeFolder | FakeFile>();

  constructor(disk: FakeDisk) {
    this.#disk = disk;
  }

  get usedBytes(): number {
    let used = 0;
    for (const entry of this.entries.values())
      used += entry instanceof FakeFolder ? entry.usedBytes : entry.bytes.length;
    return used;
  }

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<FakeFolder> {
    const found = this.entries.get(name) ?? (create ? new FakeFolder(this.#disk) : undefined);
    if (!(found instanceof FakeFolder)) throw new DOMException('there is no such folder', 'NotFoundError');
    this.entries.set(name, found);
    return found;
  }

  async getFileHandle(name: string, { create = false } = {}): Promise<FakeFile> {
    const found = this.entries.get(name) ?? (create ? new FakeFile(this.#disk) : undefined);
    if (!(found instanceof FakeFile)) throw new DOMException('there is no such file', 'NotFoundError');
    this.entries.set(name, found);
    return found;
  }

  async removeEntry(name: string): Promise<void> {
    if (!this.entries.delete(name)) throw new DOMException('there is no such entry', 'NotFoundError');
  }

  async *keys(): AsyncGenerator<string> {
    if (this.#disk.isUnlistable) throw new DOMException('the disk is broken', 'UnknownError');
    yield* [...this.entries.keys()];
  }
}

/** An origin private file system in memory that is full at `room` bytes. */
export class FakeDisk {
  readonly #folder = new FakeFolder(this);
  /** [bytes] */
  room: number;
  /** So many writes there were. */
  writes = 0;
  /** What is in folders cannot be told. */
  isUnlistable = false;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  /** What `navigator` is on this disk. */
  get navigator(): unknown {
    return { storage: { getDirectory: () => Promise.resolve(this.#folder) } };
  }

  /** What all files take. [bytes] */
  get used(): number {
    return this.#folder.usedBytes;
  }

  /** [bytes] */
  get free(): number {
    return this.room - this.used;
  }

  /** An empty file in the folder of a torrent, whatever was there. */
  async create(folder: string, name: string): Promise<FakeFile> {
    const root = await this.#folder.getDirectoryHandle('skein');
    const file = new FakeFile(this);
    (await root.getDirectoryHandle(folder)).entries.set(name, file);
    return file;
  }

  /** A file in the folder of a torrent. */
  async file(folder: string, name: string): Promise<FakeFile> {
    const root = await this.#folder.getDirectoryHandle('skein');
    return await (await root.getDirectoryHandle(folder)).getFileHandle(name);
  }

  /** Lengths of the files in the folder of a torrent, by their names. [bytes] */
  async lengths(name: string): Promise<Record<string, number>> {
    const folder = await (await this.#folder.getDirectoryHandle('skein')).getDirectoryHandle(name);
    const lengths = new Map<string, number>();
    for (const [file, entry] of folder.entries) if (entry instanceof FakeFile) lengths.set(file, entry.bytes.length);
    return Object.fromEntries(lengths);
  }
}
