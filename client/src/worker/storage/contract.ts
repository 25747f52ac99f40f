import type { ContentStore, OwnBytes, StoredFile } from './types.ts';

/** One promise that every writable `ContentStore` keeps. `run` rejects when it is broken. */
export interface StoreCase {
  readonly title: string;
  run(open: (files: readonly StoredFile[]) => Promise<ContentStore>): Promise<void>;
}

/** The contract of writable stores, for the unit tests and for a real browser alike. `open` gives a fresh store. */
export const STORE_CONTRACT: readonly StoreCase[] = [
  {
    title: 'reads back what was written, across files of 0, 1 and many bytes',
    async run(open) {
      const files = filesOf([5, 0, 1, 70_000, 0, 16_384, 3]);
      const store = await open(files);
      const content = pattern(totalOf(files), 1);
      for (let at = 0; at < content.length; at += 10_007) await store.write(at, content.slice(at, at + 10_007));
      for (const [at, length] of [
        [0, 6],
        [4, 3],
        [5, 30_000],
        [69_999, 16_390],
        [content.length - 1, 1],
      ] as const) {
        const into = new Uint8Array(length);
        await store.read(at, into);
        requireEqual(into, content.slice(at, at + length), `bytes from ${at} on`);
      }
      await store.destroy();
    },
  },
  {
    title: 'gives each file with exactly its bytes',
    async run(open) {
      const files = filesOf([3, 0, 20_000, 1]);
      const store = await open(files);
      const content = pattern(totalOf(files), 2);
      await store.write(0, content);
      await store.flush();
      for (const [index, file] of files.entries()) {
        const bytes = new Uint8Array(await (await store.file(index)).arrayBuffer());
        requireEqual(bytes, content.slice(file.offset, file.offset + file.length), `file ${index}`);
      }
      await store.destroy();
    },
  },
  {
    title: 'reads zeros where nothing was written, whatever the buffer held before',
    async run(open) {
      const store = await open(filesOf([100, 100]));
      await store.write(90, pattern(20, 3));
      const into = new Uint8Array(30).fill(255);
      await store.read(85, into);
      const expected = new Uint8Array(30);
      expected.set(pattern(20, 3), 5);
      requireEqual(into, expected, 'a gap');
      await store.destroy();
    },
  },
  {
    title: 'leaves the written array to its owner',
    async run(open) {
      const store = await open(filesOf([64]));
      const bytes = pattern(64, 4);
      await store.write(0, bytes);
      bytes.fill(0);
      const into = new Uint8Array(64);
      await store.read(0, into);
      requireEqual(into, pattern(64, 4), 'content after the array was used again');
      await store.destroy();
    },
  },
  {
    title: 'carries many operations under way at once out without mixing them',
    async run(open) {
      const files = filesOf(Array.from({ length: 100 }, (_, i) => 10 * i));
      const store = await open(files);
      const content = pattern(totalOf(files), 5);
      const writes: (Promise<void> | undefined)[] = [];
      for (let at = 0; at < content.length; at += 777) writes.push(store.write(at, content.slice(at, at + 777)));
      await Promise.all(writes.map((write) => Promise.resolve(write)));
      const parts = Array.from({ length: Math.ceil(content.length / 1000) }, (_, i) => ({
        at: 1000 * i,
        into: new Uint8Array(Math.min(1000, content.length - 1000 * i)),
      }));
      await Promise.all(parts.map(({ at, into }) => Promise.resolve(store.read(at, into))));
      for (const { at, into } of parts) requireEqual(into, content.slice(at, at + into.length), `part at ${at}`);
      await store.destroy();
    },
  },
  {
    title: 'holds nothing at all',
    async run(open) {
      const store = await open(filesOf([0]));
      await store.flush();
      if ((await store.file(0)).size !== 0) throw new Error('an empty file has bytes');
      await store.destroy();
    },
  },
];

function filesOf(lengths: readonly number[]): StoredFile[] {
  let offset = 0;
  return lengths.map((length) => {
    const file = { length, offset };
    offset += length;
    return file;
  });
}

function totalOf(files: readonly StoredFile[]): number {
  return files.reduce((sum, file) => sum + file.length, 0);
}

/** Bytes that differ at every place that a wrong offset could confuse. */
function pattern(length: number, seed: number): OwnBytes {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + (i >> 16) + seed) & 0xff);
}

function requireEqual(found: Uint8Array, expected: Uint8Array, what: string): void {
  if (found.length !== expected.length) throw new Error(`${what}: ${found.length} bytes instead of ${expected.length}`);
  const at = found.findIndex((byte, i) => byte !== expected[i]);
  if (at >= 0) throw new Error(`${what}: byte ${at} is ${found[at]} instead of ${expected[at]}`);
}
