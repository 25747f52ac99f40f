import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MAX_FILES } from '../../../../shared/src/limits/metainfo.ts';
import { filesOfDrop, filesOfInput } from './dropped-files.ts';

/** A file of the person's disk, by the handle that a drop gives. */
class FakeFile {
  readonly kind = 'file';
  readonly name: string;
  readonly isReadable: boolean;

  constructor(name: string, isReadable = true) {
    this.name = name;
    this.isReadable = isReadable;
  }

  getFile(): Promise<File> {
    const gone = new DOMException('A requested file could not be found.', 'NotFoundError');
    return this.isReadable ? Promise.resolve(new File(['x'], this.name)) : Promise.reject(gone);
  }
}

class FakeFolder {
  readonly kind = 'directory';
  readonly name: string;
  readonly #entries: readonly (FakeFile | FakeFolder)[];
  readonly #isReadable: boolean;

  constructor(name: string, entries: readonly (FakeFile | FakeFolder)[], isReadable = true) {
    this.name = name;
    this.#entries = entries;
    this.#isReadable = isReadable;
  }

  async *values(): AsyncGenerator<FakeFile | FakeFolder> {
    if (!this.#isReadable) throw new DOMException('no permission', 'NotAllowedError');
    for (const entry of this.#entries) yield entry;
  }
}

beforeEach(() => {
  vi.stubGlobal('FileSystemFileHandle', FakeFile);
  vi.stubGlobal('FileSystemDirectoryHandle', FakeFolder);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Drops files and folders by their handles, as Chromium gives them. */
function dropOf(...roots: readonly (FakeFile | FakeFolder)[]): DataTransfer {
  const items = roots.map((root) => ({
    kind: 'file',
    getAsFileSystemHandle: () => Promise.resolve(root),
    webkitGetAsEntry: () => null,
    getAsFile: () => null,
  }));
  return { items } as unknown as DataTransfer;
}

/** Drops files by their entries, as browsers without handles give them. */
function entryDropOf(root: object): DataTransfer {
  return { items: [{ kind: 'file', webkitGetAsEntry: () => root, getAsFile: () => null }] } as unknown as DataTransfer;
}

function manyFiles(count: number): FakeFile[] {
  return Array.from({ length: count }, (_, at) => new FakeFile(`${at}`));
}

it('a dropped folder gives all files that a share may have, and one more shows that there are too many', async () => {
  const few = await filesOfDrop(dropOf(new FakeFolder('few', manyFiles(12_000))));
  expect(few.files.length).toBe(12_000);
  const many = await filesOfDrop(dropOf(new FakeFolder('many', manyFiles(MAX_FILES + 100))));
  expect(many.files.length).toBe(MAX_FILES + 1);
});

it('chosen files are all taken', () => {
  const files = Array.from({ length: 12_000 }, (_, at) =>
    Object.assign(new File([], `${at}`), { webkitRelativePath: '' }),
  );
  expect(filesOfInput({ files } as unknown as HTMLInputElement).files.length).toBe(12_000);
});

it.each([
  ['a file', new FakeFile('lost.bin', false), /^“photos\/lost.bin” could not be read/],
  ['a folder', new FakeFolder('private', [], false), /^“photos\/private” could not be read/],
])('%s that cannot be read is named, by its path', async (_what, entry, sentence) => {
  const drop = dropOf(new FakeFolder('photos', [new FakeFile('fine.bin'), entry]));
  await expect(filesOfDrop(drop)).rejects.toThrow(sentence);
});

it('a file that cannot be read is named where there are no handles, too', async () => {
  const gone = new DOMException('A requested file could not be found.', 'NotFoundError');
  const lost = {
    isDirectory: false,
    fullPath: '/photos/lost.bin',
    file: (_: unknown, no: (e: unknown) => void) => no(gone),
  };
  const batches = [[lost], []];
  const photos = {
    isDirectory: true,
    name: 'photos',
    fullPath: '/photos',
    createReader: () => ({ readEntries: (done: (batch: unknown) => void) => done(batches.shift()) }),
  };
  await expect(filesOfDrop(entryDropOf(photos))).rejects.toThrow(/^“photos\/lost.bin” could not be read/);
});
