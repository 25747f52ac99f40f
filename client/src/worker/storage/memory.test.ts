import { expect, test } from 'vitest';
import { STORE_CONTRACT } from './contract.ts';
import { MemoryBudget, MemoryStore } from './memory.ts';
import { ReadCache } from './read-cache.ts';
import { SourceStore } from './source-files.ts';

test.each(STORE_CONTRACT.map((each) => [each.title, each] as const))('memory storage %s', async (_title, promise) => {
  const budget = new MemoryBudget();
  const before = budget.free;
  await promise.run((files) => Promise.resolve(new MemoryStore(files, budget)));
  expect(budget.free).toBe(before);
});

test('a download that does not fit into the memory left is refused at its start, in words', () => {
  const budget = new MemoryBudget(1000);
  const store = new MemoryStore([{ length: 600, offset: 0 }], budget);
  expect(() => new MemoryStore([{ length: 500, offset: 0 }], budget)).toThrow(/needs 500 bytes.*400 bytes are left/);
  void store.destroy();
  expect(() => new MemoryStore([{ length: 1000, offset: 0 }], budget)).not.toThrow();
});

test('a download of more pages than could be counted is refused as one that does not fit', () => {
  const files = [{ length: 2 ** 45, offset: 0 }];
  const refused: unknown = expect.objectContaining({ code: 'storage-full' });
  expect(() => new MemoryStore(files, new MemoryBudget(), 2 ** 26)).toThrow(refused as Error);
});

test('shared files are read in place, at any offset and across files', async () => {
  const parts = [700_000, 0, 1, 300_000].map((length, i) =>
    Uint8Array.from({ length }, (_, at) => (at * 7 + i * 13 + (at >> 9)) & 255),
  );
  let offset = 0;
  const files = parts.map(({ length }) => {
    const file = { length, offset };
    offset += length;
    return file;
  });
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  const store = new SourceStore(
    files,
    parts.map((part) => new Blob([part])),
    65_536,
    new ReadCache(),
  );
  for (const [at, length] of [
    [0, 16_384],
    [262_140, 16_384],
    [699_990, 100],
    [524_288, 400_000],
    [999_990, 11],
  ] as const) {
    const into = new Uint8Array(length);
    await store.read(at, into);
    expect(Buffer.compare(into, whole.subarray(at, at + length))).toBe(0);
  }
  const again = new Uint8Array(100);
  expect(store.read(699_990, again)).toBeUndefined();
  expect(again).toEqual(whole.slice(699_990, 700_090));
});

test('a shared file that shrank is an error of storage, not a short read', async () => {
  const store = new SourceStore(
    [{ length: 100, offset: 0 }],
    [new Blob([new Uint8Array(50)])],
    16_384,
    new ReadCache(),
  );
  await expect(store.read(0, new Uint8Array(100))).rejects.toMatchObject({ code: 'storage-failed' });
});

const MIB = 1024 * 1024;

test('memory is taken for the pieces of what is wanted, and for more when more is', async () => {
  const budget = new MemoryBudget(5 * MIB);
  const files = [
    { length: 4 * MIB, offset: 0 },
    { length: 4 * MIB, offset: 4 * MIB },
  ];
  // The piece that the files share is in the memory of both.
  const store = new MemoryStore(files, budget, 3 * MIB, (file) => file === 1);
  expect(budget.free).toBe(0);
  await expect(store.want(() => true)).rejects.toMatchObject({ code: 'storage-full' });
  expect(budget.free).toBe(0);
  store.write(3 * MIB, new Uint8Array(MIB));
  await store.want(() => false);
  expect(budget.free).toBe(4 * MIB);
  store.write(0, new Uint8Array(MIB));
  expect(budget.free).toBe(3 * MIB);
  await store.destroy();
  expect(budget.free).toBe(5 * MIB);
});
