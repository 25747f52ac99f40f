import { afterEach, expect, test, vi } from 'vitest';
import { OPEN_FILE_PATIENCE_MS, PACK_BELOW_BYTES } from '../../../../shared/src/limits/storage.ts';
import { seededRng } from '../../../../shared/src/machine.ts';
import { makeContent } from '../../swarm/test/lab.ts';
import { PieceSet } from '../bitfield.ts';
import { pieceCount } from '../download-plan.ts';
import { FakeDisk } from '../test/fake-disk.ts';
import { StoreOpener } from './opener.ts';
import { ReadCache } from './read-cache.ts';
import { ALL_WANTED } from './types.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('storage whose newest pieces cannot be read is not held, and opens once they can be', async () => {
  vi.useFakeTimers();
  const disk = new FakeDisk();
  vi.stubGlobal('navigator', disk.navigator);
  const { metainfo, bytes } = makeContent(1, [PACK_BELOW_BYTES, PACK_BELOW_BYTES], PACK_BELOW_BYTES);
  const opener = new StoreOpener(new ReadCache(), seededRng(1));
  // A page that was killed before it recorded anything had stored the second file.
  const before = await opener.openNew(metainfo, true, ALL_WANTED);
  await before.write(PACK_BELOW_BYTES, bytes.slice(PACK_BELOW_BYTES));
  await before.close();
  const reopen = (): ReturnType<StoreOpener['reopen']> =>
    opener.reopen(metainfo, true, ALL_WANTED, new PieceSet(pieceCount(metainfo)), {
      checking: () => undefined,
      isPointless: () => false,
    });
  const held = await disk.file(metainfo.infoHash, '1');
  held.isOpen = true;
  const failing = reopen().catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(2 * OPEN_FILE_PATIENCE_MS);
  expect(await failing).toMatchObject({ code: 'storage-failed' });
  held.isOpen = false;
  const opened = reopen();
  await vi.advanceTimersByTimeAsync(0);
  expect((await opened).stored.pieces()).toEqual([1]);
});

test('a check that nobody waits for any more ends with the piece that it is at, and holds no file', async () => {
  const disk = new FakeDisk();
  vi.stubGlobal('navigator', disk.navigator);
  const { metainfo } = makeContent(1, [8 * 16_384], 16_384);
  const opener = new StoreOpener(new ReadCache(), seededRng(1));
  await (await opener.openNew(metainfo, true, ALL_WANTED)).close();
  const digests = vi.spyOn(crypto.subtle, 'digest');
  let isPointless = false;
  const claimed = PieceSet.full(pieceCount(metainfo));
  const owner = { checking: () => void (isPointless = true), isPointless: () => isPointless };
  await expect(opener.reopen(metainfo, true, ALL_WANTED, claimed, owner)).rejects.toMatchObject({
    code: 'storage-failed',
  });
  expect(digests).toHaveBeenCalledTimes(1);
  await (await opener.openNew(metainfo, true, ALL_WANTED)).close();
});
