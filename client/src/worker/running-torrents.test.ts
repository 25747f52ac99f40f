import { afterEach, expect, test, vi } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { MAX_MEMORY_STORAGE_BYTES, PROGRESS_MS } from '../../../shared/src/limits/storage.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { buildMetainfo } from '../swarm/build-metainfo.ts';
import { makeContent } from '../swarm/test/lab.ts';
import { planOf } from './download-plan.ts';
import type { WorkerReport } from './protocol.ts';
import { RunningTorrents } from './running-torrents.ts';
import { StoreOpener } from './storage/opener.ts';
import { ReadCache } from './storage/read-cache.ts';
import type { ResumeRecords } from './storage/resume.ts';
import type { TabNews } from './tab-news.ts';
import { FakeDisk } from './test/fake-disk.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const PIECE = 16 * 1024 * 1024;

/** A torrent larger than all memory, in two files; the first is most of it. */
const lengths = [MAX_MEMORY_STORAGE_BYTES, 100];
const metainfo = buildMetainfo({
  name: 'large',
  files: lengths.map((length, i) => ({ path: [`file ${i}`], length })),
  pieceLength: PIECE,
  pieceHashes: new Uint8Array(20 * Math.ceil((MAX_MEMORY_STORAGE_BYTES + 100) / PIECE)),
  trackers: [],
});
const { infoHash } = metainfo;

/** Torrents whose content is in memory, and what they say of how they are. */
function makeRunning(
  removed: Promise<void> = Promise.resolve(),
  write: () => Promise<void> = () => Promise.resolve(),
): {
  readonly torrents: RunningTorrents;
  readonly said: (string | undefined)[][];
  readonly kept: boolean[];
} {
  const said: (string | undefined)[][] = [];
  const kept: boolean[] = [];
  const rng = seededRng(1);
  const torrents = new RunningTorrents({
    rng,
    opener: new StoreOpener(new ReadCache(), rng),
    records: { write, remove: () => removed } as unknown as ResumeRecords,
    news: { tell: () => undefined } as unknown as TabNews,
    report: (report: WorkerReport) => {
      if (report.kind !== 'progress') return;
      said.push([report.state, report.error?.code]);
      kept.push(report.isKept);
    },
    isUndoneNext: () => false,
    ended: () => undefined,
    gave: () => Promise.resolve(),
  });
  torrents.setSelf(hashToId(Uint8Array.of(1)));
  return { torrents, said, kept };
}

test('what a download has on disk outlives the page, and it says so; what it has in memory does not', async () => {
  const { torrents, kept } = makeRunning();
  const small = makeContent(1, [100], 16_384).metainfo;
  await torrents.begin(planOf(small), undefined, undefined);
  expect(kept.at(-1)).toBe(false);
  await torrents.stopAll();
  vi.stubGlobal('navigator', new FakeDisk().navigator);
  await torrents.begin(planOf(small), { release: () => undefined }, undefined);
  expect(kept.at(-1)).toBe(true);
  await torrents.stopAll();
});

test('a download says no more of how it is once it ends, however long that takes: the page may begin it anew', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('navigator', new FakeDisk().navigator);
  let remove: () => void = () => undefined;
  const { torrents, said } = makeRunning(new Promise((resolve) => (remove = resolve)));
  const small = makeContent(1, [100], 16_384).metainfo;
  await torrents.begin(planOf(small), { release: () => undefined }, undefined);
  const before = said.length;
  const ending = torrents.end(small.infoHash, torrents.get(small.infoHash)!, false);
  await vi.advanceTimersByTimeAsync(2 * PROGRESS_MS);
  expect(said).toHaveLength(before);
  remove();
  await ending;
});

test('a download that nothing can be recorded of stops, as the next page would delete what it stores, until something can', async () => {
  vi.stubGlobal('navigator', new FakeDisk().navigator);
  let isRefusing = true;
  const write = (): Promise<void> => (isRefusing ? Promise.reject(new Error('it is gone')) : Promise.resolve());
  const { torrents, said } = makeRunning(undefined, write);
  const small = makeContent(1, [100], 16_384).metainfo;
  await torrents.begin(planOf(small), { release: () => undefined }, undefined);
  await vi.waitFor(() => expect(said.at(-1)).toEqual(['paused', 'storage-failed']));
  isRefusing = false;
  await torrents.get(small.infoHash)!.driver.setPaused(false);
  expect(said.at(-1)).toEqual(['finding', undefined]);
  await torrents.stopAll();
});

test('a torrent that does not fit begins once so much of it is skipped that the rest does', async () => {
  const { torrents, said } = makeRunning();
  await torrents.begin(planOf(metainfo), undefined, undefined);
  expect(said.at(-1)).toEqual(['paused', 'storage-full']);
  torrents.change(infoHash, { priorities: ['skip', 'normal'] });
  await torrents.beginAgain(infoHash, torrents.get(infoHash)!);
  expect(said.at(-1)).toEqual(['finding', undefined]);
  await torrents.stopAll();
});

test('what a link selects of a torrent that does not fit is enough to begin', async () => {
  const { torrents, said } = makeRunning();
  await torrents.begin({ ...planOf(metainfo), selected: [1] }, undefined, undefined);
  expect(said.at(-1)).toEqual(['finding', undefined]);
  await torrents.stopAll();
});

test('a download stops when more of it is wanted than fits, and goes on when that is skipped again', async () => {
  const { torrents, said } = makeRunning();
  await torrents.begin({ ...planOf(metainfo), selected: [1] }, undefined, undefined);
  torrents.change(infoHash, { priorities: ['normal', 'normal'] });
  const driver = torrents.get(infoHash)!.driver;
  await driver.setPaused(false);
  expect(said.at(-1)).toEqual(['paused', 'storage-full']);
  torrents.change(infoHash, { priorities: ['skip', 'normal'] });
  await driver.setPaused(false);
  expect(said.at(-1)).toEqual(['finding', undefined]);
  await torrents.stopAll();
});
