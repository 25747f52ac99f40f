import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import { FakeDisk } from '../test/fake-disk.ts';
import { OpfsStore, listFolders } from './opfs.ts';
import { ReadCache } from './read-cache.ts';
import { sweep } from './sweep.ts';
import { ALL_WANTED } from './types.ts';

const [stranger, kept, known] = [1, 2, 3].map((n) => hashToId(Uint8Array.of(n))) as string[] as [
  string,
  string,
  string,
];

beforeEach(() => {
  const request = (_name: string, _options: unknown, granted: () => Promise<void>): Promise<void> => granted();
  vi.stubGlobal('navigator', { ...(new FakeDisk().navigator as object), locks: { request } });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What an earlier page stored under this name. */
async function store(name: string): Promise<void> {
  const files = [{ length: 10, offset: 0 }];
  const made = await OpfsStore.open({ name, files, pieceLength: 16_384, isWanted: ALL_WANTED, cache: new ReadCache() });
  await made.close();
}

test('stored files that nothing is written about are deleted, those of a record that cannot be read here are not', async () => {
  for (const name of [stranger, kept, known, 'nonsense']) await store(name);
  await sweep({ has: (name) => Promise.resolve(name === kept) }, new Set([known]));
  expect(await listFolders()).toEqual([kept, known]);
});

test('nothing is deleted while the browser does not say what is written', async () => {
  await store(stranger);
  await sweep({ has: () => Promise.reject(new Error('no database')) }, new Set());
  expect(await listFolders()).toEqual([stranger]);
});
